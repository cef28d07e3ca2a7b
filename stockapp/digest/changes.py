"""Changes: the differences between two scheduled runs, by a reader's strategy: verdicts, hit plans, failed stocks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import batched, pairwise

import numpy as np

from analysis.engine.bars import Bars
from analysis.engine.exits import ExitReason, first_exit
from analysis.engine.plan import Plan
from analysis.engine.verdict import Side
from analysis.models import (
    ErrorKind,
    Job,
    PriceHistory,
    Rating,
    Result,
    ScheduledRun,
    Stock,
)
from stockapp.digest.run_outcomes import RunOutcome, read_outcomes

LOOK_BACK = timedelta(days=120)
AT_ONCE = 200  # stocks
SAME = 1e-4  # a close that differs by a larger part was adjusted since


@dataclass(frozen=True, slots=True)
class VerdictChange:
    """A stock's verdict is another than it was; `why` is the signals that changed, empty where none are known.

    `rating` is that of `result` by the reader's strategy. With `long_only` the reader sees no plan of a short.
    """

    stock: Stock
    before: str
    result: Result
    rating: Rating
    long_only: bool = False

    @property
    def why(self) -> str:
        return self.rating.what_changed

    @property
    def week(self) -> str:
        """Return how the new verdict goes with the weekly one, which is context; empty where there is no weekly one."""
        return self.rating.weekly_note if self.rating.weekly_verdict else ""

    @property
    def plan(self) -> Plan | None:
        """Return the plan that the reader sees."""
        return None if self.is_to_avoid else self.rating.plan

    @property
    def is_to_avoid(self) -> bool:
        """Return whether the plan is a short, which the reader does not trade."""
        return self.long_only and self.rating.side == Side.SHORT


@dataclass(frozen=True, slots=True)
class PlanHit:
    """The end of the plan of a result's rating: the level that was reached, and the session."""

    stock: Stock
    result: Result
    rating: Rating
    is_target: bool
    level: float
    session: date


@dataclass(frozen=True, slots=True)
class FailedStock:
    """A stock that could not be analysed; `is_new` unless the previous scheduled run failed for the same cause."""

    stock: Stock
    kind: str
    sentence: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes among the stocks of one run by one strategy, each kind in the order of tickers."""

    verdicts: list[VerdictChange]
    hits: list[PlanHit]
    failures: list[FailedStock]

    def of(self, tickers: Collection[str], *, long_only: bool = False) -> Changes:
        """Return the changes of these stocks, for a reader who trades long only or both ways."""
        hits = [hit for hit in self.hits if not (long_only and hit.rating.side == Side.SHORT)]
        return Changes(
            [replace(change, long_only=long_only) for change in self.verdicts if change.stock.pk in tickers],
            [hit for hit in hits if hit.stock.pk in tickers],
            [failure for failure in self.failures if failure.stock.pk in tickers],
        )

    @property
    def new_failures(self) -> dict[str, list[FailedStock]]:
        """Return the stocks that failed now and not before, by the label of the cause."""
        kinds = defaultdict[str, list[FailedStock]](list)
        for failure in self.failures:
            if failure.is_new:
                kinds[ErrorKind(failure.kind).label].append(failure)
        return dict(kinds)

    @property
    def still_failing(self) -> int:
        return sum(not failure.is_new for failure in self.failures)

    @property
    def is_empty(self) -> bool:
        """Return whether nothing is new; a stock that failed before for the same cause is not."""
        return not (self.verdicts or self.hits or self.new_failures)


def changes_of(job: Job, tickers: Collection[str], strategy: str) -> Changes:
    """Compare a run's results for these stocks with those of the previous scheduled run, as a strategy rates both.

    The strategy of the run's jobs does not matter: a job rates by every strategy in use. `job` is the first job of the
    run; the others are parts of it. Demo stocks are left out once there are real ones.
    """
    before = _previous_run(job)
    own = Stock.objects.filter(pk__in=tickers).without_demo()
    outcomes = read_outcomes(job.pk, own, strategy)
    known = {one.detail.stock_id: one for one in read_outcomes(before.job_id if before else None, own, strategy)}
    verdicts: list[VerdictChange] = []
    hits: list[PlanHit] = []
    for stock, results, bars in _stocks_with_results(outcomes, strategy):
        newest, rating = results[-1], results[-1].rating
        base = _find_base(results, _last_reported(newest, before, known.get(stock.pk)))
        if base is None or base.rating is None or rating is None:
            continue
        if base.rating.verdict != rating.verdict:
            verdicts.append(VerdictChange(stock, base.rating.verdict, newest, rating))
        hits += _find_hits(stock, results, bars, after=base.day)
    return Changes(verdicts, hits, _failed_stocks(outcomes, known))


def _previous_run(job: Job) -> ScheduledRun | None:
    """Return the previous scheduled run of the same exchange that had a job; None if there is none."""
    run = ScheduledRun.objects.filter(job=job).order_by("-session").first()
    if run is None:
        return None
    earlier = ScheduledRun.objects.filter(schedule_id=run.schedule_id, session__lt=run.session, job__isnull=False)
    return earlier.select_related("job").order_by("-session").first()


def _last_reported(newest: Result, before: ScheduledRun | None, earlier: RunOutcome | None) -> date:
    """Return the session up to which a stock's results were reported before."""
    if earlier and earlier.day:
        return earlier.day
    day_before = newest.day - timedelta(days=1)
    return min(before.session, day_before) if before else day_before


def _find_base(results: list[Result], reported: date) -> Result | None:
    """Return the result to compare the newest one with; None if that is of no new session, or a first one.

    If the strategy has not rated it, the strategy was chosen later, and there is nothing to compare either.
    """
    *earlier, newest = results
    if reported >= newest.day or not earlier:
        return None
    return next((result for result in reversed(earlier) if result.day <= reported), earlier[-1])


def _stocks_with_results(
    outcomes: list[RunOutcome], strategy: str
) -> Iterator[tuple[Stock, list[Result], Bars | None]]:
    """Yield each stock to whose result a strategy gives a score, with its results, and bars if one has a plan."""
    for some in batched([outcome for outcome in outcomes if outcome.day], AT_ONCE):
        by_stock = _read_results(some, strategy)
        planned = [ticker for ticker, results in by_stock.items() if any(map(_has_plan, results[:-1]))]
        stored = PriceHistory.objects.filter(stock__in=planned).defer("findings")
        histories = {(history.stock_id, history.source): history for history in stored}
        for outcome in some:
            if results := by_stock.get(outcome.detail.stock_id):
                history = histories.get((outcome.detail.stock_id, results[-1].price_source))
                bars = history.unpack().until(results[-1].day) if history else None
                yield outcome.detail.stock, results, bars


def _read_results(outcomes: Iterable[RunOutcome], strategy: str) -> dict[str, list[Result]]:
    """Return the results of each stock to whose result in the run a strategy gives a score, up to it, oldest first.

    Earlier ones may have no rating by the strategy; those that it has rated without a score are left out.
    """
    days = {outcome.detail.stock_id: outcome.day for outcome in outcomes if outcome.day}
    first, last = min(days.values()) - LOOK_BACK, max(days.values())
    rows = Result.objects.completed().filter(stock__in=days, day__gte=first, day__lte=last)
    by_stock = defaultdict[str, list[Result]](list)
    for result in rows.with_rating(strategy).order_by("stock_id", "day"):
        has_no_score = result.rating is not None and result.rating.score is None
        if result.day <= days[result.stock_id] and not has_no_score:
            by_stock[result.stock_id].append(result)
    return {
        ticker: results
        for ticker, results in by_stock.items()
        if results[-1].rating and results[-1].day == days[ticker]
    }


def _has_plan(result: Result) -> bool:
    return result.rating is not None and result.rating.plan is not None


def _find_hits(stock: Stock, results: list[Result], bars: Bars | None, *, after: date) -> list[PlanHit]:
    """Return the plans that ended after a day. A plan is valid until it is hit or the verdict leaves its side."""
    if bars is None:
        return []
    rated = [(result, result.rating) for result in results if result.rating]
    hits, plan = list[PlanHit](), None
    for (result, rating), (following, _) in pairwise(rated):
        if plan is None or plan[1].side != rating.side:
            plan = (result, rating) if rating.plan else None
        if plan and (hit := _find_hit(stock, *plan, bars, since=result.day, until=following.day)):
            hits.append(hit)
            plan = None
    return [hit for hit in hits if hit.session > after]


def _find_hit(stock: Stock, result: Result, rating: Rating, bars: Bars, *, since: date, until: date) -> PlanHit | None:
    """Return the end of a rating's plan in the sessions after one day up to another; None if it did not end in them.

    Levels are scaled with the prices if these were adjusted since.
    """
    given = int(np.searchsorted(bars.session, np.datetime64(result.day, "D")))
    if given >= len(bars) or bars.session[given] != np.datetime64(result.day, "D"):
        return None
    plan = rating.plan
    if plan is None or not result.close:
        return None
    ratio = float(bars.close[given]) / result.close
    ratio = ratio if abs(ratio - 1) > SAME else 1.0
    stop, target = plan.stop * ratio, plan.target * ratio
    first, last = np.searchsorted(bars.session, np.array([since, until], "datetime64[D]"), side="right")
    ending = first_exit(bars[first:last], plan.side, stop=stop, target=target)
    if ending is None:
        return None
    ended, is_target = first + ending[0], ending[1] is ExitReason.TARGET
    session: date = bars.session[ended].astype(object)
    return PlanHit(stock, result, rating, is_target=is_target, level=target if is_target else stop, session=session)


def _failed_stocks(outcomes: list[RunOutcome], known: dict[str, RunOutcome]) -> list[FailedStock]:
    failures = []
    for outcome in outcomes:
        if outcome.kind:
            stock, earlier = outcome.detail.stock, known.get(outcome.detail.stock_id)
            is_new = earlier is None or earlier.kind != outcome.kind
            failures.append(FailedStock(stock, outcome.kind, outcome.sentence, is_new=is_new))
    return failures
