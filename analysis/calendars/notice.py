"""Notice: sentences for administrators about calendars that end soon, and about sessions with wrong bars."""

from datetime import date, timedelta
from itertools import groupby

from analysis.models import ExchangeSchedule, FaultySession
from analysis.prices.sessions import ends_until_listed
from analysis.prices.special_days import has_special_days

NOTICE = timedelta(days=31)
MOST_FAULTS = 3  # that are named one by one


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


def fault_notice(today: date) -> str:
    """Return sentences about the sessions of the last month that sources have wrongly; else nothing. One query."""
    faults = list(FaultySession.objects.filter(day__gt=today - NOTICE))
    named = [str(fault) for fault in faults[:MOST_FAULTS]]
    if more := len(faults) - len(named):
        named.append(f"{more} more {'session is' if more == 1 else 'sessions are'} wrong.")
    return " ".join(named)


def _join(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
