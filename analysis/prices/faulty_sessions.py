"""Faulty sessions: those of which a source has wrong bars for most stocks of an exchange, found by counting."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from analysis.engine.bars import Bars, Booleans, Floats
from analysis.prices.exchanges import Exchange
from analysis.prices.port import Finding
from analysis.prices.price_ranges import ROUNDING
from analysis.prices.traded_days import DAYS, FEWEST_STOCKS, ORIGIN, within_calendars
from analysis.prices.trading_calendar import FIRST_DAY, TradingCalendar

LONG_WINDOW = 250  # sessions; no indicator looks back further
USUAL_WITHIN = 20  # sessions before, whose median volume is the usual one
LITTLE = 0.4
"""The share of the usual volume below which it is little.

On the quietest of 1,580 measured ordinary sessions, a New Year's Day, a third of the stocks had so little.
"""
MOST = 0.6  # share of the stocks that makes it the source's fault


class FaultKind(StrEnum):
    """The fault of a source's bars in one session."""

    FLAT = "flat"
    SHORT = "short"
    MIXED = "mixed"
    ABSENT = "absent"

    @property
    def words(self) -> str:
        """Return the fault as the end of a sentence that begins with a number of stocks."""
        return {
            FaultKind.FLAT: "have one price and no volume",
            FaultKind.SHORT: f"have less than {LITTLE:.0%} of their usual volume",
            FaultKind.MIXED: f"have one price and no volume, or less than {LITTLE:.0%} of their usual volume",
            FaultKind.ABSENT: "have no bar",
        }[self]


@dataclass(frozen=True, slots=True)
class SessionFault:
    """A session of an exchange, by code, in which `stocks` of `of_stocks` have the same fault at one source."""

    source: str
    exchange: str
    day: date
    kind: FaultKind
    stocks: int
    of_stocks: int

    @property
    def sentence(self) -> str:
        """Return the fault in a sentence without the names of source and exchange."""
        return f"On {self.day} {self.stocks:,} of {self.of_stocks:,} stocks {self.kind.words}."


class SessionFaults:
    """All faulty sessions at one moment."""

    def __init__(self, entries: Iterable[SessionFault] = ()) -> None:
        self.entries = tuple(entries)

    def of(self, source: str, exchange: Exchange) -> dict[date, SessionFault]:
        """Return those of an exchange at a source, by day."""
        return self._by_market.get((source, exchange.code), {})

    @cached_property
    def _by_market(self) -> dict[tuple[str, str], dict[date, SessionFault]]:
        found: dict[tuple[str, str], dict[date, SessionFault]] = {}
        for entry in self.entries:
            found.setdefault((entry.source, entry.exchange), {})[entry.day] = entry
        return found


NO_FAULTY_SESSIONS = SessionFaults()


def no_faulty_sessions() -> SessionFaults:
    """Return no faulty session."""
    return NO_FAULTY_SESSIONS


class _FaultProvider:
    """The function of this process that returns the faulty sessions."""

    current: Callable[[], SessionFaults] = staticmethod(no_faulty_sessions)


def use_faulty_sessions(provide: Callable[[], SessionFaults]) -> None:
    """Take the faulty sessions of this process from a function, which has to be quick."""
    _FaultProvider.current = staticmethod(provide)


def current_faulty_sessions() -> SessionFaults:
    """Return the faulty sessions that are known now."""
    return _FaultProvider.current()


class FaultCounts:
    """Counts, by day from 1997 to 2060, of the stocks of one exchange whose bar has a fault.

    A stock counts for the days strictly between its first and its latest bar, and for the latest one if it has a bar.
    """

    def __init__(self) -> None:
        self._flat = np.zeros(DAYS, dtype=np.int64)
        self._short = np.zeros(DAYS, dtype=np.int64)
        self._with_bar = np.zeros(DAYS, dtype=np.int64)
        self._spanning = np.zeros(DAYS + 1, dtype=np.int64)  # as differences

    def add(self, bars: Bars) -> None:
        """Count the bars of one stock, sorted by session; a bar without a close is none."""
        bars = within_calendars(bars)
        rows = np.flatnonzero(bars.close > 0)
        if len(rows) <= USUAL_WITHIN:
            return
        days = (bars.session[rows] - ORIGIN).astype(np.int64)
        flat, short = _find_flat(bars)[rows], _find_short(bars)[rows]
        self._with_bar[np.unique(days)] += 1
        self._flat[np.unique(days[flat])] += 1
        self._short[np.unique(days[short & ~flat])] += 1
        self._spanning[days[0]] += 1
        self._spanning[days[-1] + 1] -= 1

    def find_faulty_sessions(
        self, source: str, exchange: Exchange, calendar: TradingCalendar, *, since: date
    ) -> list[SessionFault]:
        """Return the sessions from `since` on, of at least FEWEST_STOCKS stocks, of which most have the same fault.

        Little volume is no fault of a session that is shorter than usual. `calendar` has the ordinary sessions alone:
        on others, as on an evening of festive trading, anything may be right.
        """
        found: list[SessionFault] = []
        known = calendar.sessions[[calendar.knows(day) for day in calendar.sessions.tolist()]]
        days = (known - ORIGIN).astype(np.int64)
        days = days[days >= (since - FIRST_DAY).days]
        spanning = np.cumsum(self._spanning)[:DAYS]
        counts = {
            FaultKind.FLAT: self._flat,
            FaultKind.SHORT: self._short,
            FaultKind.MIXED: self._flat + self._short,
            FaultKind.ABSENT: spanning - self._with_bar,
        }
        for kind, count in counts.items():
            most = days[(spanning[days] >= FEWEST_STOCKS) & (count[days] > MOST * spanning[days])]
            for offset in most.tolist():
                day = FIRST_DAY + timedelta(days=offset)
                may_be_short = kind in (FaultKind.SHORT, FaultKind.MIXED) and calendar.closes_early(day)
                if may_be_short or any(one.day == day for one in found):
                    continue
                stocks, of_stocks = int(count[offset]), int(spanning[offset])
                found.append(SessionFault(source, exchange.code, day, kind, stocks, of_stocks))
        return sorted(found, key=lambda one: one.day)


def has_fault(bars: Bars, fault: SessionFault) -> bool:
    """Return whether the bar of a faulty session has the fault itself; False without a bar."""
    day = fault.day
    row = int(np.searchsorted(bars.session, np.datetime64(day, "D")))
    if row >= len(bars) or bars.session[row] != np.datetime64(day, "D"):
        return False
    near = bars[max(0, row - USUAL_WITHIN) : row + 1]
    match fault.kind:
        case FaultKind.FLAT:
            return bool(_find_flat(near)[-1])
        case FaultKind.SHORT:
            return bool(_find_short(near)[-1])
        case FaultKind.MIXED:
            return bool(_find_flat(near)[-1] or _find_short(near)[-1])
    return False


def find_doubtful(bars: Bars, faults: Iterable[SessionFault]) -> Booleans:
    """Return which bars, shape (n,), are of faulty sessions and have the fault themselves."""
    doubtful = np.zeros(len(bars), dtype=np.bool_)
    if own := [fault.day for fault in faults if has_fault(bars, fault)]:
        doubtful |= np.isin(bars.session, np.array(own, dtype="datetime64[D]"))
    return doubtful


def describe_doubtful(bars: Bars, doubtful: Booleans, faulty: Mapping[date, SessionFault]) -> Finding | None:
    """Return the finding about the latest doubtful bar; a warning while it is in the window of long indicators."""
    rows = np.flatnonzero(doubtful)
    if not len(rows):
        return None
    last = bars.session[rows[-1]].astype(object)
    others = {1: "", 2: " One session before has the same fault."}.get(
        len(rows), f" {len(rows) - 1} sessions before have the same fault."
    )
    message = f"{faulty[last].sentence} The bar of this stock is among them, and wrong at its source.{others}"
    return Finding("faulty_session", message, "warning" if rows[-1] >= len(bars) - LONG_WINDOW else "info", last)


def _find_flat(bars: Bars) -> Booleans:
    flat: Booleans = ~(bars.volume > 0) & (bars.high - bars.low <= ROUNDING * bars.close)
    return flat


def _find_short(bars: Bars) -> Booleans:
    """Return which bars have less than LITTLE of the median volume of the USUAL_WITHIN bars before them."""
    short = np.zeros(len(bars), dtype=np.bool_)
    if len(bars) > USUAL_WITHIN:
        usual: Floats = np.median(sliding_window_view(bars.volume, USUAL_WITHIN)[:-1], axis=1)
        short[USUAL_WITHIN:] = bars.volume[USUAL_WITHIN:] < LITTLE * usual
    return short
