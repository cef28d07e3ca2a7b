"""Reruns: sessions whose numbers differ from those of the previous run, and the inputs that changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from analysis.engine.fingerprint import differences
from analysis.models import DetailStatus, JobDetail, Result

PLAN = ("side", "entry", "stop", "target", "close")
DETAILS_READ = 500
PARTS_IN_WORDS = {"source": "the price source"}


@dataclass(frozen=True)
class RunDifference:
    """The details of two runs of one session, the later and the earlier one."""

    now: JobDetail
    before: JobDetail

    @property
    def is_different(self) -> bool:
        return _compared_numbers(self.now) != _compared_numbers(self.before)

    @property
    def changed(self) -> str:
        """Return in words which inputs changed."""
        now, before = ((detail.found or {}).get("fingerprints") for detail in (self.now, self.before))
        if not now or not before:
            return "what changed is not known, for one of the two runs kept no fingerprint"
        parts = [PARTS_IN_WORDS.get(part, f"the {part}") for part in differences(before, now)]
        if not parts:
            return "neither the price source, the bars, the parameters nor the engine changed"
        return f"{' and '.join(parts)} changed"


def reruns_of(stock: str, results: Iterable[Result], strategy: str) -> dict[date, RunDifference]:
    """Return the reruns by a strategy whose numbers differ from those of its previous run, by session; one query."""
    jobs = {result.day: result.job_id for result in results}
    if not jobs:
        return {}
    by_strategy = JobDetail.objects.filter(stock=stock, job__strategy=strategy)
    ended = by_strategy.filter(status=DetailStatus.COMPLETED, day__gte=min(jobs))
    details = [d for d in ended.select_related("job").order_by("-pk")[:DETAILS_READ] if d.day in jobs]
    reruns = {}
    details.sort(
        key=lambda detail: (detail.day, detail.completed_at), reverse=True
    )  # a small job overtakes a large one
    for day, runs in groupby(details, key=lambda detail: detail.day):
        newest_first = list(runs)
        own = [n for n, detail in enumerate(newest_first) if day and detail.job_id == jobs[day]]
        if day and own and own[0] + 1 < len(newest_first):
            rerun = RunDifference(newest_first[own[0]], newest_first[own[0] + 1])
            if rerun.is_different:
                reruns[day] = rerun
    return reruns


def _compared_numbers(detail: JobDetail) -> tuple[object, ...]:
    stored = detail.found or {}
    return (detail.score, detail.raw_verdict, detail.verdict, *(stored.get(name) for name in PLAN))
