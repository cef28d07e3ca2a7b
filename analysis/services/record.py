"""Record: what became of each strategy's signals over all stored bars, computed in the background and kept.

A record covers every stored history of one source, those of stocks that have left their lists included: survivors alone
would flatter it. Demo companies count only where there is no real stock.
"""

import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Case, F, Max, Value, When
from django.utils import timezone

from analysis import queue
from analysis.engine import ENGINE_VERSION, STRATEGIES, Strategy, TrackRecord, summarize, track_record
from analysis.models import PriceHistory, PriceSourceName, Source, StrategyRecord
from analysis.prices import PriceError
from analysis.services import window
from analysis.services.claim import LEASE, is_stopping
from analysis.services.transient import persistent, transactional

BULK = (Source.BULK, Source.SCHEDULE, Source.DEMO)
"""The sources of jobs over most of the stocks: after each of them the records are wanted anew."""

REFRESH = "analysis.services.record.refresh"
BATCH = 100
SLICE_SECONDS = LEASE.total_seconds() / 2
REST = timedelta(minutes=10)


@transactional
def want_records() -> None:
    """Ask for every strategy's record to be computed anew; the messages commit with the caller's rows."""
    StrategyRecord.objects.bulk_create([StrategyRecord(strategy=key) for key in STRATEGIES], ignore_conflicts=True)
    StrategyRecord.objects.filter(strategy__in=STRATEGIES).update(wanted_at=timezone.now())
    for key in STRATEGIES:
        queue.enqueue(REFRESH, key)


def may_want_records() -> bool:
    """Whether a person may ask: none is being computed, and the newest has rested for ten minutes."""
    if StrategyRecord.objects.filter(wanted_at__isnull=False).exists():
        return False
    newest: datetime | None = StrategyRecord.objects.aggregate(Max("computed_at"))["computed_at__max"]
    return newest is None or timezone.now() - newest > REST


def wake_stalled() -> int:
    """Queue the records that were wanted long ago and that nobody computes; returns how many."""
    now = timezone.now()
    stalled = StrategyRecord.objects.claimable(now).filter(wanted_at__lt=now - LEASE)
    return sum(_wake(key) for key in list(stalled.values_list("strategy", flat=True)))


@transactional
def _wake(strategy: str) -> bool:
    now = timezone.now()
    stalled = StrategyRecord.objects.claimable(now).filter(strategy=strategy, wanted_at__lt=now - LEASE)
    won = stalled.update(wanted_at=now)
    if won:
        queue.enqueue(REFRESH, strategy)
    return bool(won)


def refresh(strategy: str, *, seconds: float = SLICE_SECONDS) -> bool:
    """Compute one wanted record, or a part of it; whether it is done. What a message calls.

    Whoever takes the lease computes, so any number of messages may come. When the time is spent or the worker is asked
    to stop, what was gathered is kept and a message left for whoever goes on.
    """
    row = _take(strategy)
    if row is None or strategy not in STRATEGIES:
        return False
    ends = time.monotonic() + seconds
    gathered = Gathered.resumed(row.partial) if row.partial else Gathered(_source())
    for histories in _batches(gathered.source, after=row.cursor):
        gathered.add(histories, STRATEGIES[strategy])
        row.cursor = histories[-1].stock_id
        if time.monotonic() > ends or is_stopping():
            _pause(row, gathered)
            return False
        if not _renew(row):
            return False
    return _finish(row, gathered)


def compute_record(strategy: str) -> StrategyRecord:
    """Compute and keep one record now, in this process."""
    gathered = Gathered(_source())
    for histories in _batches(gathered.source):
        gathered.add(histories, STRATEGIES[strategy])
    return StrategyRecord.objects.update_or_create(strategy=strategy, defaults=gathered.as_fields())[0]


@dataclass(slots=True)
class Gathered:
    """The stocks of a record that were looked at so far."""

    source: str
    record: TrackRecord | None = None
    as_of: date | None = None
    left_out: int = 0
    now: datetime = field(default_factory=timezone.now)

    def add(self, histories: Sequence[PriceHistory], strategy: Strategy) -> None:
        """Add these stocks; bars that do not pass the quality gate are left out and counted."""
        found = [self.record] if self.record else []
        for history in histories:
            try:
                bars = window.looked_at(history, self.now).bars
            except (PriceError, ValueError):
                self.left_out += 1
                continue
            found.append(track_record(bars, strategy))
            self.as_of = max(self.as_of or bars.last_session, bars.last_session)
        self.record = TrackRecord.merged(found) if found else None

    def as_fields(self) -> dict[str, Any]:
        return {
            "price_source": self.source,
            "as_of": self.as_of,
            "stocks": self.record.stocks if self.record else 0,
            "left_out": self.left_out,
            "engine_version": ENGINE_VERSION,
            "summary": summarize(self.record).as_dict() if self.record else None,
            "computed_at": timezone.now(),
        }

    def as_partial(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "record": self.record.as_dict() if self.record else None,
            "as_of": self.as_of.isoformat() if self.as_of else None,
            "left_out": self.left_out,
        }

    @classmethod
    def resumed(cls, partial: dict[str, Any]) -> "Gathered":
        return cls(
            source=partial["source"],
            record=TrackRecord.from_dict(partial["record"]) if partial["record"] else None,
            as_of=date.fromisoformat(partial["as_of"]) if partial["as_of"] else None,
            left_out=partial["left_out"],
        )


def _source() -> str:
    """Real prices where there are any: invented ones are shown alone or not at all."""
    real = PriceHistory.objects.filter(source=settings.PRICE_SOURCE).exists()
    return settings.PRICE_SOURCE if real else PriceSourceName.DEMO.value


def _batches(source: str, after: str = "") -> Iterator[list[PriceHistory]]:
    rows = PriceHistory.objects.filter(source=source).order_by("stock_id").defer("findings")
    while batch := list(rows.filter(stock_id__gt=after)[:BATCH]):
        yield batch
        after = batch[-1].stock_id


@persistent
def _take(strategy: str) -> StrategyRecord | None:
    now, token = timezone.now(), uuid.uuid4()
    free = StrategyRecord.objects.claimable(now).filter(strategy=strategy)
    if not free.update(lease_token=token, lease_until=now + LEASE):
        return None
    return StrategyRecord.objects.filter(lease_token=token).first()


@persistent
def _renew(row: StrategyRecord) -> bool:
    return bool(_held(row).update(lease_until=timezone.now() + LEASE))


@persistent
def _pause(row: StrategyRecord, gathered: Gathered) -> None:
    kept = {"cursor": row.cursor, "partial": gathered.as_partial()}
    if _held(row).update(lease_token=None, lease_until=None, **kept):
        queue.enqueue(REFRESH, row.strategy)


@persistent
def _finish(row: StrategyRecord, gathered: Gathered) -> bool:
    """Keep the record unless the lease was lost; one that was wanted again meanwhile is queued again."""
    still = Case(When(wanted_at=row.wanted_at, then=Value(None)), default=F("wanted_at"))
    over = {"cursor": "", "partial": None, "lease_token": None, "lease_until": None, "wanted_at": still}
    if not _held(row).update(**gathered.as_fields(), **over):
        return False
    if StrategyRecord.objects.filter(pk=row.pk, wanted_at__isnull=False).exists():
        queue.enqueue(REFRESH, row.strategy)
    return True


def _held(row: StrategyRecord) -> Any:
    return StrategyRecord.objects.filter(pk=row.pk, lease_token=row.lease_token)
