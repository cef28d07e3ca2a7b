"""The stand-in's market: made-up daily bars for any symbol, the same on every machine, and Yahoo's JSON of them."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from analysis.prices.exchanges import EXCHANGE_BY_YAHOO_CODE, Exchange
from analysis.prices.instruments import InstrumentKind, exchange_of, instrument_of
from analysis.prices.sessions import last_closed_session, sessions_between

EPOCH = date(2015, 1, 1)
OPENING = time(9, 15)  # everywhere

TYPES = {
    InstrumentKind.SHARE: "EQUITY",
    InstrumentKind.FUND: "ETF",
    InstrumentKind.INDEX: "INDEX",
    InstrumentKind.PAIR: "CURRENCY",
    InstrumentKind.CRYPTO: "CRYPTOCURRENCY",
    InstrumentKind.FUTURE: "FUTURE",
}
FUNDS = ("VWILX", "DODFX")
YAHOO_CODES = {exchange.code: code for code, exchange in reversed(EXCHANGE_BY_YAHOO_CODE.items())}

type Chart = dict[str, Any]


@dataclass(slots=True)
class Market:
    """The events so far: splits, dividends, and bars up to `until`, by default the last closed session.

    `missing` are sessions that a symbol's bars lack for now, `flat` those with the close before and no volume, and
    `revised` factors of closes, that of the high or low where it has to follow.
    """

    until: Callable[[str], date] = lambda symbol: last_closed_session(exchange_of(symbol), datetime.now(UTC))
    splits: dict[str, dict[date, float]] = field(default_factory=lambda: defaultdict(dict))
    dividends: dict[str, dict[date, float]] = field(default_factory=lambda: defaultdict(dict))
    missing: dict[str, set[date]] = field(default_factory=lambda: defaultdict(set))
    flat: dict[str, set[date]] = field(default_factory=lambda: defaultdict(set))
    revised: dict[str, dict[date, float]] = field(default_factory=lambda: defaultdict(dict))

    def chart(self, symbol: str, first: date, last: date) -> Chart:
        """Yahoo's answer: prices adjusted for splits, an adjusted close for dividends (fractions of the price) too."""
        sessions = sessions_between(exchange_of(symbol), max(first, EPOCH), min(last, self.until(symbol)))
        sessions = [day for day in sessions if day not in self.missing[symbol]]
        days = np.array(sessions, dtype="datetime64[D]")
        prices, volume = _bars(symbol, days)
        self._disturb(symbol, days, prices, volume)
        for day, ratio in self.splits[symbol].items():
            if day <= self.until(symbol):  # all sessions are then in the new shares
                prices, volume = prices / ratio, volume * ratio
        adjusted = prices[3].copy()
        paid: dict[date, float] = {}
        for day, fraction in self.dividends[symbol].items():
            before = days < np.datetime64(day)
            adjusted[before] *= 1 - fraction
            if day in sessions:
                close_before = _bars(symbol, np.array([day - timedelta(days=1)], dtype="datetime64[D]"))[0][3, 0]
                paid[day] = fraction * float(prices[3, before][-1] if before.any() else close_before)
        open_, high, low, close = _plain(prices)
        chart = chart_of(symbol, sessions, open_, high, low, close, _plain(adjusted), volume.astype(int).tolist())
        exchange = exchange_of(symbol)
        stamps = {_opening(exchange, day): amount for day, amount in paid.items()}
        events = {str(stamp): {"amount": amount, "date": stamp} for stamp, amount in stamps.items()}
        splits = {
            str(stamp): {"date": stamp, "numerator": ratio, "denominator": 1, "splitRatio": f"{ratio:g}:1"}
            for day, ratio in self.splits[symbol].items()
            if day in sessions and (stamp := _opening(exchange, day))
        }
        chart["chart"]["result"][0]["events"] = {"dividends": events, "splits": splits}
        return chart

    def _disturb(
        self, symbol: str, days: NDArray[np.datetime64], prices: NDArray[np.float64], volume: NDArray[np.float64]
    ) -> None:
        """Make the revised closes and the flat sessions, in place."""
        for day, factor in self.revised[symbol].items():
            rows = days == np.datetime64(day)
            prices[3, rows] *= factor
            prices[1, rows] = np.maximum(prices[1, rows], prices[3, rows])
            prices[2, rows] = np.minimum(prices[2, rows], prices[3, rows])
        for day in self.flat[symbol]:
            rows = days == np.datetime64(day)
            before = _bars(symbol, np.array([day - timedelta(days=1)], dtype="datetime64[D]"))[0][3, 0]
            prices[:, rows], volume[rows] = before, 0.0


def chart_of(
    symbol: str,
    sessions: Iterable[date],
    open_: list[float | None],
    high: list[float | None],
    low: list[float | None],
    close: list[float | None],
    adjusted: list[float | None],
    volume: list[Any],
) -> Chart:
    """A chart answer with these columns; a session's timestamp is its opening."""
    instrument = instrument_of(symbol)
    exchange = instrument.exchange
    stamps = [_opening(exchange, day) for day in sessions]
    quote = {"open": open_, "high": high, "low": low, "close": close, "volume": volume}
    result = {
        "meta": {
            "currency": instrument.currency or "USD",
            "symbol": symbol,
            "exchangeName": YAHOO_CODES.get(exchange.code, exchange.code),
            "fullExchangeName": exchange.code,
            "instrumentType": "MUTUALFUND" if symbol in FUNDS else TYPES[instrument.kind],
            "exchangeTimezoneName": exchange.timezone,
            "timezone": "LOCAL",
            "gmtoffset": 0,
            "longName": f"{symbol.partition('.')[0].title()} of the stand-in",
            "firstTradeDate": _opening(exchange, EPOCH),
            "priceHint": 4 if instrument.kind is InstrumentKind.PAIR else 2,
            "regularMarketTime": stamps[-1] if stamps else 0,
            "validRanges": ["1d", "5d", "1mo", "1y", "5y", "max"],
        },
        "timestamp": stamps,
        "indicators": {"quote": [quote], "adjclose": [{"adjclose": adjusted}]},
    }
    return {"chart": {"result": [result], "error": None}}


def _bars(symbol: str, days: NDArray[np.datetime64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Open, high, low, close, shape (4, n), and volume of these days; every day since the epoch has its own draws."""
    count = (date(2040, 1, 1) - EPOCH).days
    draws = np.random.RandomState(crc32(symbol.encode())).standard_normal((4, count))
    drift = np.cumsum(0.014 * draws[0])
    level = 20 + crc32(symbol[::-1].encode()) % 4000
    chosen = (days - np.datetime64(EPOCH)).astype(int)
    close = level * np.exp(drift - 0.002 * np.maximum(drift, 0) * np.arange(count) / 250)[chosen]
    open_ = close * np.exp(0.006 * draws[1, chosen])
    high = np.maximum(open_, close) * np.exp(0.004 * np.abs(draws[2, chosen]))
    low = np.minimum(open_, close) * np.exp(-0.004 * np.abs(draws[2, chosen]))
    volume = np.round(2e9 / level * np.exp(0.4 * draws[3, chosen]))
    kind = instrument_of(symbol).kind
    if kind is InstrumentKind.PAIR:
        return np.stack([open_, high, low, close]) / level, np.zeros_like(volume)
    return np.stack([open_, high, low, close]), volume * (kind is not InstrumentKind.INDEX and symbol not in FUNDS)


def _plain(numbers: NDArray[np.float64]) -> Any:
    """As Yahoo writes prices: singles, with all the digits that a double shows of them."""
    return numbers.astype(np.float32).astype(np.float64).tolist()


def _opening(exchange: Exchange, day: date) -> int:
    return int(datetime.combine(day, OPENING, ZoneInfo(exchange.timezone)).timestamp())


def day_of(stamp: int) -> date:
    """The day of a moment that a request names; a margin keeps exchanges east of Greenwich in it."""
    return (datetime.fromtimestamp(max(stamp, 0), UTC) + timedelta(hours=12)).date()
