"""Faulty sessions: those of which a source has wrong bars for most stocks of an exchange, found by counting."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from analysis.engine.bars import Bars, Booleans, Floats
from analysis.prices.exchanges import Exchange
from analysis.prices.port import Finding
from analysis.prices.price_ranges import ROUNDING
from analysis.prices.traded_days import DAYS, FEWEST_STOCKS, ORIGIN, within_calendars
from analysis.prices.trading_calendar import FIRST_DAY, TradingCalendar

type Counts = NDArray[np.int64]
"""Numbers of stocks by day since ORIGIN, or such days."""

LONG_WINDOW = 250  # sessions; no indicator looks back further
USUAL_WITHIN = 20  # sessions before, whose median volume is the usual one
LITTLE = 0.4
"""The share of the usual volume below which it is little.

On the quietest of 1,580 measured ordinary sessions, a New Year's Day, a third of the stocks had so little.
"""
MOST = 0.6  # share of the stocks that makes it the source's fault
STILL = 0.05  # share above the usual one of stocks that makes a known fault stay: one price, or no bar
STILL_SHORT = 0.35  # the same for little volume, which a third of the stocks may have rightly


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


SHORT_KINDS = frozenset({FaultKind.SHORT, FaultKind.MIXED})
STAYS_AS = {
    FaultKind.FLAT: (FaultKind.FLAT,),
    FaultKind.SHORT: (FaultKind.SHORT,),
    FaultKind.MIXED: (FaultKind.MIXED, FaultKind.FLAT),
    FaultKind.ABSENT: (FaultKind.FLAT, FaultKind.ABSENT),
}
"""The faults that may be left of a known one, in the order of preference, while the source mends it."""
NOTHING_KNOWN: Mapping[date, FaultKind] = MappingProxyType({})


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
        return f"On {self.day}, {self.stocks:,} of {self.of_stocks:,} stocks {self.kind.words}."


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
        flat, short = find_flat(bars)[rows], _find_short(bars)[rows]
        self._with_bar[np.unique(days)] += 1
        self._flat[np.unique(days[flat])] += 1
        self._short[np.unique(days[short & ~flat])] += 1
        self._spanning[days[0]] += 1
        self._spanning[days[-1] + 1] -= 1

    def find_faulty_sessions(
        self,
        source: str,
        exchange: Exchange,
        calendar: TradingCalendar,
        *,
        since: date,
        known: Mapping[date, FaultKind] = NOTHING_KNOWN,
    ) -> list[SessionFault]:
        """Return the sessions from `since` on, of at least FEWEST_STOCKS stocks, of which most have the same fault.

        Those that are `known` to be faulty stay until nearly all bars are mended. Little volume is no fault of a
        session that is shorter than usual. `calendar` has the ordinary sessions alone: on others, as on an evening of
        festive trading, anything may be right.
        """
        sessions = calendar.sessions[[calendar.knows(day) for day in calendar.sessions.tolist()]]
        days = (sessions - ORIGIN).astype(np.int64)
        spanning = np.cumsum(self._spanning)[:DAYS]
        counts = {
            FaultKind.FLAT: self._flat,
            FaultKind.SHORT: self._short,
            FaultKind.MIXED: self._flat + self._short,
            FaultKind.ABSENT: spanning - self._with_bar,
        }
        begins = {kind: (spanning >= FEWEST_STOCKS) & (count > MOST * spanning) for kind, count in counts.items()}
        possible = np.any([mask[days] for mask in begins.values()], axis=0)
        possible |= np.isin(sessions, np.array([*known], dtype="datetime64[D]"))
        found = []
        for row in np.flatnonzero(possible & (days >= (since - FIRST_DAY).days)).tolist():
            day, offset = sessions[row].astype(object), days[row]
            earlier = days[max(0, row - LONG_WINDOW) : row]
            begun = {kind for kind in FaultKind if begins[kind][offset]}
            kept = {kind for kind in FaultKind if _stays(kind, counts[kind], spanning, offset, earlier)}
            kind = _choose_kind(begun, kept, known.get(day), may_be_short=calendar.closes_early(day))
            if kind:
                stocks, of_stocks = int(counts[kind][offset]), int(spanning[offset])
                found.append(SessionFault(source, exchange.code, day, kind, stocks, of_stocks))
        return found


def _stays(kind: FaultKind, count: Counts, spanning: Counts, offset: int, earlier: Counts) -> bool:
    """Return whether enough stocks still have a fault for a session that is known to be faulty.

    One price or no bar is usual for some stocks; as many as in the `earlier` sessions are no fault.
    """
    if kind in SHORT_KINDS:
        return bool(count[offset] >= STILL_SHORT * spanning[offset])
    earlier = earlier[spanning[earlier] > 0]
    usual = float(np.median(count[earlier] / spanning[earlier])) if len(earlier) else 0.0
    return bool(count[offset] >= max((STILL + usual) * spanning[offset], 1))


def _choose_kind(
    begun: Collection[FaultKind], kept: Collection[FaultKind], known: FaultKind | None, *, may_be_short: bool
) -> FaultKind | None:
    """Return the fault of a session: a new one that one fault makes, else the `known` one, else a mixture.

    Of a mixture, and of a session that no stock had, single flat bars may be left.
    """
    order = [(kind, begun) for kind in (FaultKind.FLAT, FaultKind.SHORT, FaultKind.ABSENT)]
    order += [(kind, kept) for kind in STAYS_AS[known]] if known else []
    order.append((FaultKind.MIXED, begun))
    return next(
        (kind for kind, kinds in order if kind in kinds and not (may_be_short and kind in SHORT_KINDS)),
        None,
    )


def has_fault(bars: Bars, fault: SessionFault) -> bool:
    """Return whether the bar of a faulty session has the fault itself; False without a bar."""
    day = fault.day
    row = int(np.searchsorted(bars.session, np.datetime64(day, "D")))
    if row >= len(bars) or bars.session[row] != np.datetime64(day, "D"):
        return False
    near = bars[max(0, row - USUAL_WITHIN) : row + 1]
    match fault.kind:
        case FaultKind.FLAT:
            return bool(find_flat(near)[-1])
        case FaultKind.SHORT:
            return bool(_find_short(near)[-1])
        case FaultKind.MIXED:
            return bool(find_flat(near)[-1] or _find_short(near)[-1])
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


def find_flat(bars: Bars) -> Booleans:
    """Return which bars, shape (n,), have one price and no volume."""
    flat: Booleans = ~(bars.volume > 0) & (bars.high - bars.low <= ROUNDING * bars.close)
    return flat


def _find_short(bars: Bars) -> Booleans:
    """Return which bars have less than LITTLE of the median volume of the USUAL_WITHIN bars before them."""
    short = np.zeros(len(bars), dtype=np.bool_)
    if len(bars) > USUAL_WITHIN:
        usual: Floats = np.median(sliding_window_view(bars.volume, USUAL_WITHIN)[:-1], axis=1)
        short[USUAL_WITHIN:] = bars.volume[USUAL_WITHIN:] < LITTLE * usual
    return short
