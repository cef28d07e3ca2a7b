"""Special sessions: traded days that no calendar of the library has are kept, asked about and filled in."""

import json
from datetime import UTC, date, datetime

import numpy as np
import pytest
import time_machine
from pytest_django import Settings

from analysis.calendars.learn import learn_days
from analysis.models import PriceHistory, Result, SpecialDay
from analysis.prices.instruments import exchange_of
from analysis.prices.sessions import sessions_between
from analysis.tests.make import make_special_day
from analysis.tests.test_commands import run

pytestmark = pytest.mark.django_db

SPECIAL = [
    date(2023, 11, 12),  # Muhurat, a Sunday
    date(2024, 1, 20),  # Saturdays
    date(2024, 3, 2),
    date(2024, 5, 18),
    date(2024, 11, 1),  # Muhurat, a holiday
    date(2025, 2, 1),  # budget, a Saturday
    date(2025, 10, 21),  # Muhurat, a holiday
    date(2026, 2, 1),  # budget, a Sunday
]
TICKER = "TCS.NS"


@pytest.fixture(autouse=True)
def prices(settings: Settings) -> None:
    """A small file of random walk with all special sessions."""
    days = sorted({*sessions_between(exchange_of(TICKER), date(2022, 9, 1), date(2026, 4, 24)), *SPECIAL})
    steps = np.random.default_rng(7).normal(0, 0.01, len(days))
    closes = 1000 * np.exp(np.cumsum(steps))
    rows = [
        f"{day},{close:.2f},{close * 1.01:.2f},{close * 0.99:.2f},{close:.2f},{100_000 + number}"
        for number, (day, close) in enumerate(zip(days, closes, strict=True))
    ]
    file = settings.CSV_PRICES_DIR / f"{TICKER}.csv"
    file.write_text("\n".join(["date,open,high,low,close,volume", *rows]))


@pytest.fixture(params=["library", "list"])
def calendar(request: pytest.FixtureRequest) -> str:
    """The library's calendar alone, or special sessions that are in the table."""
    if request.param == "list":
        for day in SPECIAL:
            make_special_day("NSE", day, is_session=True)
    return str(request.param)


def as_of(day: date) -> dict[str, object]:
    out, err, code = run("analyze", TICKER, "--as-of", str(day), "--inline", "--wait", "--json")
    assert (err, code) == ("", 0)
    (row,) = json.loads(out)
    return dict(row)


@time_machine.travel(datetime(2026, 4, 25, 12, tzinfo=UTC), tick=False)
def test_a_special_session_is_kept_and_can_be_asked_about(calendar: str) -> None:
    assert [as_of(day)["day"] for day in SPECIAL] == [str(day) for day in SPECIAL]
    assert set(SPECIAL) <= set(PriceHistory.objects.get().unpack().session.tolist())


@time_machine.travel(datetime(2026, 4, 25, 12, tzinfo=UTC), tick=False)
def test_special_sessions_are_in_a_backfill_with_what_runs_as_of_them_find(calendar: str) -> None:
    days = ("--from", "2023-11-09", "--to", "2026-02-02")
    assert run("backfill", TICKER, *days, "--inline", "--wait")[2] == 0
    scores = dict(Result.objects.values_list("day", "ratings__score"))
    assert set(SPECIAL) <= set(scores)
    Result.objects.all().delete()
    for day in SPECIAL[:2]:
        assert as_of(day)["score"] == pytest.approx(scores[day], abs=1e-6)


@pytest.mark.parametrize("day", [date(2025, 2, 1), date(2026, 2, 1)])
def test_the_evening_of_a_special_session_that_is_known_is_about_it(day: date) -> None:
    make_special_day("NSE", day, is_session=True)
    with time_machine.travel(datetime(day.year, day.month, day.day, 12, tzinfo=UTC), tick=False):
        out, _, code = run("analyze", TICKER, "--inline", "--wait", "--json")
    assert code == 0
    assert json.loads(out)[0]["day"] == str(day)


@time_machine.travel(datetime(2026, 4, 25, 12, tzinfo=UTC), tick=False)
def test_special_sessions_are_learned_from_twenty_stocks(settings: Settings) -> None:
    content = (settings.CSV_PRICES_DIR / f"{TICKER}.csv").read_text()
    tickers = [f"STOCK{number}.NS" for number in range(20)]
    for ticker in tickers:
        (settings.CSV_PRICES_DIR / f"{ticker}.csv").write_text(content)
    assert run("analyze", *tickers, "--inline", "--wait")[2] == 0
    learn_days()
    assert list(SpecialDay.objects.order_by("day").values_list("day", "is_session")) == [(day, True) for day in SPECIAL]
