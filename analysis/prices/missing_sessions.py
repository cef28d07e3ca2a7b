"""Missing sessions: those that a source lacks or has wrongly, and when they are requested again."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Self

import numpy as np

from analysis.engine.bars import Bars, Booleans, Sessions
from analysis.prices.discontinuities import LONG_GAP, finding_about
from analysis.prices.exchanges import Exchange
from analysis.prices.faulty_sessions import LONG_WINDOW, FaultKind, SessionFault, has_fault
from analysis.prices.port import Finding
from analysis.prices.sessions import sessions_between
from analysis.prices.trading_calendar import trading_calendar_of

WINDOW = 60  # sessions before the latest bar; older ones that a source lacks are not requested again
USUAL = 250  # sessions before the window, which show whether a stock trades on few days
THIN = 0.1  # share of those that such a stock lacks
DAILY_REQUESTS = 8  # before the days between two requests double
MOST_REQUESTS = 13  # the last one about ten weeks after the first
NEARLY_ALL = 0.9
KEPT = timedelta(days=420)  # a session that stays missing is named for so long


@dataclass(frozen=True, slots=True)
class MissingSession:
    """A session without a bar, or with a wrong one if `is_faulty`, requested again so many times.

    `requested_on` is the day of the last request that included it. It is not certain that it was a session if no stock
    of its exchange has a bar of it, or if the holidays of that time are not known.
    """

    session: date
    requested_on: date
    requests: int = 0
    is_faulty: bool = False
    is_certain: bool = True

    @property
    def next_request(self) -> date | None:
        """Return the day from which it is requested again; None if it is not."""
        if self.requests >= (MOST_REQUESTS if self.is_certain or self.is_faulty else DAILY_REQUESTS):
            return None
        return self.requested_on + timedelta(days=2 ** max(self.requests - DAILY_REQUESTS + 1, 0))

    def is_due(self, today: date) -> bool:
        """Return whether the next request should include it; so it does after a clock that was ahead."""
        return self.next_request is not None and (self.next_request <= today or self.requested_on > today)

    def as_dict(self) -> dict[str, str | int | bool]:
        """Return the value for JSON."""
        return {
            "session": self.session.isoformat(),
            "requested_on": self.requested_on.isoformat(),
            "requests": self.requests,
            "is_faulty": self.is_faulty,
            "is_certain": self.is_certain,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, str | int | bool]) -> Self:
        """Return the value of which `as_dict` made this. Raise KeyError or ValueError for anything else."""
        return cls(
            date.fromisoformat(str(stored["session"])),
            date.fromisoformat(str(stored["requested_on"])),
            int(stored["requests"]),
            bool(stored["is_faulty"]),
            bool(stored["is_certain"]),
        )


def describe_missing(missing: Iterable[MissingSession], source: str, exchange: Exchange) -> list[Finding]:
    """Return the findings that inform users, one about neighbouring sessions that were requested alike.

    `source` is the name of the source in a sentence.
    """
    runs: list[list[MissingSession]] = []
    for one in sorted(missing, key=lambda one: one.session):
        if runs and _is_next(runs[-1][-1], one, exchange):
            runs[-1].append(one)
        else:
            runs.append([one])
    return [_describe_run(run, source) for run in runs]


def _is_next(before: MissingSession, one: MissingSession, exchange: Exchange) -> bool:
    if replace(before, session=one.session) != one:
        return False
    calendar = trading_calendar_of(exchange)
    return calendar.count_until(one.session) - calendar.count_until(before.session) == 1


def _describe_run(run: list[MissingSession], source: str) -> Finding:
    one, last, count = run[0], run[-1].session, len(run)
    then = _describe_requests(one, is_single=count == 1)
    if one.is_faulty:
        wrong = f"bar of {last} is" if count == 1 else f"bars of {count} sessions from {one.session} to {last} are"
        return Finding("faulty_session_requested", f"{source}’s {wrong} wrong. {then}", "info", last)
    if count == 1:
        known = "a session in the exchange’s calendar"
        known = known if one.is_certain else "unless it was a holiday that is not known here"
        message = f"{source} has no bar of {last}, {known}. {then}"
    else:
        days = f"sessions in the exchange’s calendar, from {one.session} to {last}"
        unsure = f"weekdays from {one.session} to {last}, unless they were holidays that are not known here"
        message = f"{source} has no bars of {count} {days if one.is_certain else unsure}. {then}"
    return Finding("missing_session", message, "warning" if one.is_certain else "info", last)


def _describe_requests(one: MissingSession, *, is_single: bool) -> str:
    """Return the sentence about requests for one session, or several that were requested alike."""
    they, were, are = ("It", "was", "is") if is_single else ("They", "were", "are")
    if not one.requests:
        return f"{they} will be requested again from {one.next_request}."
    times = "once" if one.requests == 1 else f"{one.requests} times"
    if one.next_request is None:
        last = one.requested_on
        return f"{they} {were} requested again {times}, the last time on {last}, and {are} not requested any more."
    return f"{they} {were} requested again {times}, and will be from {one.next_request}."


def first_due(missing: Iterable[MissingSession], today: date) -> date | None:
    """Return the earliest session that the next request should include; None if none is due."""
    return min((one.session for one in missing if one.is_due(today)), default=None)


def track_missing(
    before: Collection[MissingSession],
    bars: Bars,
    exchange: Exchange,
    *,
    faulty: Collection[SessionFault],
    requested_since: date,
    today: date,
) -> tuple[MissingSession, ...]:
    """Return the sessions that some bars lack after a request for those from `requested_since` on.

    `bars` are sorted and not empty. A session that was due and is still missing counts one request more. `faulty` are
    the sessions of which the source is known to have wrong bars.
    """
    found = find_missing(bars, exchange, faulty, since=today - KEPT)
    unproven = {fault.day for fault in faulty if fault.kind is FaultKind.ABSENT and fault.stocks == fault.of_stocks}
    known = {one.session: one for one in before}
    new = set() if _trades_on_few_days(bars, exchange) else found.keys() & _recent_sessions(bars, exchange)
    kept = sorted(new | (found.keys() & known.keys()))
    return tuple(
        replace(
            _after_request(known.get(day), day, is_included=requested_since <= day, today=today),
            is_faulty=found[day],
            is_certain=trading_calendar_of(exchange).knows(day) and day not in unproven,
        )
        for day in kept
    )


def find_missing(bars: Bars, exchange: Exchange, faulty: Collection[SessionFault], *, since: date) -> dict[date, bool]:
    """Return the sessions between the first and the last bar that have no bar, or a wrong one (True).

    Only sessions from `since` on, of an exchange whose holidays are known at least up to some day, count.
    """
    calendar = trading_calendar_of(exchange)
    is_priced = bars.close > 0
    priced = bars.session[is_priced]
    if not len(priced) or calendar.known_from is None:
        return {}
    first = max(np.datetime64(since, "D"), priced[0], np.datetime64(calendar.known_from, "D"))
    last = priced[-1]
    expected = calendar.sessions[(calendar.sessions >= first) & (calendar.sessions <= last)]
    missing = dict.fromkeys(expected[~np.isin(expected, priced)].tolist(), False)
    wrong = bars.session[is_priced & ~_are_complete(bars)].tolist()
    wrong += [fault.day for fault in faulty if fault.day not in missing and has_fault(bars, fault)]
    return missing | {day: True for day in wrong if first <= np.datetime64(day, "D") <= last}


def _are_complete(bars: Bars) -> Booleans:
    """Return which bars, shape (n,), have all prices and, where nearly all have one, a volume if prices moved."""
    lacks_volume = ~(bars.volume > 0)
    complete = (bars.open > 0) & (bars.high > 0) & (bars.low > 0)
    if np.mean(lacks_volume) > 1 - NEARLY_ALL:
        return complete
    found: Booleans = complete & ~(lacks_volume & (bars.high > bars.low))
    return found


def describe_untracked(
    sessions: Sessions, given: Sessions, exchange: Exchange, tracked: Collection[date]
) -> Finding | None:
    """Return the finding about single sessions of the last LONG_WINDOW bars without a bar.

    `sessions` are those of the bars, `given` those of the source: a row that was dropped has a finding of its own, and
    so have sessions that are `tracked`, long gaps, and stocks that trade on few days.
    """
    sessions, calendar = sessions[-LONG_WINDOW:], trading_calendar_of(exchange)
    between = np.diff(np.searchsorted(calendar.sessions, sessions)) - 1
    rows = np.flatnonzero((between > 0) & (between <= LONG_GAP))
    if not len(rows):
        return None
    gaps = [sessions_between(exchange, *sessions[row : row + 2].tolist()) for row in rows.tolist()]
    days = np.array([day for gap in gaps for day in gap if calendar.knows(day)], dtype="datetime64[D]")
    missing = days[~np.isin(days, given) & ~np.isin(days, np.array(list(tracked), dtype="datetime64[D]"))]
    return finding_about("missing_sessions", "info", missing, "session", "of the exchange without a bar")


def _trades_on_few_days(bars: Bars, exchange: Exchange) -> bool:
    """Return whether a stock lacks many sessions of the year before the window, or of all if it is young."""
    sessions = trading_calendar_of(exchange).sessions
    end = int(np.searchsorted(sessions, bars.session[-1], side="right"))
    start = int(np.searchsorted(sessions, bars.session[0]))
    usual = sessions[max(start, end - WINDOW - USUAL) : max(start, end - WINDOW)]
    usual = usual if len(usual) >= WINDOW else sessions[start:end]
    return bool(np.mean(~np.isin(usual, bars.session[bars.close > 0])) > THIN)


def _recent_sessions(bars: Bars, exchange: Exchange) -> set[date]:
    calendar = trading_calendar_of(exchange)
    end = calendar.count_until(bars.last_session)
    days: list[date] = calendar.sessions[max(end - WINDOW, 0) : end].tolist()
    return set(days)


def _after_request(before: MissingSession | None, day: date, *, is_included: bool, today: date) -> MissingSession:
    if before is None:
        return MissingSession(day, today)
    if is_included and before.is_due(today):
        return replace(before, requested_on=today, requests=before.requests + 1)
    return before
