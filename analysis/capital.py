"""Capital: how much a user may put into stocks of a currency: an amount in it, or the capital at a stored rate."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from time import monotonic
from typing import Protocol

import numpy as np

from analysis import clock
from analysis.engine.plan import NoPlan, Plan, to_decimal
from analysis.engine.sizing import RiskProfile, Sizing, size_position
from analysis.models import PriceHistory
from analysis.prices.instruments import Instrument, InstrumentKind

logger = logging.getLogger(__name__)

OLDEST_RATE = timedelta(days=10)
REMEMBERED_SECONDS = 30.0
VEHICLE = "USD"  # against which the other currencies are quoted
COINS = ("BTC", "ETH")  # in which some cryptocurrencies are quoted
CENT, SATOSHI = Decimal("0.01"), Decimal("0.00000001")


class SizingProfile(RiskProfile, Protocol):
    """A user's risk settings and capital: its currency, empty if none was chosen, and amounts in others, as text."""

    @property
    def capital(self) -> Decimal: ...
    @property
    def capital_currency(self) -> str: ...
    @property
    def other_capitals(self) -> Mapping[str, str]: ...


@dataclass(frozen=True, slots=True)
class CurrencyRate:
    """How many units of one currency another one costs, at the close of a day."""

    value: float
    day: date


_REMEMBERED: dict[tuple[str, str], tuple[float, CurrencyRate | None]] = {}


@dataclass(frozen=True, slots=True)
class SizingCapital:
    """An amount to size positions with, in the currency of the stock, and a sentence about where it comes from."""

    amount: Decimal
    note: str = ""


def size_for(plan: Plan, profile: SizingProfile, instrument: Instrument) -> Sizing | NoPlan:
    """Return the largest position of a plan within a user's limits, or the reason that there is none."""
    amount, money = _amount_for(instrument, profile), instrument.main_currency
    return size_position(plan, profile, amount, instrument.unit, instrument.size_noun, money)


def _amount_for(instrument: Instrument, profile: SizingProfile) -> Decimal | NoPlan:
    if instrument.kind is InstrumentKind.FUTURE:
        return NoPlan("no size: the contract size of a future is not known")
    if instrument.kind is InstrumentKind.INDEX:
        return NoPlan("no size: an index is not traded itself")
    capital = capital_in(instrument.main_currency, profile)
    return capital if isinstance(capital, NoPlan) else capital.amount


def capital_in(currency: str, settings: SizingProfile) -> SizingCapital | NoPlan:
    """Return the capital for stocks whose money is in `currency`, or the reason that there is none.

    A capital without a currency is one in the currency of each stock, as in earlier versions.
    """
    own = settings.capital_currency
    if not currency:
        return SizingCapital(settings.capital, "The stock's currency is not known; your capital is taken as in it.")
    if not own:
        return SizingCapital(settings.capital, f"Your capital has no currency yet; it is taken as {currency}.")
    if own == currency:
        return SizingCapital(settings.capital)
    if currency in settings.other_capitals:
        return SizingCapital(Decimal(settings.other_capitals[currency]))
    rate = find_rate(own, currency)
    if rate is None:
        pair = f"{currency}-{own}" if currency in COINS else f"{own}{currency}=X"
        return NoPlan(
            f"no size: your capital is in {own}, and there is no recent rate to {currency}; analyse "
            f"{pair}, or enter a capital in {currency} on the account page"
        )
    amount = (settings.capital * to_decimal(rate.value)).quantize(SATOSHI if currency in COINS else CENT)
    return SizingCapital(amount, f"{own} at {rate.value:.5g} {currency}, the rate of {rate.day}.")


def find_rate(base: str, quote: str) -> CurrencyRate | None:
    """Return how many `quote` one `base` costs by the stored bars of currency pairs, at most ten days old.

    It is remembered for half a minute, because each row of a list needs it.
    """
    now = monotonic()
    remembered = _REMEMBERED.get((base, quote))
    if remembered is None or now - remembered[0] > REMEMBERED_SECONDS:
        remembered = _REMEMBERED[base, quote] = (now, _read_rate(base, quote))
    return remembered[1]


def forget_rates() -> None:
    """Read rates anew from now on."""
    _REMEMBERED.clear()


def _read_rate(base: str, quote: str) -> CurrencyRate | None:
    codes = {base, quote, VEHICLE}
    pairs = {f"{one}{other}=X": (one, other) for one in codes for other in codes if one != other}
    pairs |= {f"{other}=X": (VEHICLE, other) for other in codes if other != VEHICLE}
    pairs |= {f"{coin}-{other}": (coin, other) for coin in codes.intersection(COINS) for other in codes - {coin}}
    since = clock.now().date() - OLDEST_RATE
    rates: dict[tuple[str, str], CurrencyRate] = {}
    for history in PriceHistory.objects.filter(stock__in=pairs, last_session__gte=since).defer("findings", "traded"):
        pair = pairs[history.stock_id]
        try:
            bars = history.unpack()
        except ValueError:
            logger.warning("The stored bars of %s are damaged; there is no rate from them", history.stock_id)
            continue
        if len(closes := bars.close[(bars.close > 0) & np.isfinite(bars.close)]):
            close = float(closes[-1])
            rates[pair] = CurrencyRate(close, history.last_session)
            rates.setdefault((pair[1], pair[0]), CurrencyRate(1 / close, history.last_session))
    direct = rates.get((base, quote))
    if direct is None and (base, VEHICLE) in rates and (VEHICLE, quote) in rates:
        first, second = rates[base, VEHICLE], rates[VEHICLE, quote]
        return CurrencyRate(first.value * second.value, min(first.day, second.day))
    return direct
