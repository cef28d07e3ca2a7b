"""Incremental fetching: only the sessions after the stored ones, unless the source has adjusted its prices again."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from types import MappingProxyType

from analysis.engine.bars import Bars
from analysis.prices.identity import (
    IdentityChange,
    IdentityChanged,
    describe_change,
    find_identity_change,
    find_lost_sessions,
    find_other_prices,
)
from analysis.prices.instruments import Instrument
from analysis.prices.merging import CODES_OF_EVENTS, Readjustment, lost_bars, merge_bars, replace_bars, shared_closes
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
from analysis.prices.sessions import today

OVERLAP = 5  # stored sessions that are fetched again
NO_DAYS: Mapping[str, date] = MappingProxyType({})
NO_CHANGES: Mapping[str, IdentityChange] = MappingProxyType({})

type Answers = dict[str, History | PriceError]


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

    An answer that may be about another security, as it names another currency or type than the stored history, replaces
    nothing (`IdentityChanged`) until two more have said the same: `identity_changes` has those of the answers before.
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
    before = _findings_until(stored.findings, answer.bars.first_session)
    findings = (*(finding for finding in before if finding not in answer.findings), *answer.findings, *merged.findings)
    return replace(answer, bars=merged.bars, findings=findings, traded=_join_traded(stored.traded, answer.traded))


def first_day_to_fetch(stored: History) -> date:
    """Return where the overlap begins; it is all that is stored if its dividends are not known, as one request, too."""
    return stored.bars.first_session if stored.lacks_dividends else overlap_start(stored.bars)


def overlap_start(stored: Bars) -> date:
    """Return the first day to fetch: that of the stored session with which the overlap begins."""
    return stored[-OVERLAP:].first_session


def _replace_whole(
    ticker: str,
    stored: History,
    answer: History | PriceError,
    readjustment: Readjustment,
    earlier: IdentityChange | None,
) -> History | PriceError:
    """Return a history that was fetched whole after a Readjustment, with the stored sessions that it lacks.

    An answer that lacks many sessions replaces nothing until it is confirmed; what it lacks is then kept. Of what is
    another security now, nothing is kept.
    """
    if isinstance(answer, PriceError):
        return answer
    if readjustment.identity:
        return replace(answer, findings=(*answer.findings, readjustment.to_finding()))
    exchange = answer.metadata.describe_instrument(ticker).exchange
    before, now = shared_closes(stored.bars, answer.bars)
    if change := find_other_prices(before.close, now.close, earlier):
        if not change.is_believed:
            return IdentityChanged(ticker, stored.metadata, change)
        readjustment = Readjustment(None, describe_change(stored.metadata, change))
        return replace(answer, findings=(*answer.findings, readjustment.to_finding()))
    lost = lost_bars(stored.bars, answer.bars, exchange)
    change = find_lost_sessions(len(lost), len(stored.bars), earlier)
    if change and not change.is_believed:
        return IdentityChanged(ticker, stored.metadata, change)
    merged = replace_bars(stored.bars, answer.bars, exchange, readjustment)
    return replace(answer, bars=merged.bars, findings=(*answer.findings, *merged.findings))


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


def _findings_until(findings: tuple[Finding, ...], day: date) -> tuple[Finding, ...]:
    """Return the findings about sessions that are not fetched again, and about the first one that is.

    Its dividend cannot be checked without the close before it. Findings about what an earlier answer changed are not
    among them: they are for its evening.
    """
    return tuple(
        finding
        for finding in findings
        if finding.session and finding.session <= day and finding.code not in CODES_OF_EVENTS
    )


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
