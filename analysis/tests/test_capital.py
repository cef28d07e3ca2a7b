"""Capital: how much of a user's money sizes a position in stocks of each currency."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.utils import timezone

from analysis.capital import SizingCapital, capital_in, forget_rates, size_for
from analysis.engine.bars import Bars
from analysis.engine.plan import NoPlan, Plan
from analysis.engine.verdict import Side
from analysis.histories import row_of, store
from analysis.models import PriceHistory, Stock
from analysis.prices.instruments import instrument_of
from analysis.prices.port import History
from analysis.tests.make import make_result, make_stock, make_user

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Owner:
    """Settings of a user with ₹1,000,000."""

    capital: Decimal = Decimal(1_000_000)
    capital_currency: str = "INR"
    other_capitals: Mapping[str, str] = field(default_factory=dict)
    risk_percent: Decimal = Decimal(1)
    position_limit_percent: Decimal = Decimal(20)
    min_risk_reward: Decimal = Decimal(1)
    long_only: bool = False


def store_rate(pair: str, close: float, day: date | None = None) -> date:
    """Store the bars of a currency pair that end with this close."""
    Stock.of_ticker(pair).save()
    day = day or timezone.now().date()
    days = np.array([day - timedelta(days=1), day], dtype="datetime64[D]")
    prices = np.array([close * 0.9, close])
    bars = Bars(days, prices, prices, prices, prices, np.zeros(2))
    store([row_of(pair, "yahoo", History(bars, adjusted=True), day, timezone.now())], {})
    forget_rates()
    return day


def test_a_capital_counts_as_it_is_in_its_own_currency() -> None:
    assert capital_in("INR", Owner()) == SizingCapital(Decimal(1_000_000))
    assert capital_in("USD", Owner(other_capitals={"USD": "5000"})) == SizingCapital(Decimal(5_000))


def test_another_currency_takes_a_stored_rate_and_its_day() -> None:
    lack = capital_in("USD", Owner())
    assert isinstance(lack, NoPlan)
    assert lack.reason.startswith(
        "no size: your capital is in INR, and there is no recent rate to USD; analyse INRUSD=X"
    )
    day = store_rate("INR=X", 80.0)
    assert capital_in("USD", Owner()) == SizingCapital(Decimal("12500.00"), f"INR at 0.0125 USD, the rate of {day}.")
    store_rate("EURUSD=X", 1.25, day - timedelta(days=3))
    converted = capital_in("EUR", Owner())
    assert isinstance(converted, SizingCapital)
    assert converted.amount == Decimal("10000.00")
    assert converted.note.endswith(f"the rate of {day - timedelta(days=3)}.")


def test_what_is_quoted_in_a_coin_takes_the_rate_of_the_coin() -> None:
    lack = capital_in("BTC", Owner(capital_currency="USD"))
    assert isinstance(lack, NoPlan)
    assert "analyse BTC-USD, or enter" in lack.reason
    store_rate("BTC-USD", 95_000.0)
    for dollars, coins in ((400, "0.00421053"), (2_000, "0.02105263"), (1_000_000, "10.52631579")):
        converted = capital_in("BTC", Owner(capital=Decimal(dollars), capital_currency="USD"))
        assert isinstance(converted, SizingCapital)
        assert converted.amount == Decimal(coins)
    plan = Plan(Side.LONG, 0.03, 0.028, 0.034, 2.0)
    assert size_for(plan, Owner(capital=Decimal(2_000), capital_currency="USD"), instrument_of("ETH-BTC")) == NoPlan(
        "quantity 0: one unit risks 0.002 BTC, your risk limit is 0.00021053 BTC"
    )


@pytest.mark.parametrize(
    ("ticker", "fields", "sentence"),
    [
        ("AV.L", {"currency": "GBp"}, "quantity 0: one share risks 0.281 GBP, your risk limit is 0.10 GBP"),
        ("BTC-USD", {}, "quantity 0: one unit risks 28.1 USD, your risk limit is 0.10 USD"),
    ],
)
def test_a_size_of_none_says_its_money(ticker: str, fields: dict[str, str], sentence: str) -> None:
    plan = Plan(Side.LONG, 562.4, 534.3, 618.6, 2.0)
    owner = Owner(capital=Decimal(10), capital_currency=instrument_of(ticker, **fields).main_currency)
    assert size_for(plan, owner, instrument_of(ticker, **fields)) == NoPlan(sentence)


def test_a_rate_that_is_old_does_not_count() -> None:
    store_rate("INR=X", 80.0, timezone.now().date() - timedelta(days=12))
    assert isinstance(capital_in("USD", Owner()), NoPlan)


def test_a_capital_without_a_currency_is_taken_as_that_of_the_stock_and_says_so() -> None:
    capital = capital_in("USD", Owner(capital_currency=""))
    assert capital == SizingCapital(Decimal(1_000_000), "Your capital has no currency yet; it is taken as USD.")


def test_the_stock_page_sizes_pence_in_pounds_and_another_currency_not_at_all(client: Client) -> None:
    ann = make_user("ann", capital=Decimal(100_000), capital_currency="GBP")
    client.force_login(ann)
    levels: dict[str, Any] = {"entry": 562.4, "stop": 534.3, "target": 618.6, "risk_reward": 2.0, "close": 562.4}
    make_result(make_stock("AV.L", currency="GBp"), **levels)
    make_result(make_stock("AAPL", currency="USD"), **levels)
    text = client.get("/stocks/AV.L/").text
    assert "3,556 shares" in text
    assert "£19,998.94" in text
    assert "your capital is in GBP, and there is no recent rate to USD" in client.get("/stocks/AAPL/").text
    answer = client.get("/api/stocks/AV.L/plan").json()
    assert (answer["sizing"]["quantity"], answer["sizing"]["currency"]) == (3_556, "GBP")
    assert answer["currency"] == "GBp"
    given = client.get("/api/stocks/AAPL/plan", {"capital": 100_000}).json()
    assert given["sizing"]["quantity"] == 35


def test_rates_cost_a_list_one_query(client: Client, django_assert_max_num_queries: object) -> None:
    store_rate("INR=X", 80.0)
    owner = Owner()
    capital_in("USD", owner)
    with django_assert_max_num_queries(0):  # type: ignore[operator]
        for _ in range(200):
            capital_in("USD", owner)


def test_futures_and_indices_have_no_size(client: Client) -> None:
    client.force_login(make_user("ann", capital=Decimal(10_000_000)))
    for ticker, reason in (("GC=F", "the contract size of a future is not known"), ("^NSEI", "an index is not traded")):
        stock = Stock.of_ticker(ticker)
        stock.save()
        make_result(stock)
        text = client.get(f"/stocks/{ticker}/").text
        assert reason in text
        assert "shares" not in text.partition("Plan for you")[2].partition("</section>")[0]


def test_a_damaged_history_of_a_pair_gives_no_rate() -> None:
    store_rate("INR=X", 80.0)
    PriceHistory.objects.update(bars=b"damaged")
    forget_rates()
    assert isinstance(capital_in("USD", Owner()), NoPlan)
