"""The quality gate: checks and repairs that turn a source's bars into bars that an analysis may use."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from analysis.engine.bars import Bars
from analysis.prices.checked_bars import CheckedBars
from analysis.prices.discontinuities import (
    describe_discontinuities,
    find_discontinuities,
    find_thin_stretch,
    finding_about,
)
from analysis.prices.exchanges import Exchange
from analysis.prices.faulty_sessions import SessionFault, describe_doubtful, find_doubtful
from analysis.prices.instruments import Instrument
from analysis.prices.missing_sessions import describe_untracked
from analysis.prices.port import Finding, PriceError, PriceErrorKind
from analysis.prices.price_ranges import ROUNDING, find_bad_ticks, find_prices_outside, widen_ranges
from analysis.prices.sessions import (
    are_sessions,
    find_assumed_weekdays,
    last_closed_session,
    local_time,
    sessions_late,
)

OFF_CALENDAR = 0.02  # share of bars with volume on days without a session, from which the dates may be wrong
MOST_PRICE = 1e12  # which nothing costs in any currency
PRICED_ONCE = 0.9  # share of bars with one price, from which a security has one price a day
CORPORATE_ACTION = "a split, bonus or demerger that prices are not adjusted for"
PENCE = "pence mixed with pounds"

NO_FAULTS: Mapping[date, SessionFault] = MappingProxyType({})

type Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Market:
    instrument: Instrument
    now: datetime

    @property
    def exchange(self) -> Exchange:
        return self.instrument.exchange

    @property
    def last_closed(self) -> date:
        return last_closed_session(self.exchange, self.now)


def check_bars(
    bars: Bars,
    *,
    instrument: Instrument,
    now: datetime,
    adjusted: bool = True,
    unadjusted: Collection[date] = (),
    read_splits: Callable[[], Mapping[date, float]] = dict,
    faulty: Mapping[date, SessionFault] = NO_FAULTS,
    tracked: Collection[date] = (),
) -> CheckedBars:
    """Repair and check a source's bars at the moment `now` (aware); `read_splits` returns those of the source.

    `unadjusted` are the sessions with a split that the source is known not to have adjusted prices for, and `faulty`
    those in which most stocks of the exchange have wrong bars there. Missing sessions that are `tracked` have
    findings of their own.

    Raise PriceError: `bad_data` without one positive close, `no_data` if no bar of a closed session is left.
    """
    ticker = instrument.ticker
    if not len(bars):
        raise PriceError(PriceErrorKind.NO_DATA, f"The source has no bars for {ticker}.", permanent=False)
    if not (bars.close > 0).any():
        raise PriceError(PriceErrorKind.BAD_DATA, f"Not one bar of {ticker} has a positive close.", permanent=False)
    market = _Market(instrument, now)
    bars = _sort_by_session(bars)
    given = bars.session
    findings: list[Finding] = []
    for repair in _REPAIRS:
        bars, finding = repair(bars, market)
        if finding:
            findings.append(finding)
            if not len(bars):
                raise PriceError(
                    PriceErrorKind.NO_DATA, f"{ticker} has no usable bars: {finding.message}", permanent=False
                )
    found = find_discontinuities(bars, market.exchange, unadjusted)
    noticed = [*(notice(bars, market) for notice in _NOTICES), find_bad_ticks(bars)]
    thin = find_thin_stretch(bars, market.exchange)
    noticed.append(thin)
    doubtful = find_doubtful(bars, faulty.values())
    noticed.append(describe_doubtful(bars, doubtful, faulty))
    if thin is None:
        noticed.append(describe_untracked(bars.session, given, market.exchange, tracked))
    findings += [
        *filter(None, noticed),
        *describe_discontinuities(found, bars.session, read_splits),
        *(() if adjusted else (_UNADJUSTED,)),
    ]
    jumps = np.flatnonzero(found.price_breaks)
    return CheckedBars(
        bars,
        tuple(findings),
        breaks=found.breaks,
        last_jump=int(jumps[-1]) if len(jumps) else None,
        jump_cause=PENCE if len(jumps) and found.hundredfolds[jumps[-1]] else CORPORATE_ACTION,
        sessions_late=sessions_late(market.exchange, bars.last_session, now),
        doubtful=doubtful,
    )


def trim_to_closed(bars: Bars, *, instrument: Instrument, now: datetime) -> tuple[Bars, tuple[Finding, ...]]:
    """Return the bars to store, up to the latest that has closed and has a close at `now` (aware), and findings.

    A later one, once stored, would count as closed tomorrow. Nothing else is repaired; there may be no bars left.
    """
    market = _Market(instrument, now)
    bars = _sort_by_session(bars)
    findings: list[Finding] = []
    for repair in (_drop_unfinished, _drop_other_days, _drop_last_without_close):
        if len(bars):
            bars, finding = repair(bars, market)
            findings += [finding] if finding else []
    priced = np.flatnonzero(bars.close > 0)
    return bars[: int(priced[-1]) + 1 if len(priced) else 0], tuple(findings)


def _sort_by_session(bars: Bars) -> Bars:
    if (bars.session[1:] < bars.session[:-1]).any():
        return bars.select(np.argsort(bars.session, kind="stable"))
    return bars


def _drop_unfinished(bars: Bars, market: _Market) -> tuple[Bars, Finding | None]:
    moment = local_time(market.exchange, market.now)
    today = np.datetime64(moment.date())  # a past day has closed even if the calendar has no session
    unfinished = (bars.session > np.datetime64(market.last_closed)) & (bars.session >= today)
    what = f"that had not closed by {moment:%Y-%m-%d %H:%M} left out"
    return _drop_rows(bars, unfinished, "unfinished_session", "session", what)


def _drop_last_without_close(bars: Bars, _: _Market) -> tuple[Bars, Finding | None]:
    is_only_row = not (bars.session[-2:-1] == bars.session[-1]).any()
    if bars.close[-1] > 0 or not bars.volume[-1] > 0 or not is_only_row:
        return bars, None
    last = bars.last_session
    close = bars.close[-1]
    what = "volume but no close yet" if np.isnan(close) else f"a close of {close:g}, which is no price"
    message = f"The newest session, {last}, has {what}: it is left out."
    return bars[:-1], Finding("last_close_missing", message, "warning", last)


def _drop_null_rows(bars: Bars, market: _Market) -> tuple[Bars, Finding | None]:
    lowest = np.minimum(np.minimum(bars.open, bars.high), np.minimum(bars.low, bars.close))
    highest = np.maximum(np.maximum(bars.open, bars.high), np.maximum(bars.low, bars.close))
    unpriced = ~((lowest > 0) & (highest < MOST_PRICE))
    without_prices = bars.session[unpriced]
    bars, finding = _drop_rows(bars, unpriced, "null_rows", "row", f"{_name_unpriced(bars, unpriced)} left out")
    if finding and not are_sessions(market.exchange, without_prices).any():  # days on which nobody traded
        finding = replace(finding, severity="info")
    return bars, finding


def _name_unpriced(bars: Bars, unpriced: Mask) -> str:
    if ((bars.high >= MOST_PRICE) & np.isfinite(bars.high)).any():
        return f"without prices or with one of {MOST_PRICE:g} and more"
    only_open = unpriced & (bars.open == 0) & (bars.close > 0) & (bars.high > 0) & (bars.low > 0)
    if not only_open.any():
        return "without prices"
    return "whose open is 0" if (only_open == unpriced).all() else "without prices or with an open of 0"


def _drop_duplicates(bars: Bars, _: _Market) -> tuple[Bars, Finding | None]:
    repeated = np.zeros(len(bars), dtype=np.bool_)
    repeated[:-1] = bars.session[1:] == bars.session[:-1]
    return _drop_rows(bars, repeated, "duplicate_sessions", "earlier row", "of a session given twice left out")


def _settle_volume(bars: Bars, market: _Market) -> tuple[Bars, Finding | None]:
    """Make an unknown volume NaN throughout, and one that is missing in single sessions 0."""
    missing = ~((bars.volume >= 0) & (bars.volume < np.inf))
    if not market.instrument.is_volume_known(np.where(missing, 0.0, bars.volume)):
        return replace(bars, volume=np.full(len(bars), np.nan)), None
    if not missing.any():
        return bars, None
    finding = finding_about(
        "missing_volume", "repair", bars.session[missing], "session", "without a volume counted as 0"
    )
    return replace(bars, volume=np.where(missing, 0.0, bars.volume)), finding


def _drop_other_days(bars: Bars, market: _Market) -> tuple[Bars, Finding | None]:
    """Drop the rows of weekends of currency pairs and futures: the first hours of Monday's session."""
    if not market.exchange.is_round_the_clock:
        return bars, None
    weekend = ~np.is_busday(bars.session, weekmask=market.exchange.week)
    return _drop_rows(bars, weekend, "weekend_rows", "row", "of a weekend, which belongs to Monday, left out")


def _drop_holidays(bars: Bars, market: _Market) -> tuple[Bars, Finding | None]:
    idle = ~(bars.volume > 0) & (bars.high - bars.low <= ROUNDING * bars.close)
    if idle.any():
        idle[idle] = ~are_sessions(market.exchange, bars.session[idle])
        idle &= ~_are_other_values(bars, idle)
    return _drop_rows(bars, idle, "holiday_rows", "row", "of a holiday, with one price and no volume, left out")


def _are_other_values(bars: Bars, idle: Mask) -> Mask:
    """Return which of these bars have another price than the bar before, of a fund that publishes one price a day.

    They are values of sessions that the calendar does not know, unless they are many, as where weekends have some.
    """
    moved = np.zeros(len(bars), dtype=np.bool_)
    moved[1:] = np.abs(np.diff(bars.close)) > ROUNDING * bars.close[1:]
    moved &= idle
    is_priced_once = np.mean(bars.high - bars.low <= ROUNDING * bars.close) >= PRICED_ONCE
    return moved if is_priced_once and moved.sum() <= OFF_CALENDAR * len(bars) else np.zeros_like(moved)


def _notice_zero_volume(bars: Bars, _: _Market) -> Finding | None:
    return finding_about("zero_volume", "warning", bars.session[bars.volume == 0], "session", "without volume")


def _notice_off_calendar(bars: Bars, market: _Market) -> Finding | None:
    off = (bars.volume > 0) & ~are_sessions(market.exchange, bars.session)
    if off.sum() <= max(OFF_CALENDAR * len(bars), 2):
        return None
    what = "with volume on a day without a session, as when dates are a day off or the file is of another exchange"
    return finding_about("off_calendar", "warning", bars.session[off], "bar", what)


def _notice_stale(bars: Bars, market: _Market) -> Finding | None:
    last = bars.last_session
    late = sessions_late(market.exchange, last, market.now)
    if not late:
        return None
    passed = "1 session has" if late == 1 else f"{late:,} sessions have"
    return Finding("stale", f"{passed} closed since the newest bar, of {last}.", "warning", last)


def _notice_guessed_sessions(_: Bars, market: _Market) -> Finding | None:
    return find_assumed_weekdays(market.exchange, market.last_closed)


_UNADJUSTED = Finding("unadjusted", "The source does not adjust prices for splits and dividends.", "warning")
_REPAIRS: tuple[Callable[[Bars, _Market], tuple[Bars, Finding | None]], ...] = (
    _drop_unfinished, _drop_last_without_close, _drop_null_rows, _drop_duplicates, _drop_other_days, _settle_volume,
    _drop_holidays, lambda bars, _: (bars, find_prices_outside(bars)), lambda bars, _: widen_ranges(bars),
)  # fmt: skip
_NOTICES: tuple[Callable[[Bars, _Market], Finding | None], ...] = (
    _notice_zero_volume,
    _notice_off_calendar,
    _notice_stale,
    _notice_guessed_sessions,
)


def _drop_rows(bars: Bars, dropped: Mask, code: str, noun: str, what: str) -> tuple[Bars, Finding | None]:
    if not dropped.any():
        return bars, None
    return bars.select(~dropped), finding_about(code, "repair", bars.session[dropped], noun, what)
