"""Incremental fetching: only the sessions after the stored ones, unless the source has adjusted its prices again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np

from analysis.engine.bars import Bars, Sessions
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
from analysis.prices.sessions import today

OVERLAP = 5  # stored sessions that are fetched again
CLOSE_TOLERANCE = 1e-4  # relative; closes that differ by more were adjusted in between

type Answers = dict[str, History | PriceError]


@dataclass(frozen=True, slots=True)
class Readjustment:
    """A difference between stored and fetched bars, as after a split or dividend: all bars must be fetched again."""

    session: date | None  # the last one whose close differs; None if no session is in both

    def to_finding(self) -> Finding:
        """Return the finding that informs users."""
        why = f"its close of {self.session} is another than before" if self.session else "no session was in both"
        message = f"The source has adjusted its prices anew ({why}): the whole history was fetched again."
        return Finding("readjusted", message, "info", self.session)


def refresh_histories(
    source: PriceSource,
    tickers: Sequence[str],
    stored: Mapping[str, History],
    *,
    first_day: date,
    now: datetime,
    instruments: Mapping[str, Instrument] = NOTHING_KNOWN,
) -> Answers:
    """Return the whole history to store for each ticker, or the error that explains why not, at `now` (aware).

    For a ticker with stored bars only their last five sessions and later ones are fetched, and merged with them. If
    they do not agree, or nothing is stored, or the source is not incremental, everything since `first_day` is fetched.
    Histories end with the latest session that has closed and has a close. An error for a ticker with stored bars names
    their last day. `instruments` is passed on to the source.
    """
    known = {ticker: stored[ticker] for ticker in tickers if source.is_incremental and ticker in stored}
    answers = _fetch_since(
        source,
        {ticker: first_day_to_fetch(known[ticker]) if ticker in known else first_day for ticker in tickers},
        instruments,
    )
    readjusted: dict[str, Readjustment] = {}
    for ticker, history in known.items():
        answer = answers[ticker]
        if isinstance(answer, PriceError):
            continue
        match merge_bars(history.bars, answer.bars):
            case Readjustment() as readjustment:
                readjusted[ticker] = readjustment
            case joined:
                findings = _findings_before(history.findings, answer.bars.first_session) + answer.findings
                traded = _join_traded(history.traded, answer.traded)
                answers[ticker] = replace(answer, bars=joined, findings=findings, traded=traded)
    whole = _fetch_since(
        source, {ticker: min(first_day, known[ticker].bars.first_session) for ticker in readjusted}, instruments
    )
    for ticker, answer in whole.items():
        answers[ticker] = answer
        if isinstance(answer, History):
            answers[ticker] = replace(answer, findings=(*answer.findings, readjusted[ticker].to_finding()))
    return {ticker: _to_store(ticker, answers[ticker], stored.get(ticker), now) for ticker in tickers}


def first_day_to_fetch(stored: History) -> date:
    """Return where the overlap begins; it is all that is stored if its dividends are not known, as one request, too."""
    return stored.bars.first_session if stored.lacks_dividends else overlap_start(stored.bars)


def overlap_start(stored: Bars) -> date:
    """Return the first day to fetch: that of the stored session with which the overlap begins."""
    return stored[-OVERLAP:].first_session


def merge_bars(stored: Bars, fetched: Bars) -> Bars | Readjustment:
    """Return the stored bars with those of the fetched days replaced, or a Readjustment if shared closes differ.

    Both are sorted and not empty; sessions without a close are not compared.
    """
    _, old, new = np.intersect1d(_priced_sessions(stored), _priced_sessions(fetched), return_indices=True)
    shared = stored.session[stored.close > 0][old]
    before, now = stored.close[stored.close > 0][old], fetched.close[fetched.close > 0][new]
    differs = np.abs(now / before - 1.0) > CLOSE_TOLERANCE
    if differs.any() or not len(shared):
        return Readjustment(shared[differs][-1].astype(object) if len(shared) else None)
    start = int(np.searchsorted(stored.session, fetched.session[0]))
    end = int(np.searchsorted(stored.session, fetched.session[-1], side="right"))
    return _concatenate(stored[:start], fetched, stored[end:])


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
    return PriceError(kind, f"{error.message.removesuffix('.')}; stale: bars to {day}.", error.permanent)


def _priced_sessions(bars: Bars) -> Sessions:
    return bars.session[bars.close > 0]


def _concatenate(*parts: Bars) -> Bars:
    columns = ("session", "open", "high", "low", "close", "volume")
    return Bars(*(np.concatenate([getattr(part, column) for part in parts]) for column in columns))
