"""Batch: the track records over the stocks read so far, stored when complete or in part to be continued."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.conf import settings

from analysis import clock, histories
from analysis.engine.record_summary import summarize
from analysis.engine.strategies import STRATEGIES
from analysis.engine.track_record import TrackRecord, track_record
from analysis.engine.version import ENGINE_VERSION
from analysis.models import PriceHistory, PriceSourceName, Stock, StrategyRecord
from analysis.prices.port import PriceError

STOCKS_AT_ONCE = 100


@dataclass(slots=True)
class RecordBatch:
    """The records of the stocks up to `cursor`, by strategy; all strategies share the same series.

    `requested` is, by strategy, the time of the request that this batch serves; a later request needs newer bars.
    """

    source: str
    records: dict[str, TrackRecord | None]
    requested: dict[str, datetime] = field(default_factory=dict)
    as_of: date | None = None
    left_out: int = 0
    cursor: str = ""
    now: datetime = field(default_factory=clock.now)

    def add(self, stored: Sequence[PriceHistory], *, until: Callable[[], bool] = lambda: False) -> bool:
        """Add these stocks, at least one, and count those with unusable bars. Return False if `until` ended it."""
        records_by_key: dict[str, list[TrackRecord]] = {
            key: [record] if record else [] for key, record in self.records.items()
        }
        is_over = False
        for history in stored:
            self._add_history(history, records_by_key)
            self.cursor = history.stock_id
            if is_over := until():
                break
        self.records = {
            key: TrackRecord.merged(records) if records else None for key, records in records_by_key.items()
        }
        return not is_over

    def _add_history(self, history: PriceHistory, records_by_key: dict[str, list[TrackRecord]]) -> None:
        try:
            checked = histories.usable_bars(history, self.now)
        except (PriceError, ValueError):
            self.left_out += 1
            return
        series, last = checked.series, checked.bars.last_session
        for key, records in records_by_key.items():
            records.append(track_record(series, STRATEGIES[key], breaks=checked.breaks))
        self.as_of = max(self.as_of or last, last)

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
            "wanted": self.requested[strategy].isoformat(),
            "record": record.as_dict() if record else None,
            "as_of": self.as_of.isoformat() if self.as_of else None,
            "left_out": self.left_out,
        }

    @classmethod
    def start(cls, rows: Sequence[StrategyRecord]) -> "RecordBatch":
        """Return an empty batch for these records."""
        wanted = {row.strategy: row.requested_at for row in rows if row.requested_at}
        return cls(source_of_records(), dict.fromkeys(wanted), wanted)

    @classmethod
    def resume(cls, rows: Sequence[StrategyRecord]) -> "RecordBatch | None":
        """Return the stored partial batch; None if there is none that can be continued.

        That of another engine or source cannot, nor one with different cursors.
        """
        partials = {row.strategy: row.partial or {} for row in rows}
        first = partials[rows[0].strategy]
        current = (ENGINE_VERSION, source_of_records())
        if len({row.cursor for row in rows}) > 1 or any(
            (p.get("engine_version"), p.get("source")) != current for p in partials.values()
        ):
            return None
        records = {key: partial["record"] for key, partial in partials.items()}
        return cls(
            source=first["source"],
            records={key: TrackRecord.from_dict(record) if record else None for key, record in records.items()},
            requested={key: datetime.fromisoformat(partial["wanted"]) for key, partial in partials.items()},
            as_of=date.fromisoformat(first["as_of"]) if first["as_of"] else None,
            left_out=first["left_out"],
            cursor=rows[0].cursor,
        )


def source_of_records() -> str:
    """Return the source of the records: the demo market only while there is no real stock and no real price."""
    has_real = Stock.objects.real().exists() or PriceHistory.objects.exclude(source=PriceSourceName.DEMO).exists()
    return settings.PRICE_SOURCE if has_real else PriceSourceName.DEMO.value


def next_histories(batch: RecordBatch) -> Iterator[list[PriceHistory]]:
    """Yield the stored histories after the batch's cursor, which adding them advances."""
    rows = (
        PriceHistory.objects.filter(histories.of_first_source(batch.source))
        .order_by("stock_id")
        .select_related("stock")
        .defer("findings", "traded")
    )
    while stored := list(rows.filter(stock_id__gt=batch.cursor)[:STOCKS_AT_ONCE]):
        yield stored
