"""Record: what became of each strategy's signals over all stored bars, computed in the background and kept.

A record covers every stored history of one source, those of stocks that have left their lists included: survivors alone
would flatter it. Demo companies count only where there is no real stock.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Case, F, Max, Q, QuerySet, Value, When

from analysis import clock, queue
from analysis.engine import ENGINE_VERSION, STRATEGIES, Indicators, TrackRecord, summarize, track_record
from analysis.models import PriceHistory, PriceSourceName, Source, StrategyRecord
from analysis.prices import PriceError
from analysis.services import window
from analysis.services.claim import LEASE, Housekeeping
from analysis.services.transient import transactional

BULK = (Source.BULK, Source.SCHEDULE, Source.DEMO)
"""The sources of jobs over most of the stocks: after each of them the records are wanted anew."""

REFRESH = "analysis.services.record.refresh"
BATCH = 100
SLICE_SECONDS = LEASE.total_seconds() / 2
REST = timedelta(minutes=10)


@transactional
def want_records() -> None:
    """Ask for every strategy's record to be computed anew; the message commits with the caller's rows."""
    StrategyRecord.objects.bulk_create([StrategyRecord(strategy=key) for key in STRATEGIES], ignore_conflicts=True)
    StrategyRecord.objects.filter(strategy__in=STRATEGIES).update(wanted_at=clock.now())
    queue.enqueue(REFRESH)


def may_want_records() -> bool:
    """Whether a person may ask: none is being computed, and the newest has rested for ten minutes."""
    records = StrategyRecord.objects.filter(strategy__in=STRATEGIES)
    if records.filter(wanted_at__isnull=False).exists():
        return False
    newest: datetime | None = records.aggregate(Max("computed_at"))["computed_at__max"]
    return newest is None or clock.now() - newest > REST


@transactional
def wake_stalled() -> int:
    """Queue a refresh where records were wanted long ago and nobody computes them; returns how many records."""
    now = clock.now()
    long_ago = now - LEASE
    asleep = Q(woken_at__isnull=True) | Q(woken_at__lt=long_ago)
    won = _claimable(now).filter(asleep, wanted_at__lt=long_ago).update(woken_at=now)
    if won:
        queue.enqueue(REFRESH)
    return won


def refresh(*, seconds: float = SLICE_SECONDS) -> bool:
    """Compute the records that are wanted, or a part of them; whether they are done. What a message calls.

    The process that takes the lease computes, so any number of messages is harmless. When the time is over, a stock
    waits or the worker has to stop, the partial record is stored and a message is queued for the rest.
    """
    token = uuid.uuid4()
    rows = _take(token)
    if not rows:
        return False
    housekeeping = Housekeeping(seconds)
    gathered = Gathered.resumed(rows) or Gathered.begun(rows)
    for histories in _batches(gathered):
        if not gathered.add(histories, until=housekeeping.is_over):
            _pause(token, gathered)
            return False
        if not _renew(token):
            return False
    return _finish(token, gathered)


def compute_records(strategies: Iterable[str]) -> list[StrategyRecord]:
    """Compute and keep these records now, in this process."""
    gathered = Gathered(_source(), dict.fromkeys(strategies))
    for histories in _batches(gathered):
        gathered.add(histories)
    found = {key: gathered.as_fields(key) for key in gathered.records}
    return [StrategyRecord.objects.update_or_create(strategy=key, defaults=found[key])[0] for key in found]


@dataclass(slots=True)
class Gathered:
    """What was found so far of the stocks up to `cursor`, by strategy; all of them read the same indicators.

    `wanted` is when, by strategy, that was asked for which this will answer: what is asked for later wants newer bars.
    """

    source: str
    records: dict[str, TrackRecord | None]
    wanted: dict[str, datetime] = field(default_factory=dict)
    as_of: date | None = None
    left_out: int = 0
    cursor: str = ""
    now: datetime = field(default_factory=clock.now)

    def add(self, histories: Sequence[PriceHistory], *, until: Callable[[], bool] = lambda: False) -> bool:
        """Add these stocks, at least one. Return False if `until` ended it. Unusable bars are counted as left out."""
        found: dict[str, list[TrackRecord]] = {key: [record] if record else [] for key, record in self.records.items()}
        is_over = False
        for history in histories:
            self._add(history, found)
            self.cursor = history.stock_id
            if is_over := until():
                break
        self.records = {key: TrackRecord.merged(records) if records else None for key, records in found.items()}
        return not is_over

    def _add(self, history: PriceHistory, found: dict[str, list[TrackRecord]]) -> None:
        try:
            bars = window.looked_at(history, self.now).bars
        except (PriceError, ValueError):
            self.left_out += 1
            return
        indicators = Indicators(bars)
        for key, records in found.items():
            records.append(track_record(indicators, STRATEGIES[key]))
        self.as_of = max(self.as_of or bars.last_session, bars.last_session)

    def as_fields(self, strategy: str) -> dict[str, Any]:
        record = self.records[strategy]
        return {
            "price_source": self.source,
            "as_of": self.as_of,
            "stocks": record.stocks if record else 0,
            "left_out": self.left_out,
            "engine_version": ENGINE_VERSION,
            "summary": summarize(record).as_dict() if record else None,
            "computed_at": clock.now(),
        }

    def as_partial(self, strategy: str) -> dict[str, Any]:
        record = self.records[strategy]
        return {
            "source": self.source,
            "engine_version": ENGINE_VERSION,
            "wanted": self.wanted[strategy].isoformat(),
            "record": record.as_dict() if record else None,
            "as_of": self.as_of.isoformat() if self.as_of else None,
            "left_out": self.left_out,
        }

    @classmethod
    def begun(cls, rows: Sequence[StrategyRecord]) -> "Gathered":
        """Nothing yet, of these records."""
        wanted = {row.strategy: row.wanted_at for row in rows if row.wanted_at}
        return cls(_source(), dict.fromkeys(wanted), wanted)

    @classmethod
    def resumed(cls, rows: Sequence[StrategyRecord]) -> "Gathered | None":
        """What a pause left; None where there was none, another engine's, or not all rows stand at the same stock."""
        kept = {row.strategy: row.partial or {} for row in rows}
        first = kept[rows[0].strategy]
        if len({row.cursor for row in rows}) > 1 or any(
            p.get("engine_version") != ENGINE_VERSION for p in kept.values()
        ):
            return None
        records = {key: partial["record"] for key, partial in kept.items()}
        return cls(
            source=first["source"],
            records={key: TrackRecord.from_dict(record) if record else None for key, record in records.items()},
            wanted={key: datetime.fromisoformat(partial["wanted"]) for key, partial in kept.items()},
            as_of=date.fromisoformat(first["as_of"]) if first["as_of"] else None,
            left_out=first["left_out"],
            cursor=rows[0].cursor,
        )


def _source() -> str:
    """Real prices where there are any: invented ones are shown alone or not at all."""
    real = PriceHistory.objects.filter(source=settings.PRICE_SOURCE).exists()
    return settings.PRICE_SOURCE if real else PriceSourceName.DEMO.value


def _batches(gathered: Gathered) -> Iterator[list[PriceHistory]]:
    """The stored histories after the cursor, which whoever adds them moves on."""
    rows = PriceHistory.objects.filter(source=gathered.source).order_by("stock_id").defer("findings")
    while batch := list(rows.filter(stock_id__gt=gathered.cursor)[:BATCH]):
        yield batch


def _claimable(now: datetime) -> QuerySet[StrategyRecord]:
    return StrategyRecord.objects.claimable(now).filter(strategy__in=STRATEGIES)


@transactional
def _take(token: uuid.UUID) -> list[StrategyRecord]:
    now = clock.now()
    if not _claimable(now).update(lease_token=token, lease_until=now + LEASE):
        return []
    return list(_held(token))


@transactional
def _renew(token: uuid.UUID) -> bool:
    return bool(_held(token).update(lease_until=clock.now() + LEASE))


@transactional
def _pause(token: uuid.UUID, gathered: Gathered) -> None:
    """Keep what was gathered for whoever goes on, unless the lease was lost."""
    held = list(_held(token).select_for_update().order_by("pk"))
    for row in held:
        row.cursor, row.partial = gathered.cursor, gathered.as_partial(row.strategy)
        row.lease_token = row.lease_until = None
    StrategyRecord.objects.bulk_update(held, ["cursor", "partial", "lease_token", "lease_until"])
    if held:
        queue.enqueue(REFRESH)


@transactional
def _finish(token: uuid.UUID, gathered: Gathered) -> bool:
    """Keep the records unless the lease was lost; those that were wanted again meanwhile are queued again."""
    over = {"cursor": "", "partial": None, "lease_token": None, "lease_until": None}
    kept = 0
    for strategy, wanted_at in gathered.wanted.items():
        still = Case(When(wanted_at=wanted_at, then=Value(None)), default=F("wanted_at"))
        held = _held(token).filter(strategy=strategy)
        kept += held.update(**gathered.as_fields(strategy), **over, wanted_at=still)
    if _claimable(clock.now()).exists():
        queue.enqueue(REFRESH)
    return kept > 0


def _held(token: uuid.UUID) -> QuerySet[StrategyRecord]:
    return StrategyRecord.objects.filter(lease_token=token)
