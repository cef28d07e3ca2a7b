"""Changes: the differences between two scheduled runs: changed verdicts, hit plans, failed stocks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import batched, pairwise

import numpy as np

from analysis.engine.bars import Bars
from analysis.engine.exits import ExitReason, first_exit
from analysis.engine.plan import Plan
from analysis.engine.verdict import Side
from analysis.models import (
    DetailStatus,
    ErrorKind,
    Job,
    JobDetail,
    PriceHistory,
    Result,
    ScheduledRun,
    Stock,
)

LOOK_BACK = timedelta(days=120)
AT_ONCE = 200  # stocks
SAME = 1e-4  # a close that differs by a larger part was adjusted since


@dataclass(frozen=True, slots=True)
class VerdictChange:
    """A stock's verdict is another than it was; `why` is the signals that changed, empty where none are known.

    With `long_only` its reader sees no plan of a short.
    """

    stock: Stock
    before: str
    result: Result
    long_only: bool = False

    @property
    def why(self) -> str:
        return self.result.what_changed

    @property
    def plan(self) -> Plan | None:
        """Return the plan that the reader sees."""
        return None if self.is_to_avoid else self.result.plan

    @property
    def is_to_avoid(self) -> bool:
        """Return whether the plan is a short, which the reader does not trade."""
        return self.long_only and self.result.side == Side.SHORT


@dataclass(frozen=True, slots=True)
class PlanHit:
    """The end of a stock's plan: the level that was reached, and the session."""

    stock: Stock
    plan: Result
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
    """The changes among the stocks of one run, each kind in the order of tickers."""

    verdicts: list[VerdictChange]
    hits: list[PlanHit]
    failures: list[FailedStock]

    def of(self, tickers: Collection[str], *, long_only: bool = False) -> Changes:
        """Return the changes of these stocks, for a reader who trades long only or both ways."""
        hits = [hit for hit in self.hits if not (long_only and hit.plan.side == Side.SHORT)]
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


def changes_of(job: Job, tickers: Collection[str]) -> Changes:
    """Compare the results of a run for these stocks with those of the previous scheduled run.

    `job` is the first job of the run; the others are parts of it. Demo stocks are left out once there are real ones.
    """
    before = _previous_run(job)
    own = Stock.objects.filter(pk__in=tickers).without_demo()
    of_run = JobDetail.objects.of_run(job.pk).filter(stock__in=own)
    details = list(of_run.select_related("stock", "job").order_by("stock_id"))
    known = {detail.stock_id: detail for detail in JobDetail.objects.of_run(before.job_id)} if before else {}
    verdicts: list[VerdictChange] = []
    hits: list[PlanHit] = []
    for detail, results, bars in _details_with_results(
        [one for one in details if one.status == DetailStatus.COMPLETED and one.day]
    ):
        newest, earlier = results[-1], known.get(detail.stock_id)
        reported = _last_reported(newest, before, earlier)
        if reported >= newest.day or len(results) == 1:  # no new session, or a first verdict, which is no change
            continue
        last = [result for result in results[:-1] if result.day <= reported][-1:] or results[-2:-1]
        if last[0].verdict != newest.verdict:
            verdicts.append(VerdictChange(detail.stock, last[0].verdict, newest))
        hits += _find_hits(detail.stock, results, bars, after=last[0].day)
    return Changes(verdicts, hits, _failed_stocks(details, known))


def _previous_run(job: Job) -> ScheduledRun | None:
    """Return the previous scheduled run of the same exchange that had a job; None if there is none."""
    run = ScheduledRun.objects.filter(job=job).order_by("-session").first()
    if run is None:
        return None
    earlier = ScheduledRun.objects.filter(schedule_id=run.schedule_id, session__lt=run.session, job__isnull=False)
    return earlier.select_related("job").order_by("-session").first()


def _last_reported(newest: Result, before: ScheduledRun | None, earlier: JobDetail | None) -> date:
    """Return the session up to which a stock's results were reported before."""
    if earlier and earlier.status == DetailStatus.COMPLETED and earlier.day:
        return earlier.day
    day_before = newest.day - timedelta(days=1)
    return min(before.session, day_before) if before else day_before


def _details_with_results(details: list[JobDetail]) -> Iterator[tuple[JobDetail, list[Result], Bars | None]]:
    """Yield each stock with its results up to the job's, of one strategy, oldest first, and bars if it has a plan."""
    for some in batched(details, AT_ONCE):
        by_stock = defaultdict[str, list[Result]](list)
        days = [detail.day for detail in some if detail.day]
        rows = Result.objects.completed().filter(
            stock__in=[detail.stock_id for detail in some], day__gte=min(days) - LOOK_BACK, day__lte=max(days)
        )
        for result in rows.order_by("stock_id", "day"):
            by_stock[result.stock_id].append(result)
        planned = [ticker for ticker, results in by_stock.items() if any(result.plan for result in results[:-1])]
        stored = PriceHistory.objects.filter(stock__in=planned).defer("findings")
        histories = {(history.stock_id, history.source): history for history in stored}
        for detail in some:
            known = [result for result in by_stock[detail.stock_id] if detail.day and result.day <= detail.day]
            if known and known[-1].day == detail.day:
                history = histories.get((detail.stock_id, known[-1].price_source))
                bars = history.unpack().until(known[-1].day) if history else None
                yield detail, [result for result in known if result.strategy == known[-1].strategy], bars


def _find_hits(stock: Stock, results: list[Result], bars: Bars | None, *, after: date) -> list[PlanHit]:
    """Return the plans that ended after a day. A plan is valid until it is hit or the verdict leaves its side."""
    if bars is None:
        return []
    hits, plan = list[PlanHit](), None
    for result, following in pairwise(results):
        if plan is None or plan.side != result.side:
            plan = result if result.plan else None
        if plan and (hit := _find_hit(stock, plan, bars, since=result.day, until=following.day)):
            hits.append(hit)
            plan = None
    return [hit for hit in hits if hit.session > after]


def _find_hit(stock: Stock, plan: Result, bars: Bars, *, since: date, until: date) -> PlanHit | None:
    """Return the end of a plan in the sessions after one day up to another; None if it did not end in them.

    Levels are scaled with the prices if these were adjusted since.
    """
    given = int(np.searchsorted(bars.session, np.datetime64(plan.day, "D")))
    if given >= len(bars) or bars.session[given] != np.datetime64(plan.day, "D"):
        return None
    planned = plan.plan
    if planned is None or not plan.close:
        return None
    ratio = float(bars.close[given]) / plan.close
    ratio = ratio if abs(ratio - 1) > SAME else 1.0
    stop, target = planned.stop * ratio, planned.target * ratio
    first, last = np.searchsorted(bars.session, np.array([since, until], "datetime64[D]"), side="right")
    ending = first_exit(bars[first:last], planned.side, stop=stop, target=target)
    if ending is None:
        return None
    ended, is_target = first + ending[0], ending[1] is ExitReason.TARGET
    session: date = bars.session[ended].astype(object)
    return PlanHit(stock, plan, is_target=is_target, level=target if is_target else stop, session=session)


def _failed_stocks(details: list[JobDetail], known: dict[str, JobDetail]) -> list[FailedStock]:
    """Return failed stocks and those that a deadline cancelled, but not those that a person cancelled."""
    failures = []
    for detail in details:
        is_new = not _has_failed_before(detail, known)
        if detail.status == DetailStatus.FAILED:
            failures.append(FailedStock(detail.stock, detail.error_kind, detail.error_message, is_new=is_new))
        elif detail.status == DetailStatus.CANCELLED and detail.job.error_message:
            sentence = f"The job was ended before it got there. {detail.job.error_message}"
            failures.append(FailedStock(detail.stock, ErrorKind.TIMEOUT, sentence, is_new=is_new))
    return failures


def _has_failed_before(detail: JobDetail, known: dict[str, JobDetail]) -> bool:
    earlier = known.get(detail.stock_id)
    return bool(earlier and (earlier.status, earlier.error_kind) == (detail.status, detail.error_kind))
