"""Incremental fetching: only the sessions after the stored ones, unless the source has adjusted its prices anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np

from analysis.engine.bars import Bars, Sessions
from analysis.prices.port import ErrorKind, Finding, History, PriceError, PriceSource
from analysis.prices.quality import closed

OVERLAP = 5  # stored sessions that are asked for again
SAME = 1e-4  # relative; closes that differ by more were adjusted in between

type Answers = dict[str, History | PriceError]


@dataclass(frozen=True, slots=True)
class Readjusted:
    """The stored bars are no longer what the source would give, as after a split or dividend: all must be fetched."""

    session: date | None  # the last one whose close differs; None when no session is in both

    def finding(self) -> Finding:
        """What a person is told about it."""
        why = f"its close of {self.session} is another than before" if self.session else "no session was in both"
        message = f"The source has adjusted its prices anew ({why}): the whole history was fetched again."
        return Finding("readjusted", message, "info", self.session)


def refresh(
    source: PriceSource, tickers: Sequence[str], stored: Mapping[str, History], *, first_day: date, now: datetime
) -> Answers:
    """The whole history to store for each ticker, or the error that says why not, at the moment `now` (aware).

    A ticker with stored bars is asked for only from their last five sessions on, and what comes is joined to them; if
    it does not fit, or nothing is stored, or the source is not incremental, everything since `first_day` is asked for.
    Histories end with the newest session that has closed and has a close. An error for a ticker with stored bars says
    up to which day they reach.
    """
    known = {ticker: stored[ticker] for ticker in tickers if source.is_incremental and ticker in stored}
    answers = _asked(
        source, {ticker: requested_since(known[ticker].bars) if ticker in known else first_day for ticker in tickers}
    )
    misfits: dict[str, Readjusted] = {}
    for ticker, history in known.items():
        answer = answers[ticker]
        if isinstance(answer, PriceError):
            continue
        match merge(history.bars, answer.bars):
            case Readjusted() as misfit:
                misfits[ticker] = misfit
            case joined:
                findings = _before(history.findings, answer.bars.first_session) + answer.findings
                answers[ticker] = replace(answer, bars=joined, findings=findings)
    whole = _asked(source, {ticker: min(first_day, known[ticker].bars.first_session) for ticker in misfits})
    for ticker, answer in whole.items():
        answers[ticker] = answer
        if isinstance(answer, History):
            answers[ticker] = replace(answer, findings=(*answer.findings, misfits[ticker].finding()))
    return {ticker: _storable(ticker, answers[ticker], stored.get(ticker), now) for ticker in tickers}


def requested_since(stored: Bars) -> date:
    """The day from which to ask: that of the stored session with which the overlap begins."""
    return stored[-OVERLAP:].first_session


def merge(stored: Bars, fetched: Bars) -> Bars | Readjusted:
    """The stored bars with the fetched ones in place of those of the same days, if both agree on the closes they share.

    Both are sorted and not empty; sessions without a close are not compared.
    """
    _, old, new = np.intersect1d(_priced(stored), _priced(fetched), return_indices=True)
    shared = stored.session[stored.close > 0][old]
    before, now = stored.close[stored.close > 0][old], fetched.close[fetched.close > 0][new]
    differs = np.abs(now / before - 1.0) > SAME
    if differs.any() or not len(shared):
        return Readjusted(shared[differs][-1].astype(object) if len(shared) else None)
    start = int(np.searchsorted(stored.session, fetched.session[0]))
    end = int(np.searchsorted(stored.session, fetched.session[-1], side="right"))
    return _one_after_another(stored[:start], fetched, stored[end:])


def _asked(source: PriceSource, wanted: Mapping[str, date]) -> Answers:
    """The source's answers for tickers that are wanted from different days on."""
    answers: Answers = {}
    for since in sorted(set(wanted.values())):
        answers |= source.daily([ticker for ticker, day in wanted.items() if day == since], since)
    return answers


def _before(findings: tuple[Finding, ...], day: date) -> tuple[Finding, ...]:
    """What was found about sessions that are not asked for any more."""
    return tuple(finding for finding in findings if finding.session and finding.session < day)


def _storable(ticker: str, answer: History | PriceError, stored: History | None, now: datetime) -> History | PriceError:
    if isinstance(answer, PriceError):
        return _stale(answer, stored.bars.last_session) if stored else answer
    kept = closed(answer.bars, ticker=ticker, now=now)
    if not len(kept.bars):
        message = f"{ticker} has no session yet that has closed and has a close."
        return PriceError(ErrorKind.NO_DATA, message, permanent=False)
    return replace(answer, bars=kept.bars, findings=answer.findings + kept.findings)


def _stale(error: PriceError, day: date) -> PriceError:
    """The error of a ticker that was known before: a symbol no longer known has lost its data, not its meaning."""
    kind = ErrorKind.NO_DATA if error.kind is ErrorKind.UNKNOWN_TICKER else error.kind
    return PriceError(kind, f"{error.message.removesuffix('.')}; stale: bars to {day}.", error.permanent)


def _priced(bars: Bars) -> Sessions:
    return bars.session[bars.close > 0]


def _one_after_another(*parts: Bars) -> Bars:
    columns = ("session", "open", "high", "low", "close", "volume")
    return Bars(*(np.concatenate([getattr(part, column) for part in parts]) for column in columns))
