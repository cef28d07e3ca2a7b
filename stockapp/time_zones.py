"""Time zones: the choices of an account, and the zone in which its pages show times."""

from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from django.conf import settings

AREAS = "Africa America Antarctica Arctic Asia Atlantic Australia Europe Indian Pacific".split()

type ZoneChoices = list[tuple[str, str | list[tuple[str, str]]]]


def time_zone_choices() -> ZoneChoices:
    """Return the zone of the installation as the empty choice, then UTC and all zones by area, read at run time."""
    return [("", f"As the installation ({settings.TIME_ZONE})"), ("UTC", "UTC"), *_zones_by_area()]


@cache
def _zones_by_area() -> ZoneChoices:
    """Return every name of a zone of an area, older names too: browsers still report some, like Asia/Calcutta."""
    cities: dict[str, list[tuple[str, str]]] = {area: [] for area in AREAS}
    for name in sorted(available_timezones()):
        area, _, city = name.partition("/")
        if area in cities:
            cities[area].append((name, city.replace("_", " ")))
    return list(cities.items())


def zone_of(name: str) -> ZoneInfo | None:
    """Return the zone of a name; None for the installation's, also if this machine does not know the name."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError):
        return None
