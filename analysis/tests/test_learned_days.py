"""Learned days: holidays and special sessions that stored prices show, and that later prices withdraw."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
import time_machine
from pytest_django import Settings

from analysis.calendars.learn import STOCKS_AT_ONCE, learn_days, learn_in_background
from analysis.engine.bars import Bars
from analysis.histories import row_of
from analysis.models import PriceHistory, SpecialDay, Stock
from analysis.prices.exchanges import exchange_named
from analysis.prices.port import History
from analysis.prices.sessions import are_sessions, calendar_end, sessions_between
from analysis.prices.special_days import DaySource
from analysis.queue import is_planned
from analysis.tests.make import make_job, make_special_day

pytestmark = pytest.mark.django_db

NOW = datetime(2027, 2, 12, 12, tzinfo=UTC)
FIRST, LAST = date(2027, 1, 4), date(2027, 2, 11)
REPUBLIC_DAY, SUNDAY = date(2027, 1, 26), date(2027, 2, 7)
WEEKDAYS = [day for n in range((LAST - FIRST).days + 1) if (day := FIRST + timedelta(days=n)).isoweekday() <= 5]
OPEN = [day for day in WEEKDAYS if day != REPUBLIC_DAY]


@pytest.fixture(autouse=True)
def later() -> Iterable[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def store(
    number: int, days: Iterable[date], *, volume: float = 1000.0, suffix: str = ".NS", source: str = "csv"
) -> None:
    """Bars of these days for a stock with a number."""
    sessions = np.array(sorted(days), dtype="datetime64[D]")
    price = np.full(len(sessions), 100.0)
    bars = Bars(sessions, price, price + 1, price - 1, price, np.full(len(sessions), volume))
    stock, _ = Stock.objects.get_or_create(ticker=f"S{number:03}{suffix}")
    PriceHistory.objects.filter(stock=stock).delete()
    row_of(stock.pk, source, History(bars, adjusted=True), FIRST, NOW).save()


def store_many(count: int, days: Iterable[date], *, suffix: str = ".NS", source: str = "csv") -> None:
    listed = list(days)
    for number in range(count):
        store(number, listed, suffix=suffix, source=source)


def learned(exchange: str = "NSE") -> dict[date, bool]:
    rows = SpecialDay.objects.filter(exchange=exchange, source=DaySource.LEARNED)
    return dict(rows.values_list("day", "is_session"))


def is_session(day: date, exchange: str = "NSE") -> bool:
    return bool(sessions_between(exchange_named(exchange), day, day))


def test_a_weekday_without_prices_is_a_holiday_and_a_traded_sunday_a_session() -> None:
    store_many(20, [*OPEN, SUNDAY])
    done = learn_days()
    assert (done.learned, done.withdrawn, done.is_done) == (2, 0, True)
    assert learned() == {REPUBLIC_DAY: False, SUNDAY: True}
    assert not is_session(REPUBLIC_DAY)
    assert is_session(SUNDAY)
    assert not are_sessions(exchange_named("NSE"), np.array([REPUBLIC_DAY], dtype="datetime64[D]")).any()
    assert is_session(REPUBLIC_DAY, "BSE")
    assert calendar_end(exchange_named("NSE")) == date(2026, 12, 31)
    names = SpecialDay.objects.order_by("day").values_list("name", flat=True)
    assert list(names) == ["No stock has prices of this day.", "Most stocks traded on this day."]


def test_a_stock_with_one_bar_alone_is_no_stock_less() -> None:
    store_many(11, [*OPEN, SUNDAY])
    for number in range(11, 20):
        store(number, OPEN)
    store(20, [SUNDAY])
    learn_days()
    assert learned() == {REPUBLIC_DAY: False, SUNDAY: True}


def test_learning_again_changes_nothing() -> None:
    store_many(20, [*OPEN, SUNDAY])
    learn_days()
    before = list(SpecialDay.objects.values())
    done = learn_days()
    assert (done.learned, done.withdrawn) == (0, 0)
    assert list(SpecialDay.objects.values()) == before


@pytest.mark.parametrize("count", [19, 1])
def test_few_stocks_teach_nothing(count: int) -> None:
    store_many(count, [*OPEN, SUNDAY])
    learn_days()
    assert learned() == {}


def test_a_day_after_which_nothing_was_fetched_is_no_holiday() -> None:
    ended = [day for day in WEEKDAYS if day < REPUBLIC_DAY]
    store_many(40, ended)
    learn_days()
    assert learned() == {}
    for number in range(19):  # fetching works again for some
        store(number, OPEN)
    learn_days()
    assert learned() == {}
    store(19, OPEN)
    learn_days()
    assert learned() == {REPUBLIC_DAY: False}


def test_one_stock_with_a_bar_makes_a_day_no_holiday() -> None:
    store_many(30, OPEN)
    store(7, WEEKDAYS)
    learn_days()
    assert learned() == {}


def test_a_holiday_is_withdrawn_when_prices_of_the_day_come_late() -> None:
    store_many(20, OPEN)
    learn_days()
    assert learned() == {REPUBLIC_DAY: False}
    store_many(20, WEEKDAYS)
    done = learn_days()
    assert (done.learned, done.withdrawn) == (0, 1)
    assert is_session(REPUBLIC_DAY)


def test_what_was_learned_stays_while_too_few_stocks_say_anything() -> None:
    store_many(20, [*OPEN, SUNDAY])
    learn_days()
    before = learned()
    for number in range(10):
        store(number, [day for day in OPEN if day < REPUBLIC_DAY])
    learn_days()
    assert learned() == before


def test_a_session_needs_volume_on_most_stocks() -> None:
    store_many(30, OPEN)
    for number in range(30):
        store(number, [*OPEN, SUNDAY], volume=0.0)
    learn_days()
    assert learned() == {REPUBLIC_DAY: False}
    for number in range(15):
        store(number, [*OPEN, SUNDAY])
    learn_days()
    assert SUNDAY not in learned()
    store(15, [*OPEN, SUNDAY])
    learn_days()
    assert learned()[SUNDAY] is True
    for number in range(20):
        store(number, OPEN)
    learn_days()
    assert SUNDAY not in learned()


def test_a_list_or_an_administrator_is_never_overridden() -> None:
    make_special_day("NSE", REPUBLIC_DAY, is_session=True)
    make_special_day("BSE", SUNDAY, source=DaySource.LIST)
    store_many(20, [*OPEN, SUNDAY])
    learn_days()
    assert learned() == {}
    assert is_session(REPUBLIC_DAY)
    assert not is_session(SUNDAY)


def test_a_list_that_comes_later_withdraws_the_holidays_of_its_year() -> None:
    store_many(20, [*OPEN, SUNDAY])
    learn_days()
    make_special_day("NSE", date(2027, 3, 22), source=DaySource.LIST)
    assert is_session(REPUBLIC_DAY)
    learn_days()
    assert learned() == {SUNDAY: True}


def test_within_the_librarys_calendar_only_sessions_are_learned() -> None:
    days = [date(2025, 1, 1) + timedelta(days=n) for n in range(320)]
    muhurat, missing = {date(2025, 2, 1), date(2025, 10, 21)}, date(2025, 3, 18)
    traded = [day for day in days if (is_session(day) or day in muhurat) and day != missing]
    store_many(20, traded)
    learn_days()
    assert learned() == dict.fromkeys(muhurat, True)
    assert is_session(missing)


def test_the_demo_market_and_another_source_teach_nothing(settings: Settings) -> None:
    store_many(20, OPEN, suffix=".DEMO", source="demo")
    store_many(20, OPEN, source="yahoo")
    learn_days()
    assert not SpecialDay.objects.exists()
    settings.PRICE_SOURCE = "yahoo"
    learn_days()
    assert learned() == {REPUBLIC_DAY: False}


def test_damaged_bars_are_left_out() -> None:
    store_many(21, OPEN)
    PriceHistory.objects.filter(stock="S003.NS").update(bars=b"damaged")
    learn_days()
    assert learned() == {REPUBLIC_DAY: False}


def test_learning_gives_way_to_stocks_that_wait() -> None:
    store_many(STOCKS_AT_ONCE + 1, OPEN)
    make_job("S001.NS")
    learn_in_background()
    assert learned() == {}
    assert is_planned("Learn holidays again")
