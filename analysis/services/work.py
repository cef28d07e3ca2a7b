"""Work: bars of the claimed stocks, from the store or their source, and what the engine makes of them."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
from django.conf import settings

from analysis import clock
from analysis.engine import STRATEGIES, Assessment, Bars, NotEnoughHistory, assess, fingerprints
from analysis.models import ErrorKind, Job, JobDetail, PriceHistory
from analysis.prices import ErrorKind as PriceErrorKind
from analysis.prices import (
    Finding,
    History,
    PriceError,
    PriceSource,
    check,
    currency_code,
    last_closed_session,
    source_for,
    source_named,
)
from analysis.services import window
from analysis.services.histories import Learned, ask, row_of, store
from analysis.services.pace import TICKER_SECONDS, YAHOO_PACER, is_paced

logger = logging.getLogger(__name__)

SLACK = timedelta(days=7)  # so that a history is not fetched anew for being a weekend short
LONGEST_MESSAGE = 500
RECENT = 30  # sessions that a list draws a line of
PASSING = (PriceErrorKind.RATE_LIMITED, PriceErrorKind.UNAVAILABLE, PriceErrorKind.TIMEOUT)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a stock has no result: a kind to count by and a sentence to read."""

    kind: ErrorKind
    message: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", self.message[:LONGEST_MESSAGE])


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one detail; `day` is the session that the result or the failure is about."""

    detail: JobDetail
    day: date
    price_source: str
    started_at: datetime
    completed_at: datetime
    found: Assessment | Failure
    bar_count: int = 0
    fingerprints: dict[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    recent_closes: tuple[float, ...] = ()


@dataclass(slots=True)
class Desk:
    """One chunk of a job at work: its stored histories, read in one query, and what fetching added or refused."""

    job: Job
    details: Sequence[JobDetail]
    now: datetime = field(default_factory=clock.now)
    configured: PriceSource = field(init=False)
    histories: dict[str, PriceHistory] = field(init=False)
    refusals: dict[str, PriceError] = field(init=False, default_factory=dict)
    breaks: dict[str, Failure] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        cache_folder = settings.DATA_DIR / "yfinance"
        self.configured = source_named(
            self.job.price_source,
            csv_folder=settings.CSV_PRICES_DIR or Path(),
            cache_folder=cache_folder,
            yahoo_url=settings.YAHOO_URL,
            pacer=YAHOO_PACER,
            seconds=TICKER_SECONDS,
        )
        wanted = {detail.stock_id: self.source_of(detail).name for detail in self.details}
        stored = PriceHistory.objects.filter(stock_id__in=wanted, source__in=set(wanted.values()))
        self.histories = {row.stock_id: row for row in stored if row.source == wanted[row.stock_id]}

    def source_of(self, detail: JobDetail) -> PriceSource:
        return source_for(detail.stock_id, self.configured)

    def expected_day(self, detail: JobDetail) -> date:
        """The newest session that the analysis can be about."""
        return last_closed_session(detail.stock_id, self._moment(detail.stock_id))

    def _moment(self, ticker: str) -> datetime:
        """When the analysis looks at the market; for a backfill, when its last one does."""
        return window.moment_of(ticker, self.job.as_of, self.now)

    def is_fresh(self, detail: JobDetail) -> bool:
        """Whether the stored bars reach from where the analysis begins to the expected day, so that none is fetched.

        They are not when their source is known to have changed them since.
        """
        history = self.histories.get(detail.stock_id)
        return (
            history is not None
            and history.last_session >= self.expected_day(detail)
            and self._is_long(history)
            and not self.source_of(detail).has_changed(detail.stock_id, history.fetched_at)
        )

    def _is_long(self, history: PriceHistory) -> bool:
        return history.asked_since <= self._since(history.stock_id) + SLACK

    def _since(self, ticker: str) -> date:
        """The first day that any analysis of the job looks at."""
        first_moment = window.moment_of(ticker, self.job.since or self.job.as_of, self.now)
        return window.first_day(ticker, first_moment)

    def fetch(self, details: Sequence[JobDetail]) -> None:
        """Bring the stored bars of these stocks up to date from their sources, with as few requests as that takes."""
        asked: dict[str, list[str]] = {}
        sources = {source.name: source for source in map(self.source_of, details)}
        for detail in details:
            asked.setdefault(self.source_of(detail).name, []).append(detail.stock_id)
        for name, tickers in asked.items():
            stored, learned = [], dict[str, Learned]()
            since = min(map(self._since, tickers))
            known = self._known(tickers)
            for ticker, answer in ask(sources[name], tickers, known, since, self.now).items():
                if isinstance(answer, PriceError):
                    self.refusals[ticker] = answer
                else:
                    first_day = self.histories[ticker].asked_since if ticker in known else since
                    stored.append(row_of(ticker, name, answer, first_day, self.now))
                    learned[ticker] = Learned(answer.name, currency_code(answer.currency))
            known_before = {detail.stock_id: detail.stock for detail in details}
            store(stored, {ticker: told for ticker, told in learned.items() if told.is_news_of(known_before[ticker])})
            self.histories |= {row.stock_id: row for row in stored}

    def _known(self, tickers: Sequence[str]) -> dict[str, History]:
        """The stored histories to which new sessions can be joined: they reach back far enough and can be read."""
        known = {}
        for ticker in tickers:
            row = self.histories.get(ticker)
            if row and self._is_long(row):
                try:
                    known[ticker] = row.as_history()
                except ValueError:
                    logger.exception("The stored bars of %s are damaged; fetching them anew", ticker)
        return known

    def is_paced(self, detail: JobDetail) -> bool:
        """Whether its source is asked over the network, at the installation's pace."""
        return is_paced(self.source_of(detail).name)

    def passing_refusal(self, detail: JobDetail) -> PriceError | None:
        """Why a paced source gave nothing, when that may pass by itself."""
        refusal = self.refusals.get(detail.stock_id)
        return refusal if refusal and refusal.kind in PASSING and self.is_paced(detail) else None

    def analyse(self, detail: JobDetail) -> Outcome:
        """What the engine finds for one stock; every failure is an outcome with its sentence, never an exception."""
        started = clock.now()
        failure = self.breaks.get(detail.stock_id)
        try:
            if failure is None:
                return self._analyse(detail, started)
        except PriceError as error:
            failure = Failure(ErrorKind(error.kind), error.message)
        except Exception as error:
            logger.exception("%s of job %s", detail.stock_id, self.job.pk)
            failure = _break(error)
        day = self.expected_day(detail)
        return Outcome(detail, day, self.source_of(detail).name, started, clock.now(), failure)

    def _analyse(self, detail: JobDetail, started: datetime) -> Outcome:
        ticker = detail.stock_id
        if refusal := self.refusals.get(ticker):
            raise refusal
        outcome = self._look(detail, self.histories[ticker].unpack(), self.job.as_of, started)
        if self.job.since and outcome.day < self.job.since:
            message = f"{ticker} has no session from {self.job.since} to {self.job.as_of}."
            raise PriceError(PriceErrorKind.NO_DATA, message, permanent=True)
        return outcome

    def past(self, detail: JobDetail) -> Iterator[Outcome]:
        """What an analysis as of each session of a backfill but the last would have found, oldest first.

        Sessions without a score are left out: why there is none is said of the last session alone. So are rows that the
        quality gate drops, for they are no sessions. What breaks one breaks the stock.
        """
        ticker = detail.stock_id
        if ticker in self.refusals or not self.job.since or not self.job.as_of:
            return
        try:
            bars = self.histories[ticker].unpack()
            days = np.unique(bars.until(self.job.as_of).session)[:-1]
            for day in days[days >= np.datetime64(self.job.since, "D")].astype(object):
                with suppress(PriceError):
                    outcome = self._look(detail, bars, day, clock.now())
                    if outcome.day == day:
                        yield replace(outcome, recent_closes=())
        except Exception as error:
            logger.exception("%s of job %s", ticker, self.job.pk)
            self.breaks[ticker] = _break(error)

    def _look(self, detail: JobDetail, bars: Bars, as_of: date | None, started: datetime) -> Outcome:
        """The outcome of an analysis that sees nothing after `as_of`, or all there is. Raises PriceError."""
        ticker, history = detail.stock_id, self.histories[detail.stock_id]
        moment = window.moment_of(ticker, as_of, self.now)
        bars = window.seen(bars, ticker, moment, as_of)
        if as_of and not len(bars):
            raise PriceError(PriceErrorKind.NO_DATA, f"{ticker} has no bars up to {as_of}.", permanent=True)
        checked = check(bars, ticker=ticker, now=moment, adjusted=history.adjusted)
        bars, strategy = checked.bars, STRATEGIES[self.job.strategy]
        found = assess(bars, strategy, decimals=detail.stock.decimals)
        noticed = (n for n in history.source_findings() if not (as_of and n.session and n.session > as_of))
        return Outcome(
            detail,
            day=bars.last_session,
            price_source=history.source,
            started_at=started,
            completed_at=clock.now(),
            found=_failure(found) if isinstance(found, NotEnoughHistory) else found,
            bar_count=len(bars),
            fingerprints=fingerprints(bars, strategy),
            findings=(*noticed, *checked.findings),
            recent_closes=tuple(float(f"{close:.6g}") for close in bars.close[-RECENT:]),
        )


def _break(error: Exception) -> Failure:
    return Failure(ErrorKind.INTERNAL, f"Internal error ({type(error).__name__}): {error}")


def _failure(lack: NotEnoughHistory) -> Failure:
    return Failure(ErrorKind.NOT_ENOUGH_HISTORY, f"{lack.message[:1].upper()}{lack.message[1:]}.")
