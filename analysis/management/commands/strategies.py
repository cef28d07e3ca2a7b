"""`manage.py strategies`: the strategies that form verdicts, and the weights of each."""

import json
from textwrap import fill
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from analysis.engine.strategies import STRATEGIES
from analysis.engine.strategy import Strategy

WIDTH = 110


class Command(BaseCommand):
    help = "List the strategies: what each asks, what its components weigh, and how its verdicts are traded."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print JSON instead of text.")

    def handle(self, *args: object, json: bool, **options: object) -> None:
        described = [_strategy_row(strategy) for strategy in STRATEGIES.values()]
        self.stdout.write(_as_json(described) if json else "\n\n".join(map(_format_text, described)))


def _strategy_row(strategy: Strategy) -> dict[str, Any]:
    return {
        "key": strategy.key,
        "name": strategy.name,
        "description": strategy.description,
        "weights": strategy.weights,
        "stop_atr": strategy.stop_atr,
        "target_risk": strategy.target_risk,
        "holding": strategy.holding,
        "bars_needed": strategy.bars_needed,
    }


def _as_json(rows: list[dict[str, Any]]) -> str:
    return json.dumps(rows, indent=1)


def _format_text(row: dict[str, Any]) -> str:
    weights = ", ".join(f"{key} {weight:g}" for key, weight in row["weights"].items())
    trade = (
        f"Stop {row['stop_atr']:g} ATR 14 away, target {row['target_risk']:g} times the risk, held for at most "
        f"{row['holding']} sessions; {row['bars_needed']} bars needed."
    )
    paragraphs = [row["description"], f"Weights: {weights}.", trade]
    indented = (fill(text, WIDTH, initial_indent="  ", subsequent_indent="  ") for text in paragraphs)
    return "\n".join([f"{row['name']} (--strategy {row['key']})", *indented])
