"""`manage.py track_record`: each strategy's past signals, compared with entering on any other day."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analysis.engine.significance.family import KindResult
from analysis.engine.strategies import STRATEGIES
from analysis.engine.strategy_record import RecordsChanged
from analysis.models import StrategyRecord
from analysis.pages.record_sentences import describe_kind, describe_looks, describe_records, format_p
from analysis.track_records.refresh import compute_records
from analysis.track_records.store import folder_of_records

COLUMNS = f"{'strategy':<18}{'side':<7}{'trades':>8}{'effect':>9}{'95% interval':>20}{'visible':>10}{'p':>8}"


CAVEAT = "Past performance does not predict future results."


class Command(BaseCommand):
    help = "Compute and store every strategy's track record over all stored price histories, and print it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--strategy", choices=list(STRATEGIES), help="Print the record of this strategy alone.")
        parser.add_argument("--json", action="store_true", help="Print JSON instead of a table.")

    def handle(self, *args: object, strategy: str | None, json: bool, **options: object) -> None:
        try:
            computed = compute_records()
        except RecordsChanged:
            raise CommandError("A worker is computing the records as well; try again in a minute.") from None
        except OSError as error:
            raise CommandError(f"{folder_of_records()} cannot be used: {error.strerror}.") from None
        records = [record for record in computed if strategy in {None, record.strategy}]
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
        "evidence": record.evidence,
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
    evidence = [found for record in records if (found := record.unpack_evidence())]
    stocks = f"{first.stocks:,} stock{'' if first.stocks == 1 else 's'}"
    if len(records) == len(STRATEGIES):
        lines.append(f"{describe_records(evidence)} {describe_looks(evidence)}".rstrip())
    return "\n".join(
        [
            *lines,
            f"{stocks} up to {first.as_of}, {first.left_out} left out. {CAVEAT}",
        ]
    )


def _record_lines(record: StrategyRecord) -> list[str]:
    evidence = record.unpack_evidence()
    return [_format_kind(kind, evidence.sessions) for kind in evidence.kinds] if evidence else []


def _format_kind(kind: KindResult, sessions: int) -> str:
    interval = "–" if kind.interval is None else " to ".join(f"{100 * end:+.2f}%" for end in kind.interval)
    effect = "–" if kind.effect is None else f"{100 * kind.effect:+.2f}%"
    visible = "–" if kind.smallest_visible_adjusted is None else f"{100 * kind.smallest_visible_adjusted:.2f}%"
    return (
        f"{kind.strategy:<18}{kind.side.value:<7}{kind.trades:>8,}{effect:>9}{interval:>20}{visible:>10}"
        f"{format_p(kind.p):>8}  {describe_kind(kind, sessions)}"
    )
