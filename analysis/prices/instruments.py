"""Instruments: the kind, market, currency and decimals of a ticker, from its form and from what its source says."""

import math
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np

from analysis.engine.bars import Floats
from analysis.prices.currencies import QUOTES, main_currency, unit_of
from analysis.prices.demo_companies import COMPANY_BY_TICKER
from analysis.prices.exchanges import (
    CRYPTO,
    DEMO_INDIA,
    DEMO_US,
    EXCHANGE_BY_CODE,
    EXCHANGE_BY_SUFFIX,
    FOREX,
    FUTURES,
    UNKNOWN_EXCHANGE,
    US,
    Exchange,
)
from analysis.prices.tickers import is_demo

LEAST_DIGITS = 5  # significant, of a price below 10
DIGITS_OF_PAIRS = 6  # significant, of any exchange rate
MOST_DECIMALS = 15  # of which a float is certain
RECENT_SESSIONS = 250
VOLUME_IS_COUNTED = 0.9  # share of recent sessions with a volume, of an index or fund whose volume is meant

_CRYPTO = re.compile(rf"[A-Z0-9]{{2,}}-({'|'.join(QUOTES)})")
_PAIR = re.compile(r"(?:[A-Z]{3})?([A-Z]{3})=X")
_EXCHANGE_BY_INDEX = {
    index: exchange
    for exchange, indices in (
        (EXCHANGE_BY_SUFFIX["NS"], "^NSEI ^NSEBANK ^NSMIDCP ^INDIAVIX ^CRSLDX ^CNX"),
        (EXCHANGE_BY_SUFFIX["BO"], "^BSESN ^BSE"),
        (
            US,
            "^GSPC ^SPX ^DJI ^IXIC ^NDX ^RUT ^RUI ^RUA ^VIX ^NYA ^XAX ^OEX ^MID ^DJT ^DJU"
            " ^SP500 ^SP400 ^SP600 ^TNX ^TYX ^FVX ^IRX ^SOX",
        ),
        (EXCHANGE_BY_SUFFIX["L"], "^FTSE ^FTMC ^FTAS"),
        (EXCHANGE_BY_SUFFIX["DE"], "^GDAXI ^MDAXI ^SDAXI ^TECDAX ^STOXX50E ^STOXX"),
        (EXCHANGE_BY_SUFFIX["PA"], "^FCHI ^SBF120 ^N100"),
        (EXCHANGE_BY_SUFFIX["AS"], "^AEX"),
        (EXCHANGE_BY_SUFFIX["BR"], "^BFX"),
        (EXCHANGE_BY_SUFFIX["MC"], "^IBEX"),
        (EXCHANGE_BY_SUFFIX["SW"], "^SSMI"),
        (EXCHANGE_BY_SUFFIX["ST"], "^OMX ^OMXS30"),
        (EXCHANGE_BY_SUFFIX["VI"], "^ATX"),
        (EXCHANGE_BY_SUFFIX["T"], "^N225 ^N300 ^TOPX"),
        (EXCHANGE_BY_SUFFIX["HK"], "^HSI ^HSCE"),
        (EXCHANGE_BY_SUFFIX["TW"], "^TWII"),
        (EXCHANGE_BY_SUFFIX["KS"], "^KS11 ^KS200"),
        (EXCHANGE_BY_SUFFIX["KQ"], "^KQ11"),
        (EXCHANGE_BY_SUFFIX["SI"], "^STI"),
        (EXCHANGE_BY_SUFFIX["KL"], "^KLSE"),
        (EXCHANGE_BY_SUFFIX["JK"], "^JKSE"),
        (EXCHANGE_BY_SUFFIX["AX"], "^AXJO ^AORD"),
        (EXCHANGE_BY_SUFFIX["NZ"], "^NZ50"),
        (EXCHANGE_BY_SUFFIX["TO"], "^GSPTSE"),
        (EXCHANGE_BY_SUFFIX["SA"], "^BVSP"),
        (EXCHANGE_BY_SUFFIX["MX"], "^MXX"),
        (EXCHANGE_BY_SUFFIX["BA"], "^MERV"),
    )
    for index in indices.split()
}
_FAMILIES = (
    "^CNX",
    "^BSE",
    "^SP500",
    "^SP400",
    "^SP600",
)  # a prefix of many indices of one exchange: ^CNXIT, ^BSE100, ^SP500-45


class InstrumentKind(StrEnum):
    """Kind of an instrument, which decides its trading days and the meaning of its volume."""

    SHARE = "share"
    FUND = "fund"
    INDEX = "index"
    PAIR = "pair"
    CRYPTO = "crypto"
    FUTURE = "future"

    @property
    def label(self) -> str:
        """Return the kind in words."""
        return {"pair": "Currency pair", "crypto": "Cryptocurrency"}.get(self.value) or self.value.capitalize()


@dataclass(frozen=True, slots=True)
class Instrument:
    """A security: its kind, exchange, quoted currency and decimals.

    Prices are in `currency` as it is quoted, which may be a part of the money: GBp is pence. `source_decimals` is the
    number of decimals that the source shows, None if it does not say. `isin` is empty where it is not known.
    """

    ticker: str
    kind: InstrumentKind
    exchange: Exchange
    currency: str
    source_decimals: int | None = None
    isin: str = ""

    @property
    def main_currency(self) -> str:
        """Return the currency of money: GBP where prices are in pence."""
        return main_currency(self.currency)

    @property
    def unit(self) -> int:
        """Return how many units of a price make one of the main currency: 100 where prices are in pence, mostly 1."""
        return unit_of(self.currency)

    @property
    def size_noun(self) -> str:
        """Return the word for one of it: a share, or a unit of a currency."""
        return "unit" if self.kind in (InstrumentKind.PAIR, InstrumentKind.CRYPTO) else "share"

    def decimals_at(self, price: float) -> int:
        """Return the decimals in which prices around this one are given: the source's or usual ones, or more.

        A price below 10 has at least 5 significant digits, because stop and target are a few percent away, and an
        exchange rate 6. This is a precision, not a tick size, which no source tells.
        """
        usual = self.exchange.decimals if self.source_decimals is None else self.source_decimals
        digits = DIGITS_OF_PAIRS if self.kind is InstrumentKind.PAIR else LEAST_DIGITS if price < 10 else 0
        if not 0 < price < math.inf:
            return usual
        return min(max(usual, digits - 1 - math.floor(math.log10(price))), MOST_DECIMALS)

    def turnover(self, volume: float, close: float) -> float:
        """Return about how much money a session's volume was, in the main currency; NaN where volume is not known.

        Yahoo gives the volume of a cryptocurrency in money already.
        """
        return volume if self.kind is InstrumentKind.CRYPTO else volume * close / self.unit

    def is_volume_known(self, volume: Floats) -> bool:
        """Return whether these volumes, shape (n,), say how much was traded; they do not if there is none throughout.

        Exchange rates have no volume. That of an index or a fund counts if it is there in nearly all recent sessions:
        sources fill in some, and a session without it was still traded.
        """
        traded = volume > 0
        if self.kind is InstrumentKind.PAIR or not traded.any():
            return False
        if self.kind in (InstrumentKind.INDEX, InstrumentKind.FUND):
            return bool(np.mean(traded[-RECENT_SESSIONS:]) >= VOLUME_IS_COUNTED)
        return True


@lru_cache(maxsize=8192)  # of every row of a list
def instrument_of(
    ticker: str, *, kind: str = "", exchange: str = "", currency: str = "", source_decimals: int | None = None
) -> Instrument:
    """Return the instrument of a normalised ticker.

    Its form decides where it can: `^` is an index, `=X` a currency pair, `=F` a future, `-USD` a cryptocurrency, a
    suffix an exchange. What is stored or reported (the value of an `InstrumentKind`, the code of an `Exchange`) decides
    the rest, and the currency always.
    """
    form_kind, form_exchange, form_currency = _form_of(ticker)
    market = form_exchange or EXCHANGE_BY_CODE.get(exchange, UNKNOWN_EXCHANGE)
    return Instrument(
        ticker,
        kind=form_kind or (InstrumentKind(kind) if kind else InstrumentKind.SHARE),
        exchange=market,
        currency=currency or form_currency or market.currency,
        source_decimals=source_decimals,
    )


def exchange_of(ticker: str, stored: str = "") -> Exchange:
    """Return the exchange of a normalised ticker by its form, else by the `stored` code, else `UNKNOWN_EXCHANGE`."""
    return instrument_of(ticker, exchange=stored).exchange


def _form_of(ticker: str) -> tuple[InstrumentKind | None, Exchange | None, str]:
    """Return what the form of a ticker tells: kind, exchange and currency, None or empty where it tells nothing."""
    if is_demo(ticker):
        company = COMPANY_BY_TICKER.get(ticker)
        return InstrumentKind.SHARE, DEMO_INDIA if company is not None and company.currency == "INR" else DEMO_US, ""
    if ticker.startswith("^"):
        return InstrumentKind.INDEX, _exchange_of_index(ticker), ""
    if pair := _PAIR.fullmatch(ticker):
        return InstrumentKind.PAIR, FOREX, pair[1]
    if ticker.endswith("=F"):
        return InstrumentKind.FUTURE, FUTURES, ""
    if crypto := _CRYPTO.fullmatch(ticker):
        return InstrumentKind.CRYPTO, CRYPTO, QUOTES[crypto[1]]
    _, dot, suffix = ticker.rpartition(".")
    if dot:
        return None, EXCHANGE_BY_SUFFIX.get(suffix), ""
    return None, None if "=" in ticker else US, ""


def _exchange_of_index(ticker: str) -> Exchange | None:
    known = _EXCHANGE_BY_INDEX.get(ticker)
    return known or next((_EXCHANGE_BY_INDEX[family] for family in _FAMILIES if ticker.startswith(family)), None)
