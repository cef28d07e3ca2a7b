"""Refresh: the track record of every strategy over all stored bars, computed in the background and stored.

A record covers every stored history of one source, those of stocks that have left their lists included, to avoid a
survivorship bias. Demo companies count only where there is no real stock: a record of them is computed again as soon as
there is one, and its page says until then that its prices are invented.
"""

import logging
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Exists, F, Max, Q, Value, When

from analysis import clock, queue
from analysis.background import BackgroundSlice
from analysis.db import transactional
from analysis.engine.strategies import STRATEGIES
from analysis.engine.strategy_record import RecordsChanged
from analysis.models import PriceSourceName, Stock, StrategyRecord
from analysis.models.records import StrategyRecordQuerySet
from analysis.timing import TIMING
from analysis.track_records.batch import RecordBatch, source_of_records

REFRESH = "analysis.track_records.refresh.refresh"
REST = timedelta(minutes=10)
ATTEMPTS = 3

logger = logging.getLogger(__name__)


@transactional
def request_records() -> None:
    """Request that every strategy's record is computed anew; the message commits with the caller's rows."""
    StrategyRecord.objects.bulk_create([StrategyRecord(strategy=key) for key in STRATEGIES], ignore_conflicts=True)
    StrategyRecord.objects.filter(strategy__in=STRATEGIES).update(requested_at=clock.now())
    queue.enqueue(REFRESH)


def may_request_records() -> bool:
    """Return whether a person may request: no record is being computed, and the latest is ten minutes old."""
    records = StrategyRecord.objects.filter(strategy__in=STRATEGIES)
    if records.filter(requested_at__isnull=False).exists():
        return False
    newest: datetime | None = records.aggregate(Max("computed_at"))["computed_at__max"]
    return newest is None or clock.now() - newest > REST


@transactional
def request_outdated() -> bool:
    """Request the records anew if one is of the demo market and there is a real stock. Return whether it is so.

    Called regularly by every worker, as `wake_stalled` is.
    """
    current = StrategyRecord.objects.filter(strategy__in=STRATEGIES, requested_at__isnull=True)
    is_outdated = current.filter(Exists(Stock.objects.real()), price_source=PriceSourceName.DEMO).exists()
    if is_outdated:
        request_records()
    return is_outdated


@transactional
def wake_stalled() -> int:
    """Queue a refresh if records were requested long ago and no process computes them. Return how many records."""
    now = clock.now()
    long_ago = now - TIMING.lease
    not_woken = Q(woken_at__isnull=True) | Q(woken_at__lt=long_ago)
    woken = _claimable(now).filter(not_woken, requested_at__lt=long_ago).update(woken_at=now)
    if woken:
        queue.enqueue(REFRESH)
    return woken


def refresh(*, seconds: float = TIMING.slice.total_seconds()) -> bool:
    """Compute the requested records, or a part of them. Return whether they are done. The queue calls it.

    The process that gets the lease computes, so any number of messages is harmless. When the time is over, a stock
    waits or the worker has to stop, the partial record is stored and a message is queued for the rest.
    """
    token = uuid.uuid4()
    rows = _claim_records(token)
    if not rows:
        return False
    background = BackgroundSlice(seconds)
    batch = RecordBatch.resume(rows) or RecordBatch.start(rows)
    try:
        for is_long_part in batch.steps():
            if background.is_over():
                _save_partial(token, batch)
                return False
            if is_long_part and not _renew_lease(token):
                return False
    except RecordsChanged:
        _start_again(token)
        return False
    except OSError as error:
        logger.exception("The records cannot be computed")
        _give_up(token, f"The folder “records” in DATA_DIR cannot be used: {error.strerror}.")
        return False
    return _save_records(token, batch, batch.results())


def compute_records() -> list[StrategyRecord]:
    """Compute and store every strategy's record now, in this process.

    Raise RecordsChanged if other processes store records of other bars all the while, and OSError if the files cannot
    be written.
    """
    for attempt in range(ATTEMPTS):
        batch = RecordBatch(source_of_records())
        try:
            for _ in batch.steps():
                pass
            break
        except RecordsChanged:
            if attempt == ATTEMPTS - 1:
                raise
    return [
        StrategyRecord.objects.update_or_create(strategy=key, defaults=fields)[0]
        for key, fields in batch.results().items()
    ]


@transactional
def _claim_records(token: uuid.UUID) -> list[StrategyRecord]:
    now = clock.now()
    _claimable(now).lease(token, now + TIMING.lease)
    return list(StrategyRecord.objects.held_by(token))


@transactional
def _renew_lease(token: uuid.UUID) -> bool:
    return bool(StrategyRecord.objects.renew(token, clock.now() + TIMING.lease))


@transactional
def _save_partial(token: uuid.UUID, batch: RecordBatch) -> None:
    """Store the batch for the next process to continue, unless the lease was lost."""
    held = StrategyRecord.objects.held_by(token).select_for_update().order_by("pk")
    strategies = [row.strategy for row in held]
    for strategy in strategies:
        rows = StrategyRecord.objects.filter(strategy=strategy)
        rows.end_lease(cursor=batch.cursor, partial=batch.as_partial(strategy))
    if strategies:
        queue.enqueue(REFRESH)


@transactional
def _start_again(token: uuid.UUID) -> None:
    """Discard what was computed, and queue the computation from its beginning."""
    StrategyRecord.objects.held_by(token).end_lease(cursor="", partial=None)
    queue.enqueue(REFRESH)


@transactional
def _give_up(token: uuid.UUID, problem: str) -> None:
    """End the computation until it is requested again."""
    held = StrategyRecord.objects.held_by(token)
    held.end_lease(cursor="", partial=None, requested_at=None, problem=problem[:300])


@transactional
def _save_records(token: uuid.UUID, batch: RecordBatch, results: dict[str, dict[str, Any]]) -> bool:
    """Store the records unless the lease was lost. Those that were requested again meanwhile are queued again."""
    saved = 0
    for strategy, requested_at in batch.requested.items():
        still = Case(When(requested_at=requested_at, then=Value(None)), default=F("requested_at"))
        held = StrategyRecord.objects.held_by(token).filter(strategy=strategy)
        saved += held.end_lease(**results[strategy], cursor="", partial=None, requested_at=still)
    if _claimable(clock.now()).exists():
        queue.enqueue(REFRESH)
    return saved > 0


def _claimable(now: datetime) -> StrategyRecordQuerySet:
    return StrategyRecord.objects.claimable(now).filter(strategy__in=STRATEGIES)
