"""Batch: one computation of the track records, stock by stock and then strategy by strategy, which can be continued."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from analysis import clock, histories
from analysis.engine.record_summary import summarize
from analysis.engine.stock_record import StockRecord
from analysis.engine.strategies import STRATEGIES
from analysis.engine.strategy_record import StockRecords, StrategyMeasurement, judge_strategies
from analysis.engine.version import ENGINE_VERSION
from analysis.models import PriceHistory, PriceSourceName, Stock, StrategyRecord
from analysis.prices.port import PriceError
from analysis.track_records.store import (
    StoredRecords,
    keep_only,
    read_stock_record,
    remove_stock_record,
    stored_inputs,
    write_stock_record,
)

STOCKS_AT_ONCE = 100


@dataclass(slots=True)
class RecordBatch:
    """The records of the stocks up to `cursor`, which are in files, and the strategies `measured` over all of them.

    `requested` is, by strategy, the time of the request that this batch serves; a later request needs newer bars.
    `kept` are the stocks with a record by ticker, each with the digest of its inputs; `left_out` are those without
    usable bars, and `as_of` is the newest session of any other. Stocks that are stored later come with the next
    request.
    """

    source: str
    requested: dict[str, datetime] = field(default_factory=dict)
    as_of: date | None = None
    left_out: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    cursor: str = ""
    measured: dict[str, StrategyMeasurement] = field(default_factory=dict)
    now: datetime = field(default_factory=clock.now)

    def steps(self) -> Iterator[bool]:
        """Do the work that is left, one stock or one strategy at a time; yield whether a longer part has ended.

        Raise RecordsChanged if another process has stored records of other bars meanwhile.
        """
        yield from self._keep_stock_records()
        pending = [key for key in STRATEGIES if key not in self.measured]
        if pending and self.kept:
            records = StockRecords(StoredRecords(self.source, sorted(self.kept)))
            for key in pending:
                self.measured[key] = records.measure(key)
                yield True
        keep_only(self.source, self.kept)

    def _keep_stock_records(self) -> Iterator[bool]:
        """Compute what has changed of the stocks after the cursor, and what is not on this machine of the others."""
        rows = _histories(self.source)
        while not self.measured and (some := list(rows.filter(stock_id__gt=self.cursor)[:STOCKS_AT_ONCE])):
            for history in some:
                self._keep(history)
                self.cursor = history.stock_id
                yield False
            yield True
        missing = [ticker for ticker, inputs in self.kept.items() if stored_inputs(self.source, ticker) != inputs]
        for start in range(0, len(missing), STOCKS_AT_ONCE):
            chunk = missing[start : start + STOCKS_AT_ONCE]
            found = {history.stock_id: history for history in rows.filter(stock_id__in=chunk)}
            for ticker in chunk:
                inputs = self.kept.pop(ticker)
                if ticker in found:
                    self._keep(found[ticker])
                if self.kept.get(ticker) != inputs:
                    self.measured.clear()  # for all strategies are measured over the same bars
                yield False
            yield True

    def _keep(self, history: PriceHistory) -> None:
        """Store the record of a stock, continued from the stored one if that is of the same bars."""
        ticker = history.stock_id
        try:
            checked = histories.bars_of_record(history, self.now)
        except (PriceError, ValueError):
            self.left_out.append(ticker)
            remove_stock_record(self.source, ticker)
            return
        known = read_stock_record(self.source, ticker)
        record = StockRecord.of(checked.series, tuple(STRATEGIES.values()), breaks=checked.breaks, known=known)
        if known is None or record.inputs != known.inputs:
            write_stock_record(self.source, ticker, record)
        self.kept[ticker] = record.inputs.hex()
        last = checked.bars.last_session
        self.as_of = max(self.as_of or last, last)

    def results(self) -> dict[str, dict[str, Any]]:
        """Return by strategy the fields of its record."""
        active = set(Stock.objects.filter(is_active=True).values_list("pk", flat=True))
        listed = len(active & self.kept.keys())
        evidence = judge_strategies(self.measured, listed)
        shared = {
            "price_source": self.source,
            "as_of": self.as_of,
            "left_out": len(self.left_out),
            "engine_version": ENGINE_VERSION,
            "computed_at": clock.now(),
            "problem": "",
        }
        nothing = {"stocks": 0, "summary": None, "evidence": None}
        return {
            key: shared | (
                {
                    "stocks": self.measured[key].trades.stocks,
                    "summary": summarize(self.measured[key].trades).as_dict(),
                    "evidence": evidence[key].as_dict(),
                }
                if key in self.measured
                else nothing
            )
            for key in STRATEGIES
        }  # fmt: skip

    def as_partial(self, strategy: str) -> dict[str, Any]:
        """Return what another process needs to continue, for one strategy's row."""
        measured = self.measured.get(strategy)
        partial: dict[str, Any] = {
            "source": self.source,
            "engine_version": ENGINE_VERSION,
            "wanted": self.requested[strategy].isoformat(),
            "measured": measured.as_dict() if measured else None,
        }
        if strategy == next(iter(self.requested)):
            as_of = self.as_of.isoformat() if self.as_of else None
            partial["stocks"] = {"as_of": as_of, "kept": self.kept, "left_out": self.left_out}
        return partial

    @classmethod
    def start(cls, rows: Sequence[StrategyRecord]) -> "RecordBatch":
        """Return an empty batch for these records."""
        return cls(source_of_records(), {row.strategy: row.requested_at for row in rows if row.requested_at})

    @classmethod
    def resume(cls, rows: Sequence[StrategyRecord]) -> "RecordBatch | None":
        """Return the stored partial batch; None if there is none that can be continued.

        That of another engine or source cannot, nor one with different cursors.
        """
        partials = {row.strategy: row.partial or {} for row in rows}
        stocks = next((partial["stocks"] for partial in partials.values() if "stocks" in partial), None)
        current = (ENGINE_VERSION, source_of_records())
        if (
            stocks is None
            or len({row.cursor for row in rows}) > 1
            or any(
                (p.get("engine_version"), p.get("source")) != current or "measured" not in p for p in partials.values()
            )
        ):
            return None
        return cls(
            source=source_of_records(),
            requested={key: datetime.fromisoformat(partial["wanted"]) for key, partial in partials.items()},
            as_of=date.fromisoformat(stocks["as_of"]) if stocks["as_of"] else None,
            left_out=stocks["left_out"],
            kept=stocks["kept"],
            cursor=rows[0].cursor,
            measured={
                key: StrategyMeasurement.from_dict(partial["measured"])
                for key, partial in partials.items()
                if partial["measured"]
            },
        )


def source_of_records() -> str:
    """Return the source of the records: the demo market only while there is no real stock and no real price."""
    has_real = Stock.objects.real().exists() or PriceHistory.objects.exclude(source=PriceSourceName.DEMO).exists()
    return settings.PRICE_SOURCE if has_real else PriceSourceName.DEMO.value


def _histories(source: str) -> QuerySet[PriceHistory]:
    rows = PriceHistory.objects.filter(histories.of_first_source(source)).order_by("stock_id")
    return rows.select_related("stock").defer("traded")
