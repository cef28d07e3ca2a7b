"""Wait sentences: why something waits and when it is tried again, in the time zone of the reader."""

from datetime import datetime, timedelta

from django.utils import timezone

from analysis import clock

SHORT = timedelta(seconds=30)


def describe_wait(reason: str, until: datetime | None) -> str:
    """Return a sentence with the reason of a wait and, in the current time zone, the time of the next attempt.

    A time that has passed is not given: a worker is about to try.
    """
    stated = reason.removesuffix(".")
    now = clock.now()
    if until is None:
        return f"{stated}."
    return f"{stated}; next attempt {f'at {time_ahead(until, now)}' if until > now else 'now'}."


def time_ahead(moment: datetime, now: datetime) -> str:
    """Return a future time in the current time zone: to the second if it is near, else to the next full minute.

    The day is given if it is not today's there.
    """
    is_near = moment - now < SHORT
    local = timezone.localtime(moment if is_near else moment + timedelta(seconds=59))
    time = f"{local:%H:%M:%S}" if is_near else f"{local:%H:%M}"
    is_today = local.date() == timezone.localtime(now).date()
    return time if is_today else f"{time} on {local.day} {local:%b}"
