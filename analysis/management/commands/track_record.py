"""`manage.py track_record`: the performance of each strategy's past signals over the stored bars."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from analysis.engine.record_summary import Performance
from analysis.engine.strategies import STRATEGIES
from analysis.engine.verdict import Side
from analysis.models import StrategyRecord
from analysis.track_records.refresh import compute_records

COLUMNS = f"{'strategy':<18}{'side':<7}{'signals':>8}{'hit':>7}{'95%':>15}{'baseline':>10}{'mean':>8}{'factor':>8}"


class Command(BaseCommand):
    help = "Compute and keep the track record of every strategy, or of one, over all stored bars."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--strategy", choices=list(STRATEGIES))
        parser.add_argument("--json", action="store_true", help="Print JSON instead of a table.")

    def handle(self, *args: object, strategy: str | None, json: bool, **options: object) -> None:
        records = compute_records([strategy] if strategy else STRATEGIES)
        self.stdout.write(_as_json(records) if json else _format_text(records))


def _as_json(records: list[StrategyRecord]) -> str:
    return json.dumps([_record_row(record) for record in records], indent=1)


def _record_row(record: StrategyRecord) -> dict[str, Any]:
    return {
        "strategy": record.strategy,
        "as_of": record.as_of.isoformat() if record.as_of else None,
        "price_source": record.price_source,
        "stocks": record.stocks,
        "left_out": record.left_out,
        "engine_version": record.engine_version,
        **{name: (record.summary or {}).get(name) for name in ("long", "short", "forward")},
    }


def _format_text(records: list[StrategyRecord]) -> str:
    first = records[0]
    left_out = f"{first.left_out:,} stock{'' if first.left_out == 1 else 's'}"
    if first.as_of is None and first.left_out:
        return (
            f"The stored bars of {left_out} are too old or cannot be used, and there are no others; see the stock page."
        )
    if first.as_of is None:
        return "No price history is stored yet: the first analysis fetches it."
    lines = [COLUMNS, *(line for record in records for line in _record_lines(record))]
    stocks = f"{first.stocks:,} stock{'' if first.stocks == 1 else 's'}"
    summary = f"{stocks} up to {first.as_of}, {first.left_out} left out; hit: target before stop, in time"
    return "\n".join([*lines, f"{summary}; baseline: the same exits entered at every session. None of it predicts."])


def _record_lines(record: StrategyRecord) -> list[str]:
    summary = record.unpack()
    if summary is None:
        return []
    lines = []
    for side in Side:
        performance = summary.long if side is Side.LONG else summary.short
        start = f"{record.strategy:<18}{side.value:<7}{performance.count:>8,}"
        if not isinstance(performance, Performance):
            lines.append(f"{start}  not enough cases")
            continue
        low, high = performance.hit_interval
        factor = "–" if performance.profit_factor is None else f"{performance.profit_factor:.2f}"
        lines.append(
            f"{start}{_format_percent(performance.hit_rate):>7}{f'{_format_percent(low)}–{_format_percent(high)}':>15}"
            f"{_format_percent(performance.baseline.hit_rate):>10}{_format_percent(performance.mean_return, 2):>8}"
            f"{factor:>8}"
        )
    return lines


def _format_percent(part: float | None, decimals: int = 1) -> str:
    return "–" if part is None else f"{100 * part:.{decimals}f}%"
