"""Notice: one sentence for administrators about calendars that end before a list of the next year is loaded."""

from datetime import date, timedelta
from itertools import groupby

from analysis.models import ExchangeSchedule
from analysis.prices.sessions import ends_until_listed
from analysis.prices.special_days import has_special_days

NOTICE = timedelta(days=31)


def calendar_notice(today: date) -> str:
    """Return a sentence about the exchanges with stocks whose holidays are known for less than a month; else nothing.

    One query.
    """
    ends: list[tuple[date, str]] = []
    for schedule in ExchangeSchedule.objects.only("exchange"):
        end = ends_until_listed(schedule.market) if has_special_days(schedule.market) else None
        if end and end - today <= NOTICE:
            ends.append((end, schedule.market.name))
    if not ends:
        return ""
    parts = [
        f"of {_join([name for _, name in group])} {'are known ' if end == min(ends)[0] else ''}until {end}"
        for end, group in groupby(sorted(ends), key=lambda one: one[0])
    ]
    return f"The holidays {', '.join(parts)}; after that every weekday counts as a session."


def _join(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
