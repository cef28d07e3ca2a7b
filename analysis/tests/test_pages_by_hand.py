"""Pages by hand: levels, sizes, signals and records of stored bars, computed again without the engine."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from django.template import Context, Template
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from analysis.engine.assess import assess
from analysis.engine.assessment import Assessment
from analysis.engine.bars import Bars
from analysis.engine.indicators import INDICATORS
from analysis.engine.record_summary import Performance
from analysis.engine.strategies import STRATEGIES
from analysis.engine.verdict import Verdict
from analysis.histories import bars_of_record, usable_bars
from analysis.models import PriceHistory, RawData, Result, Stock
from analysis.tests.make import make_finished_job, make_result, make_stock, make_user
from analysis.track_records.refresh import compute_records

if TYPE_CHECKING:
    from analysis.engine.bars import Floats

pytestmark = pytest.mark.django_db

TICKER = "KAVERI.DEMO"


def stored_bars() -> Bars:
    return usable_bars(PriceHistory.objects.get(), timezone.now()).bars


def page(client: Client, ticker: str = TICKER) -> str:
    return " ".join(client.get(reverse("analysis:stock", args=[ticker])).text.split())


def wilder_atr(bars: Bars, length: int = 14) -> Floats:
    """Wilder's average true range: the mean of the first true ranges, then a fourteenth of the new one each session."""
    before = bars.close[:-1]
    ranges = np.maximum(bars.high[1:], before) - np.minimum(bars.low[1:], before)
    atr = np.full(len(bars), np.nan)
    atr[length] = ranges[:length].mean()
    for n in range(length + 1, len(bars)):
        atr[n] = (atr[n - 1] * (length - 1) + ranges[n - 1]) / length
    return atr


def money(amount: Decimal, stock: Stock) -> str:
    """As every template writes it; how, the tests of the formats say."""
    return Template("{{ amount|money:stock }}").render(Context({"amount": amount, "stock": stock}))


def cents(price: float) -> Decimal:
    return Decimal(str(price)).quantize(Decimal("0.01"), ROUND_HALF_UP)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("ticker", ["KAVERI.DEMO", "QUILLMERE.DEMO"])
def test_levels_and_size_on_the_page_follow_from_the_stored_bars(client: Client, ticker: str, strategy: str) -> None:
    reader = {"long_only": False, "capital": Decimal("250000"), "min_risk_reward": Decimal(0), "strategy": strategy}
    client.force_login(make_user("ann", **reader))
    make_finished_job(ticker, strategy=strategy)
    result, bars = Result.objects.get(), stored_bars()
    rating = result.ratings.get(strategy=strategy)
    text = page(client, ticker)
    if rating.verdict == Verdict.NEUTRAL:
        assert "Neutral: nothing to plan." in text
        return
    used, direction = STRATEGIES[strategy], 1 if rating.side == "long" else -1
    close, atr = float(bars.close[-1]), float(wilder_atr(bars)[-1])
    entry, stop = cents(close), cents(close - direction * used.stop_atr * atr)
    target = cents(close + direction * used.target_risk * used.stop_atr * atr)
    for level in (entry, stop, target):
        assert f"<dd> {money(level, result.stock)} </dd>" in text
    risk = abs(entry - stop)
    by_risk, by_position = math.floor(Decimal(2500) / risk), math.floor(Decimal(50_000) / entry)
    quantity = min(by_risk, by_position)
    assert f"<strong>{quantity} share" in text
    assert f"<dd> {money(quantity * risk, result.stock)} </dd>" in text
    assert f"<dd> {money(quantity * entry, result.stock)} </dd>" in text
    limit = "your risk per trade, 1.00%" if by_risk <= by_position else "your largest position, 20.00%"
    assert limit in text


def ema(series: Floats, length: int) -> float:
    value = float(series[:length].mean())
    for price in series[length:].tolist():
        value += 2 / (length + 1) * (price - value)
    return value


def wma(series: Floats, length: int) -> float:
    return float(series[-length:] @ np.arange(1, length + 1) * 2 / (length * (length + 1)))


def middle(bars: Bars, length: int, ago: int = 0) -> float:
    rows = slice(len(bars) - length - ago, len(bars) - ago)
    return float((bars.high[rows].max() + bars.low[rows].min()) / 2)


@pytest.mark.parametrize("ticker", ["KAVERI.DEMO", "QUILLMERE.DEMO", "NILGAON.DEMO"])
def test_the_moving_averages_signals_on_the_page_are_those_of_the_published_rules(client: Client, ticker: str) -> None:
    client.force_login(make_user("ann"))
    make_finished_job(ticker)
    bars = stored_bars()
    close = bars.close
    lengths = (10, 20, 30, 50, 100, 200)
    averages = [float(close[-n:].mean()) for n in lengths] + [ema(close, n) for n in lengths]
    last = len(close)
    steps = np.array([2 * wma(close[:n], 4) - wma(close[:n], 9) for n in range(last - 2, last + 1)])
    averages += [wma(steps, 3), float((close * bars.volume)[-20:].sum() / bars.volume[-20:].sum())]
    signals = [int(average < close[-1]) - int(average > close[-1]) for average in averages]
    conversion, base = middle(bars, 9), middle(bars, 26)
    lead1, lead2 = (middle(bars, 9, 26) + middle(bars, 26, 26)) / 2, middle(bars, 52, 26)
    pairs = [(lead1, lead2), (base, lead1), (conversion, base), (float(close[-1]), conversion)]
    signals.append(int(all(a > b for a, b in pairs)) - int(all(a < b for a, b in pairs)))
    up, down, neutral = (signals.count(signal) for signal in (1, -1, 0))
    shown = f'<span class="up">▲ {up}</span> <span class="down">▼ {down}</span> <span class="flat">◆ {neutral}</span>'
    assert shown in page(client, ticker)
    stored = RawData.objects.get().evidence["signals"]
    oscillators = [signal for key, (_, signal) in stored.items() if INDICATORS[key].kind == "oscillator"]
    assert Result.objects.get().ratings.get().score == pytest.approx((np.mean(signals) + np.mean(oscillators)) / 2)


def test_the_record_on_the_page_is_that_of_trades_followed_bar_by_bar(client: Client) -> None:
    """Every verdict is that of a run which sees nothing later; every trade is walked through session by session."""
    client.force_login(make_user("ann", long_only=False))
    make_finished_job(TICKER)
    row = next(row for row in compute_records() if row.strategy == "mean_reversion")
    strategy, bars = STRATEGIES["mean_reversion"], bars_of_record(PriceHistory.objects.get(), timezone.now()).bars
    atr = wilder_atr(bars)
    said = [assess(bars[: n + 1], strategy) for n in range(len(bars))]
    buys = [found.verdict.code > 0 if isinstance(found, Assessment) else None for found in said]

    def trade(signal: int) -> tuple[int, bool, float]:
        """The session of the exit, whether the target was reached, and the return after costs."""
        entry, risk = bars.open[signal + 1], strategy.stop_atr * atr[signal]
        stop, target = entry - risk, entry + strategy.target_risk * risk
        for n in range(signal + 1, signal + 1 + strategy.holding):
            if bars.open[n] >= target:
                price, is_hit = bars.open[n], True
            elif bars.low[n] <= stop:
                price, is_hit = min(bars.open[n], stop), False
            elif bars.high[n] >= target:
                price, is_hit = target, True
            else:
                continue
            return n, is_hit, price / entry - 1 - 0.001 * (1 + price / entry)
        price = bars.close[n]
        return n, False, price / entry - 1 - 0.001 * (1 + price / entry)

    over = [n for n in range(len(bars) - strategy.holding) if buys[n] is not None]
    every = [trade(n) for n in over]
    taken: list[tuple[int, bool, float]] = []
    for n in over:
        if buys[n] and buys[n - 1] is False and (not taken or n >= taken[-1][0]):
            taken.append(trade(n))
    summary = row.unpack()
    assert summary is not None
    assert isinstance(summary.long, Performance)
    rate, baseline = (sum(hit for _, hit, _ in some) / len(some) for some in (taken, every))
    assert (summary.long.count, summary.long.baseline.count) == (len(taken), len(every))
    assert summary.long.hit_rate == pytest.approx(rate)
    assert summary.long.mean_return == pytest.approx(np.mean([gain for _, _, gain in taken]))
    assert summary.long.baseline.mean_return == pytest.approx(np.mean([gain for _, _, gain in every]))
    text = " ".join(client.get(reverse("analysis:track_record"), {"strategy": "mean_reversion"}).text.split())
    described = text[text.index("Described, not judged") :]
    assert f'<td class="num" data-label="Trades">{len(taken)}</td>' in described
    assert f"{100 * rate:.1f}% <small>baseline {100 * baseline:.1f}%</small>" in described


LONG: dict[str, Any] = {
    "side": "long",
    "entry": 100.0,
    "stop": 96.0,
    "target": 108.0,
    "risk_reward": 2.0,
    "verdict": "buy",
}
SHORT: dict[str, Any] = {
    "side": "short",
    "entry": 100.0,
    "stop": 104.0,
    "target": 92.0,
    "risk_reward": 2.0,
    "verdict": "sell",
}


@pytest.mark.parametrize(
    ("profile", "plan", "said"),
    [
        ({"capital": 0}, LONG, "Quantity 0: one share risks 4.0 INR, your risk limit is 0.00 INR."),
        ({"capital": 1}, LONG, "Quantity 0: one share risks 4.0 INR, your risk limit is 0.01 INR."),
        ({"capital": 450}, LONG, "Quantity 0: one share costs 100.0 INR, your position limit is 90.00 INR."),
        (
            {"capital": 99, "risk_percent": 100, "position_limit_percent": 100},
            LONG,
            "Quantity 0: one share costs 100.0",
        ),
        ({"min_risk_reward": 3}, LONG, "No trade: 2.0 &lt; 3.0, your minimum risk:reward."),
        ({"long_only": True}, SHORT, "Exit or avoid: the plan is a short, and you trade long only."),
        ({"long_only": False}, SHORT, "<strong>200 shares</strong>"),
        ({"capital": "999999999999.99"}, LONG, "<strong>1,999,999,999 shares</strong>"),
    ],
)
def test_a_size_or_its_refusal_is_told_on_the_stock_page(
    client: Client, profile: dict[str, object], plan: dict[str, Any], said: str
) -> None:
    client.force_login(make_user("ann", **profile))
    make_result(make_stock(TICKER), **plan)
    text = page(client)
    assert said in text
    assert ("Lost at the stop" in text) == ("shares</strong>" in said)
    assert ("₹104.00" in text) == (plan is SHORT and not profile["long_only"])


def test_a_capital_is_one_in_the_currency_of_the_stock(client: Client) -> None:
    client.force_login(make_user("ann", capital=1000))
    for ticker, currency, spent in (("A.L", "GBp", "£200.00"), ("B", "USD", "$200.00"), ("C.T", "JPY", "¥200")):
        make_result(make_stock(ticker, currency=currency), **LONG)
        assert f"<dd> {spent} </dd>" in page(client, ticker)


def test_damaged_bars_are_told_of_and_the_rest_of_the_page_stays(client: Client) -> None:
    client.force_login(make_user("ann"))
    make_finished_job(TICKER)
    PriceHistory.objects.update(bars=b"damaged")
    text = page(client)
    assert "The stored bars cannot be read: they are damaged or in another format." in text
    assert "Plan for you" in text
    series = client.get(reverse("analysis:stock_series", args=[TICKER]))
    assert series.status_code == 404
    assert series.json()["problem"].startswith("The stored bars cannot be read")
