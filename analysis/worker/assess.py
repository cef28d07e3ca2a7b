"""Assess: the engine's assessment of a stock's bars, as an outcome to be stored."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime

import numpy as np

from analysis import clock, histories
from analysis.engine.assess import assess_all
from analysis.engine.assessment import Assessment, NotEnoughHistory
from analysis.engine.bars import Bars
from analysis.engine.fingerprint import fingerprints
from analysis.engine.periods import WeeklyVerdict, weekly_verdicts
from analysis.engine.strategy import Strategy
from analysis.models import ErrorKind, JobDetail, PriceHistory
from analysis.prices.checked_bars import CheckedBars
from analysis.prices.instruments import Instrument
from analysis.prices.missing_sessions import describe_missing
from analysis.prices.periods import completed_weeks
from analysis.prices.port import Finding, PriceError, PriceErrorKind
from analysis.worker.bars import BarLoader

logger = logging.getLogger(__name__)

LONGEST_MESSAGE = 500
RECENT_SESSIONS = 30  # closes that a list draws as a line


@dataclass(frozen=True, slots=True)
class Failure:
    """The reason why a stock has no result: a kind to count by and a sentence to read."""

    kind: ErrorKind
    message: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", self.message[:LONGEST_MESSAGE])

    @classmethod
    def unexpected(cls, error: Exception) -> "Failure":
        return cls(ErrorKind.INTERNAL, f"Internal error ({type(error).__name__}): {error}")


@dataclass(frozen=True, slots=True)
class StrategyOutcome:
    """One strategy's assessment, or the lack of history for it, and its verdict over completed weeks.

    `caution` is why the assessment may rest on wrong prices.
    """

    assessment: Assessment | NotEnoughHistory
    weekly: WeeklyVerdict
    caution: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The assessments by strategy of one detail, or its failure; `day` is the session that it is about.

    `change_sessions` is the number of sessions that the change from the previous close to that day's spans.
    `fingerprints` are those of the job's strategy.
    """

    detail: JobDetail
    day: date
    price_source: str
    started_at: datetime
    completed_at: datetime
    ratings: Mapping[str, StrategyOutcome] = field(default_factory=dict)
    failure: Failure | None = None
    bar_count: int = 0
    fingerprints: dict[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    recent_closes: tuple[float, ...] = ()
    close: float | None = None
    previous_close: float | None = None
    change_sessions: int = 1

    @property
    def assessments(self) -> list[Assessment]:
        """Return the assessments of the strategies that have a score."""
        found = (outcome.assessment for outcome in self.ratings.values())
        return [assessment for assessment in found if isinstance(assessment, Assessment)]

    @property
    def is_rated(self) -> bool:
        """Return whether a strategy has a score."""
        return bool(self.assessments)

    @property
    def has_result(self) -> bool:
        """Return whether the stock is analysed: a strategy has a score, or it is too young for each of them."""
        lacks = [rating.assessment for rating in self.ratings.values()]
        return self.is_rated or (
            bool(lacks) and all(isinstance(lack, NotEnoughHistory) and lack.is_too_young for lack in lacks)
        )

    def answer_for(self, strategy: str) -> Assessment | Failure:
        """Return a strategy's assessment, or why there is none."""
        if self.failure:
            return self.failure
        assessment = self.ratings[strategy].assessment
        return _failure_of(assessment) if isinstance(assessment, NotEnoughHistory) else assessment


class AssessmentError(Exception):
    """Unexpected failure of the assessment of a past session; the cause is logged."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(str(outcome.failure))
        self.outcome = outcome


def assess_stock(loader: BarLoader, detail: JobDetail) -> Outcome:
    """Return the outcome of a stock's analysis; every failure is an outcome with its sentence, never an exception."""
    started = clock.now()
    try:
        return _assess_latest(loader, detail, started)
    except PriceError as error:
        failure = Failure(ErrorKind(error.kind), error.message)
    except Exception as error:
        logger.exception("%s of job %s", detail.stock_id, loader.job.pk)
        failure = Failure.unexpected(error)
    return _failed_outcome(loader, detail, started, failure)


def assess_past_sessions(loader: BarLoader, detail: JobDetail) -> Iterator[Outcome]:
    """Yield the outcome of an analysis as of each session of a backfill but the last, oldest first.

    Sessions without any score are left out, because the last session alone says why there is none, and so are rows that
    the quality gate drops, for they are no sessions. Raise AssessmentError where one session fails unexpectedly.
    """
    ticker, job, started = detail.stock_id, loader.job, clock.now()
    assert job.since  # noqa: S101
    assert job.as_of  # noqa: S101
    try:
        history = loader.history_of(ticker)
        bars = history.unpack()
        days = np.unique(bars.until(job.as_of).session)[:-1]
        for day in days[days >= np.datetime64(job.since, "D")].astype(object):
            with suppress(PriceError):
                outcome = _assess_bars(loader, detail, history, bars, day, clock.now())
                if outcome.day == day and outcome.is_rated:
                    yield replace(outcome, recent_closes=())
    except PriceError:  # of the whole stock: the outcome of the last session says so
        return
    except Exception as error:
        logger.exception("%s of job %s", ticker, job.pk)
        raise AssessmentError(_failed_outcome(loader, detail, started, Failure.unexpected(error))) from error


def _assess_latest(loader: BarLoader, detail: JobDetail, started: datetime) -> Outcome:
    job, ticker = loader.job, detail.stock_id
    history = loader.history_of(ticker)
    outcome = _assess_bars(loader, detail, history, history.unpack(), job.as_of, started)
    if job.since and outcome.day < job.since:
        message = f"{ticker} has no session from {job.since} to {job.as_of}."
        raise PriceError(PriceErrorKind.NO_DATA, message, permanent=True)
    return outcome


def _assess_bars(
    loader: BarLoader, detail: JobDetail, history: PriceHistory, bars: Bars, as_of: date | None, started: datetime
) -> Outcome:
    """Return the outcome of an analysis that uses no bar after `as_of`, if one is given. Raise PriceError."""
    instrument = detail.stock.instrument
    moment = histories.moment_of(instrument.exchange, as_of, loader.now)
    bars = histories.select_bars(bars, instrument.exchange, moment, as_of)
    if as_of and not len(bars):
        raise PriceError(PriceErrorKind.NO_DATA, f"{instrument.ticker} has no bars up to {as_of}.", permanent=True)
    checked = histories.check_history(history, bars, instrument, moment)
    bars = checked.bars
    of_source = [one for one in history.source_findings() if not (as_of and one.session and one.session > as_of)]
    missing = [one for one in history.read_missing() if not (as_of and one.session > as_of)]
    of_source += describe_missing(missing, history.get_source_display(), instrument.exchange)
    return Outcome(
        detail,
        day=bars.last_session,
        price_source=history.source,
        started_at=started,
        completed_at=clock.now(),
        ratings=rate_bars(checked, loader.strategies, instrument),
        bar_count=len(bars),
        fingerprints=fingerprints(bars, loader.strategy, source=history.source, doubtful=checked.doubtful),
        findings=(*of_source, *loader.findings_about_sources(instrument.ticker, bars), *checked.findings),
        close=float(bars.close[-1]),
        previous_close=float(bars.close[-2]) if len(bars) > 1 else None,
        change_sessions=checked.change_spans(instrument.exchange)[-1],
        recent_closes=tuple(float(f"{close:.6g}") for close in bars.close[-RECENT_SESSIONS:]),
    )


def rate_bars(
    checked: CheckedBars, strategies: Sequence[Strategy], instrument: Instrument
) -> dict[str, StrategyOutcome]:
    """Return each strategy's outcome for the last session, by its key; the strategies share every series."""
    decimals = instrument.decimals_at(float(checked.bars.close[-1]))
    obstacle = histories.obstacle_to_plan(checked)
    assessments = assess_all(checked.series, strategies, decimals=decimals, obstacle=obstacle)
    weekly = weekly_verdicts(completed_weeks(checked, instrument.exchange), strategies)
    return {
        strategy.key: StrategyOutcome(assessment, week, checked.caution_within(strategy.longest_window))
        for strategy, assessment, week in zip(strategies, assessments, weekly, strict=True)
    }


def _failed_outcome(loader: BarLoader, detail: JobDetail, started: datetime, failure: Failure) -> Outcome:
    ticker = detail.stock_id
    source = loader.source_name_of(ticker)
    return Outcome(detail, loader.expected_day(ticker), source, started, clock.now(), failure=failure)


def _failure_of(lack: NotEnoughHistory) -> Failure:
    return Failure(ErrorKind.NOT_ENOUGH_HISTORY, lack.sentence)
