import json
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings

from analysis.engine.verdict import Verdict
from stockapp.grouping import grouped_as
from stockapp.templatetags import formats

VECTORS = json.loads((Path(__file__).parent / "format_vectors.json").read_text())
CALLS = [
    (choice, name, *vector) for choice, by_name in VECTORS.items() for name, rows in by_name.items() for vector in rows
]
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
GIVEN: dict[str, Callable[[Any], Any]] = {
    "day": date.fromisoformat,
    "score": lambda value: value and value / 100,  # the browser is sent scores in hundredths
}


@pytest.mark.parametrize(("choice", "name", "vector"), [(choice, name, rest) for choice, name, *rest in CALLS])
def test_numbers_are_written_as_the_table_says(choice: str, name: str, vector: list[Any]) -> None:
    value, *more, written = vector
    with grouped_as(lambda: choice):
        assert getattr(formats, name)(GIVEN.get(name, lambda same: same)(value), *more) == written


@pytest.mark.skipif(shutil.which("node") is None, reason="the browser's formats run in Node, which is not here")
def test_the_browser_writes_numbers_as_the_server_does() -> None:
    module = Path(settings.BASE_DIR) / "stockapp/static/js/formats.js"
    program = f"""
        import * as formats from {json.dumps(module.as_uri())};
        const camel = (name) => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
        const write = ([choice, name, value, ...rest]) => {{
            formats.groupAs(choice);
            return formats[camel(name)](value ?? NaN, ...rest.slice(0, -1));
        }};
        console.log(JSON.stringify({json.dumps(CALLS)}.map(write)));
    """
    done = subprocess.run(
        ["node", "--input-type=module", "--no-warnings"], input=program, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [call[-1] for call in CALLS]


def test_what_is_counted_is_grouped_as_the_user_wants() -> None:
    with grouped_as(lambda: "indian"):
        assert formats.counted(123_456, "row") == "1,23,456 rows"


def test_a_change_of_money_always_has_its_sign() -> None:
    assert formats.money_change(12.3, "INR") == "+₹12.30"
    assert formats.money_change(Decimal("-0.40"), "USD") == "−$0.40"
    assert formats.money_change(0, "USD") == "$0.00"


def test_nothing_is_written_as_a_dash_and_never_as_zero() -> None:
    for missing in (None, float("nan"), float("inf")):
        assert formats.money(missing, "INR") == "–"
        assert formats.score(missing) == "–"
        assert formats.percent(missing) == "–"
        assert formats.direction(missing) == "flat"


def test_a_score_is_shown_out_of_a_hundred() -> None:
    assert [formats.score(value) for value in (1.0, 0.625, 0.0, -0.004, -0.5)] == ["+100", "+63", "0", "0", "−50"]


def test_a_direction_is_that_of_the_number_as_written() -> None:
    assert [formats.direction(value) for value in (0.5, -0.5, 0, 0.004, -0.004)] == [
        "up",
        "down",
        "flat",
        "flat",
        "flat",
    ]


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0.04, "0.0 s"), (0.84, "0.8 s"), (12, "12 s"), (185, "3 min 5 s"), (3720, "1 h 2 min")],
)
def test_a_duration_is_as_exact_as_it_is_short(seconds: float, written: str) -> None:
    assert formats.duration(timedelta(seconds=seconds)) == written


@pytest.mark.parametrize(
    ("age", "written"),
    [
        (timedelta(seconds=2), "just now"),
        (timedelta(seconds=42), "42 s ago"),
        (timedelta(minutes=3, seconds=50), "3 min ago"),
        (timedelta(hours=23, minutes=59), "23 h ago"),
        (timedelta(days=1), "19 Nov 2026, 12:00 UTC"),
    ],
)
def test_a_moment_is_relative_for_a_day_and_absolute_after_it(age: timedelta, written: str) -> None:
    with time_machine.travel(NOW, tick=False):
        shown = formats.ago(NOW - age)
    assert f">{written}</time>" in shown
    assert f'datetime="{(NOW - age).isoformat()}"' in shown


def test_a_relative_moment_says_the_absolute_one_too() -> None:
    with time_machine.travel(NOW, tick=False):
        assert 'title="20 Nov 2026, 11:00 UTC"' in formats.ago(NOW - timedelta(hours=1))


def test_a_verdict_has_an_arrow_besides_its_colour() -> None:
    shown = formats.verdict(Verdict.STRONG_SELL)
    assert "▼▼" in shown
    assert "Strong Sell" in shown
    assert formats.verdict("") == "–"


def test_counts_agree_with_their_noun() -> None:
    assert [formats.counted(n, "stock") for n in (0, 1, 2300)] == ["0 stocks", "1 stock", "2,300 stocks"]
    assert formats.counted(2, "history,histories") == "2 histories"


def test_a_day_is_written_in_words() -> None:
    assert formats.day(date(2026, 11, 3)) == "3 Nov 2026"
    assert formats.day(None) == "–"


def test_a_part_is_written_in_percent_without_a_sign() -> None:
    assert [formats.part(value) for value in (0.3806, 0, None)] == ["38.1%", "0.0%", "–"]
    assert formats.part(-0.00155, 2) == "−0.16%"


def test_a_return_is_written_in_percent_with_its_sign() -> None:
    assert [formats.signed_part(value) for value in (0.0025, -0.0287, 0, None)] == ["+0.25%", "−2.87%", "0.00%", "–"]


def test_an_indicators_value_has_the_digits_that_its_size_needs() -> None:
    shown = [formats.reading_value(value) for value in (2396.9, 45.678, 1.18444, 0.00112, -0.5, 0, None)]
    assert shown == ["2,396.90", "45.68", "1.1844", "0.0011200", "−0.50000", "0.00", "–"]
