"""Incremental fetching: only the sessions after the stored ones, unless the source has adjusted its prices again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import MappingProxyType

import numpy as np

from analysis.engine.bars import Bars, Floats
from analysis.prices.exchanges import Exchange
from analysis.prices.identity import (
    IdentityChange,
    IdentityChanged,
    describe_change,
    find_identity_change,
    find_other_prices,
)
from analysis.prices.instruments import Instrument
from analysis.prices.port import (
    NOTHING_KNOWN,
    Finding,
    History,
    PriceError,
    PriceErrorKind,
    PriceSource,
    TradedPrices,
)
from analysis.prices.quality import trim_to_closed
from analysis.prices.sessions import are_sessions, today

OVERLAP = 5  # stored sessions that are fetched again
CLOSE_TOLERANCE = 1e-4  # relative; closes that differ by more were adjusted in between

MOST_LOST = 0.1  # share of the stored sessions that an answer for all may lack
NO_DAYS: Mapping[str, date] = MappingProxyType({})
NO_CHANGES: Mapping[str, IdentityChange] = MappingProxyType({})

type Answers = dict[str, History | PriceError]


@dataclass(frozen=True, slots=True)
class Readjustment:
    """A difference between stored and fetched bars, as after a split or dividend: all bars must be fetched again.

    `session` is the last one whose close differs, None if no session is in both; `identity` is not empty if the
    currency or type is another one now.
    """

    session: date | None
    identity: str = ""

    def to_finding(self) -> Finding:
        """Return the finding that informs users."""
        if self.identity:
            message = f"The source {self.identity}: after three such answers the whole history was fetched again."
            return Finding("identity_changed", message, "warning")
        why = f"its close of {self.session} is another than before" if self.session else "no session was in both"
        message = f"The source has adjusted its prices anew ({why}): the whole history was fetched again."
        return Finding("readjusted", message, "info", self.session)


@dataclass(frozen=True, slots=True)
class MergedBars:
    """Stored bars in which fetched ones have taken the place of those of their days, with findings about both."""

    bars: Bars
    findings: tuple[Finding, ...] = ()


def refresh_histories(
    source: PriceSource,
    tickers: Sequence[str],
    stored: Mapping[str, History],
    *,
    first_day: date,
    now: datetime,
    instruments: Mapping[str, Instrument] = NOTHING_KNOWN,
    include: Mapping[str, date] = NO_DAYS,
    identity_changes: Mapping[str, IdentityChange] = NO_CHANGES,
) -> Answers:
    """Return the whole history to store for each ticker, or the error that explains why not, at `now` (aware).

    For a ticker with stored bars only their last five sessions and later ones are fetched, from its day in `include` on
    if that is earlier, and merged with them. If prices were adjusted anew, or nothing is stored, or the source is not
    incremental, everything since `first_day` is fetched. Histories end with the latest session that has closed and has
    a close. An error for a ticker with stored bars names their last day. `instruments` is passed on to the source.

    An answer that names another currency or type than the stored history replaces nothing (`IdentityChanged`) until two
    more have said the same: `identity_changes` has those of the answers before.
    """
    known = {ticker: stored[ticker] for ticker in tickers if source.is_incremental and ticker in stored}
    starts = {ticker: first_day_to_fetch(history) for ticker, history in known.items()}
    starts = {ticker: min(start, include.get(ticker, start)) for ticker, start in starts.items()}
    answers = _fetch_since(source, {ticker: starts.get(ticker, first_day) for ticker in tickers}, instruments)
    readjusted: dict[str, Readjustment] = {}
    for ticker, history in known.items():
        match _join_answer(ticker, history, answers[ticker], identity_changes.get(ticker)):
            case Readjustment() as readjustment:
                readjusted[ticker] = readjustment
            case joined:
                answers[ticker] = joined
    first_days = {ticker: min(first_day, known[ticker].bars.first_session) for ticker in readjusted}
    again = {ticker: day for ticker, day in first_days.items() if starts[ticker] > day}
    answers |= _fetch_since(source, again, instruments)
    for ticker, readjustment in readjusted.items():
        answers[ticker] = _replace_whole(
            ticker, known[ticker], answers[ticker], readjustment, identity_changes.get(ticker)
        )
    return {ticker: _to_store(ticker, answers[ticker], stored.get(ticker), now) for ticker in tickers}


def _join_answer(
    ticker: str, stored: History, answer: History | PriceError, change: IdentityChange | None
) -> History | PriceError | Readjustment:
    """Return the stored history with an answer about its last sessions, or the reason why it cannot be joined."""
    if isinstance(answer, PriceError):
        return answer
    if change := find_identity_change(stored.metadata, answer.metadata, change):
        if change.is_believed:
            return Readjustment(None, describe_change(stored.metadata, change))
        return IdentityChanged(ticker, stored.metadata, change)
    merged = merge_bars(stored.bars, answer.bars, answer.metadata.describe_instrument(ticker).exchange)
    if isinstance(merged, Readjustment):
        return merged
    before = _findings_before(stored.findings, answer.bars.first_session)
    findings = (*before, *answer.findings, *merged.findings)
    return replace(answer, bars=merged.bars, findings=findings, traded=_join_traded(stored.traded, answer.traded))


def first_day_to_fetch(stored: History) -> date:
    """Return where the overlap begins; it is all that is stored if its dividends are not known, as one request, too."""
    return stored.bars.first_session if stored.lacks_dividends else overlap_start(stored.bars)


def overlap_start(stored: Bars) -> date:
    """Return the first day to fetch: that of the stored session with which the overlap begins."""
    return stored[-OVERLAP:].first_session


def merge_bars(stored: Bars, fetched: Bars, exchange: Exchange) -> MergedBars | Readjustment:
    """Return the stored bars with those of the fetched days replaced, or a Readjustment if all prices have changed.

    Both are sorted and not empty. A new adjustment changes all sessions before it, so that it is one if the earliest
    shared close differs; other closes that differ were corrected. A stored session that was not fetched again is kept.
    """
    before, now = _shared_closes(stored, fetched)
    differs = np.abs(now.close / before.close - 1.0) > CLOSE_TOLERANCE
    if not len(differs) or differs[0]:
        return Readjustment(before.session[differs][-1].astype(object) if len(differs) else None)
    start = int(np.searchsorted(stored.session, fetched.session[0]))
    lost = _lost_bars(stored[start:], fetched, exchange)
    return MergedBars(
        _concatenate(stored[:start], _with_bars(fetched, lost)),
        (*_describe_corrections(before.select(differs), now.select(differs)), *_describe_lost(lost)),
    )


def _replace_whole(
    ticker: str,
    stored: History,
    answer: History | PriceError,
    readjustment: Readjustment,
    earlier: IdentityChange | None,
) -> History | PriceError:
    """Return a history that was fetched whole after a Readjustment, with the stored sessions that it lacks.

    These are adjusted like the sessions around them, and left out where those do not agree. An answer that lacks many
    sessions replaces nothing. Of what is another security now, nothing is kept.
    """
    if isinstance(answer, PriceError):
        return answer
    if readjustment.identity:
        return replace(answer, findings=(*answer.findings, readjustment.to_finding()))
    exchange = answer.metadata.describe_instrument(ticker).exchange
    before, now = _shared_closes(stored.bars, answer.bars)
    if change := find_other_prices(before.close, now.close, earlier):
        if not change.is_believed:
            return IdentityChanged(ticker, stored.metadata, change)
        readjustment = Readjustment(None, describe_change(stored.metadata, change))
        return replace(answer, findings=(*answer.findings, readjustment.to_finding()))
    lost = _lost_bars(stored.bars, answer.bars, exchange)
    if len(lost) > MOST_LOST * len(stored.bars):
        message = (
            f"The answer for {ticker} lacks {len(lost):,} of {len(stored.bars):,} stored sessions: it is not used."
        )
        return PriceError(PriceErrorKind.BAD_DATA, message, permanent=False)
    if len(lost) and len(before):
        place = np.searchsorted(before.session, lost.session)
        factor = now.close / before.close
        earlier, later = factor[np.maximum(place - 1, 0)], factor[np.minimum(place, len(factor) - 1)]
        agree = np.abs(later / earlier - 1.0) <= CLOSE_TOLERANCE
        lost = _scale_prices(lost, later).select(agree)
    findings = (*answer.findings, readjustment.to_finding(), *_describe_lost(lost))
    return replace(answer, bars=_with_bars(answer.bars, lost), findings=findings)


def _shared_closes(stored: Bars, fetched: Bars) -> tuple[Bars, Bars]:
    """Return the bars of the sessions that have a close in both, oldest first."""
    stored, fetched = stored.select(stored.close > 0), fetched.select(fetched.close > 0)
    _, old, new = np.intersect1d(stored.session, fetched.session, return_indices=True)
    return stored.select(old), fetched.select(new)


def _lost_bars(stored: Bars, fetched: Bars, exchange: Exchange) -> Bars:
    """Return the stored bars, of sessions or with a volume, whose day has no close among the fetched ones."""
    priced = fetched.session[fetched.close > 0]
    is_lost = (stored.close > 0) & ~np.isin(stored.session, priced)
    if is_lost.any():
        is_lost &= (stored.volume > 0) | are_sessions(exchange, stored.session)
    return stored.select(is_lost)


def _with_bars(fetched: Bars, kept: Bars) -> Bars:
    """Return fetched bars together with stored ones that take the place of rows without a close."""
    if not len(kept):
        return fetched
    joined = _concatenate(fetched.select(~np.isin(fetched.session, kept.session)), kept)
    return joined.select(np.argsort(joined.session, kind="stable"))


def _scale_prices(bars: Bars, factor: Floats) -> Bars:
    return Bars(
        bars.session, bars.open * factor, bars.high * factor, bars.low * factor, bars.close * factor, bars.volume
    )


def _describe_corrections(before: Bars, now: Bars) -> list[Finding]:
    days, old, new = before.session.tolist(), before.close.tolist(), now.close.tolist()
    if len(days) > OVERLAP:
        message = f"The source has corrected {len(days):,} closes, from {days[0]} to {days[-1]}."
        return [Finding("corrected", message, "info", days[-1])]
    return [
        Finding("corrected", f"The source has corrected the close of {day} from {was:.6g} to {is_:.6g}.", "info", day)
        for day, was, is_ in zip(days, old, new, strict=True)
    ]


def _describe_lost(lost: Bars) -> list[Finding]:
    if not len(lost):
        return []
    days = ", ".join(str(day) for day in lost.session[-3:].tolist())
    message = f"The source has no bar any more of {days}: the stored one is kept."
    return [Finding("kept_bar", message, "warning", lost.last_session)]


def _join_traded(stored: TradedPrices | None, fetched: TradedPrices | None) -> TradedPrices | None:
    """Return what was traded, as far as it is known; histories of earlier versions know it from now on only."""
    return stored.joined_with(fetched) if stored and fetched else fetched or stored


def _fetch_since(source: PriceSource, first_days: Mapping[str, date], instruments: Mapping[str, Instrument]) -> Answers:
    """Fetch each ticker from its own first day on; one call of the source for each day."""
    answers: Answers = {}
    for since in sorted(set(first_days.values())):
        tickers = [ticker for ticker, day in first_days.items() if day == since]
        answers |= source.fetch_daily(tickers, since, instruments)
    return answers


def _findings_before(findings: tuple[Finding, ...], day: date) -> tuple[Finding, ...]:
    """Return the findings about sessions that are not fetched again."""
    return tuple(finding for finding in findings if finding.session and finding.session < day)


def _to_store(ticker: str, answer: History | PriceError, stored: History | None, now: datetime) -> History | PriceError:
    if isinstance(answer, IdentityChanged):
        return answer
    if isinstance(answer, PriceError):
        return _error_of_known(answer, stored.bars.last_session) if stored else answer
    instrument = answer.metadata.describe_instrument(ticker)
    bars, findings = trim_to_closed(answer.bars, instrument=instrument, now=now)
    if not len(bars):
        message = f"{ticker} has no session yet that has closed and has a close."
        return PriceError(PriceErrorKind.NO_DATA, message, permanent=False)
    # A split of today, whose session is not stored yet, is in the adjusted prices of the sessions before it.
    traded = answer.traded.until(today(instrument.exchange, now)) if answer.traded else None
    return replace(answer, bars=bars, findings=answer.findings + findings, traded=traded)


def _error_of_known(error: PriceError, day: date) -> PriceError:
    """Return the error of a ticker with stored bars; one that Yahoo no longer knows has no data, but is a ticker."""
    kind = PriceErrorKind.NO_DATA if error.kind is PriceErrorKind.UNKNOWN_TICKER else error.kind
    return type(error)(kind, f"{error.message.removesuffix('.')}; stale: bars to {day}.", error.permanent)


def _concatenate(*parts: Bars) -> Bars:
    columns = ("session", "open", "high", "low", "close", "volume")
    return Bars(*(np.concatenate([getattr(part, column) for part in parts]) for column in columns))
