"""Changes: what a scheduled job found that was not so at the one before it: verdicts, plans that were hit, failures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np

from analysis.engine import Bars
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
SAME = 1e-4  # a close that differs by more was adjusted since


@dataclass(frozen=True, slots=True)
class VerdictChange:
    """A stock's verdict is another than it was; `why` is the votes that moved, empty where none are known."""

    stock: Stock
    before: str
    result: Result

    @property
    def why(self) -> str:
        return self.result.what_changed


@dataclass(frozen=True, slots=True)
class PlanHit:
    """A stock's plan has come to its end: the level that was touched, and in which session."""

    stock: Stock
    plan: Result
    is_target: bool
    level: float
    session: date


@dataclass(frozen=True, slots=True)
class Failure:
    """A stock that could not be analysed; `is_new` unless the scheduled job before failed of the same cause."""

    stock: Stock
    kind: str
    sentence: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed, of the stocks of one job, each in the order of their tickers."""

    verdicts: list[VerdictChange]
    hits: list[PlanHit]
    failures: list[Failure]

    def of(self, tickers: Collection[str]) -> Changes:
        """What of it is about these stocks."""
        return Changes(
            [change for change in self.verdicts if change.stock.pk in tickers],
            [hit for hit in self.hits if hit.stock.pk in tickers],
            [failure for failure in self.failures if failure.stock.pk in tickers],
        )

    @property
    def new_failures(self) -> dict[str, list[Failure]]:
        """What failed and had not before, by the cause in words."""
        kinds = defaultdict[str, list[Failure]](list)
        for failure in self.failures:
            if failure.is_new:
                kinds[ErrorKind(failure.kind).label].append(failure)
        return dict(kinds)

    @property
    def still_failing(self) -> int:
        return sum(not failure.is_new for failure in self.failures)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is new: what fails as it did before is not."""
        return not (self.verdicts or self.hits or self.new_failures)


def changes_of(job: Job, tickers: Collection[str]) -> Changes:
    """Compare what a job found about these stocks with what was known at the scheduled job before it."""
    run = ScheduledRun.objects.filter(job=job).order_by("-session").first()
    before = None
    if run:
        earlier = ScheduledRun.objects.filter(schedule_id=run.schedule_id, session__lt=run.session, job__isnull=False)
        before = earlier.order_by("-session").first()
    details = list(job.details.filter(stock__in=tickers).select_related("stock").order_by("stock_id"))
    verdicts: list[VerdictChange] = []
    hits: list[PlanHit] = []
    completed = [detail for detail in details if detail.status == DetailStatus.COMPLETED and detail.day]
    for detail, results in _with_results(completed):
        newest = results[-1]
        known = [result for result in results[:-1] if before is None or result.day <= before.session] or results[:-1]
        if not known:  # a first verdict is no change
            continue
        last = known[-1]
        if last.verdict != newest.verdict:
            verdicts.append(VerdictChange(detail.stock, last.verdict, newest))
        hits += _hits(detail.stock, results, after=last.day)
    return Changes(verdicts, hits, _failures(details, before.job if before else None))


def _with_results(details: list[JobDetail]) -> Iterator[tuple[JobDetail, list[Result]]]:
    """Each stock with its results up to the job's, of the same strategy, oldest first."""
    if not details:
        return
    days = [detail.day for detail in details if detail.day]
    by_stock = defaultdict[str, list[Result]](list)
    rows = Result.objects.completed().filter(
        stock__in=[detail.stock_id for detail in details], day__gte=min(days) - LOOK_BACK, day__lte=max(days)
    )
    for result in rows.order_by("stock_id", "day"):
        by_stock[result.stock_id].append(result)
    for detail in details:
        known = [result for result in by_stock[detail.stock_id] if detail.day and result.day <= detail.day]
        if known and known[-1].day == detail.day:
            yield detail, [result for result in known if result.strategy == known[-1].strategy]


def _hits(stock: Stock, results: list[Result], *, after: date) -> list[PlanHit]:
    """The plans that came to their end after a day. A plan holds until it is hit or the verdict leaves its side."""
    if not any(result.plan for result in results[:-1]):
        return []
    history = PriceHistory.objects.filter(stock=stock, source=results[-1].price_source).first()
    bars = history.unpack().until(results[-1].day) if history else None
    found, plan = list[PlanHit](), None
    for result, following in pairwise(results):
        if bars is None:
            break
        if plan is None or plan.side != result.side:
            plan = result if result.plan else None
        if plan and (hit := _hit(stock, plan, bars, since=result.day, until=following.day)):
            found.append(hit)
            plan = None
    return [hit for hit in found if hit.session > after]


def _hit(stock: Stock, plan: Result, bars: Bars, *, since: date, until: date) -> PlanHit | None:
    """The end of a plan in the sessions after one day up to another; the stop counts first in a bar that has both.

    A bar that opens beyond the target has reached it before anything else. Levels move with the prices where these
    were adjusted since.
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
    is_long = plan.side == "long"
    first = int(np.searchsorted(bars.session, np.datetime64(since, "D"), side="right"))
    last = int(np.searchsorted(bars.session, np.datetime64(until, "D"), side="right"))
    for n in range(first, last):
        worst, best = (bars.low[n], bars.high[n]) if is_long else (-bars.high[n], -bars.low[n])
        opened, sign = (bars.open[n], 1) if is_long else (-bars.open[n], -1)
        session: date = bars.session[n].astype(object)
        if opened >= sign * target or (best >= sign * target and worst > sign * stop):
            return PlanHit(stock, plan, is_target=True, level=target, session=session)
        if worst <= sign * stop:
            return PlanHit(stock, plan, is_target=False, level=stop, session=session)
    return None


def _failures(details: list[JobDetail], before: Job | None) -> list[Failure]:
    failed = [detail for detail in details if detail.status == DetailStatus.FAILED]
    earlier = JobDetail.objects.filter(job=before, status=DetailStatus.FAILED) if before else JobDetail.objects.none()
    known = set(earlier.values_list("stock_id", "error_kind"))
    return [
        Failure(
            detail.stock,
            detail.error_kind,
            detail.error_message,
            is_new=(detail.stock_id, detail.error_kind) not in known,
        )
        for detail in failed
    ]
