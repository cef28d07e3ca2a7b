"""The demo market: daily bars of fictional companies, the same on every machine, up to the last closed session."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import accumulate

import numpy as np

from analysis.engine.bars import Bars, Floats, Sessions
from analysis.prices.demo_companies import COMPANY_BY_TICKER, Company
from analysis.prices.instruments import Instrument, exchange_of
from analysis.prices.port import NOTHING_KNOWN, History, PriceError, PriceErrorKind, StockMetadata
from analysis.prices.sessions import last_closed_session, sessions_between

EPOCH = date(2019, 1, 1)
EARNINGS_EVERY = 63  # weekdays
REGIME_CHANGE = 2.13  # a standard normal draw above it, once in 60 weekdays, begins a new regime
PULL = 0.993  # share of a price's distance from the company's level that is left after a weekday
TURNOVER = 2e8  # in the company's currency, on a usual company's quiet day
SPLIT = 10
OUTAGE_SECONDS = 20  # of every minute, for the company whose source is sometimes down


def utc_now() -> datetime:
    """Return the moment, in UTC."""
    return datetime.now(UTC)


class DemoMarket:
    """A price source of generated bars, for `.DEMO` tickers only.

    Every weekday since 2019 has its own draws, from a generator seeded with the ticker; a session's bar is its
    weekday's. So neither the passing of time nor a corrected holiday calendar changes a bar of a past session.
    """

    name = "demo"
    is_incremental = False  # the first session of a recent listing moves with time

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now

    def fetch_daily(
        self, tickers: Sequence[str], since: date | None, instruments: Mapping[str, Instrument] = NOTHING_KNOWN
    ) -> dict[str, History | PriceError]:
        """Return for each ticker its bars from `since` on (None: since its listing), or the error."""
        now = self._now()
        return {ticker: _history_or_error(ticker, since, now) for ticker in tickers}

    def has_changed(self, ticker: str, since: datetime) -> bool:
        """Return False: bars of past sessions never change."""
        return False


def _history_or_error(ticker: str, since: date | None, now: datetime) -> History | PriceError:
    company = COMPANY_BY_TICKER.get(ticker)
    if company is None:
        message = f"The demo market has no company {ticker}."
        return PriceError(PriceErrorKind.UNKNOWN_TICKER, message, permanent=True)
    if company.source == "gone":
        message = f"{company.name} is no longer listed: the demo market has no prices for it."
        return PriceError(PriceErrorKind.NO_DATA, message, permanent=True)
    if company.source == "sometimes down" and now.second < OUTAGE_SECONDS:
        message = f"The demo market does not answer for {ticker} at the moment. Try again in half a minute."
        return PriceError(PriceErrorKind.UNAVAILABLE, message, permanent=False)
    first, last = max(since or EPOCH, EPOCH), last_closed_session(exchange_of(ticker), now)
    if first > last:
        message = f"The demo market has no prices of {ticker} since {first}."
        return PriceError(PriceErrorKind.NO_DATA, message, permanent=False)
    bars = _listed_bars(company, last)
    bars = bars[int(np.searchsorted(bars.session, np.datetime64(first))) :]
    return History(bars, adjusted=True, metadata=StockMetadata(company.name, company.currency))


def _listed_bars(company: Company, last: date) -> Bars:
    """Return the company's bars from its listing to its session `last`: those of the weekdays that were sessions."""
    days = np.arange(EPOCH, last + timedelta(days=1), dtype="datetime64[D]")
    weekdays = days[np.is_busday(days)]
    sessions = np.array(sessions_between(exchange_of(company.ticker), EPOCH, last), dtype="datetime64[D]")
    prices, volume = _simulate_trading(company, weekdays)
    if company.split_on is not None:
        before = weekdays < np.datetime64(company.split_on)
        prices[:, before] *= SPLIT
        volume[before] /= SPLIT
    if company.halted_since is not None:
        halted = weekdays >= np.datetime64(company.halted_since)
        prices[:, halted] = prices[3, ~halted][-1:]
        volume[halted] = 0.0
    listed = np.flatnonzero(np.isin(weekdays, sessions))
    if company.listed_sessions is not None:
        listed = listed[-company.listed_sessions :]
    open_, high, low, close = np.round(prices[:, listed], 2)
    return Bars(weekdays[listed], open_, high, low, close, np.round(volume[listed]))


def _simulate_trading(company: Company, weekdays: Sessions) -> tuple[Floats, Floats]:
    """Return open, high, low and close, shape (4, n), and volume, shape (n,), of every weekday since the epoch."""
    n = len(weekdays)
    # RandomState, because its stream is frozen: a newer numpy draws the same past.
    seed = np.frombuffer(sha256(company.ticker.encode()).digest(), dtype="<u4")
    draws = np.random.RandomState(seed).standard_normal((n, 8)).T
    turn, trend, calm, gap, move, above, below, interest = draws
    day = np.arange(n)
    regime = np.maximum.accumulate(np.where(turn > REGIME_CHANGE, day, 0))  # the weekday on which it began
    volatility = company.volatility * np.exp(0.35 * calm[regime])
    earnings = (day + int(seed[0])) % EARNINGS_EVERY == 0
    overnight = volatility * gap * np.where(earnings, 3.0, 0.45)
    daytime = volatility * (0.9 * move + 0.12 * trend[regime])
    level = np.fromiter(accumulate(overnight + daytime, lambda before, change: PULL * before + change), float, n)
    close = company.price * np.exp(level)
    open_ = company.price * np.exp(level - daytime)
    high = np.maximum(open_, close) * np.exp(0.4 * volatility * np.abs(above))
    low = np.minimum(open_, close) * np.exp(-0.4 * volatility * np.abs(below))
    excitement = np.abs(overnight + daytime) / company.volatility
    volume = TURNOVER / company.price * np.exp(interest[0] + 0.35 * interest + 0.3 * excitement)
    return np.stack([open_, high, low, close]), volume
