"""The Yahoo source: yfinance, one ticker after another, with a kind of error for every failure.

All of this was measured:
- yfinance hides exceptions by default and then returns an empty frame; here they are raised, for the whole process.
- The text of an error is unreliable (a refused request reads "possibly delisted"), so the kind follows from Yahoo's
  status and the error code in its answer, then from the exception's type.
- yfinance requests each new ticker's time zone separately; the suffix implies it. A ticker's bars are one request, and
  the first of a process needs two more, for cookie and crumb.
"""

import logging
import warnings
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from json import JSONDecodeError
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import yfinance
from curl_cffi.requests.exceptions import RequestException, Timeout
from yfinance.exceptions import YFDataException, YFException

from analysis.engine.bars import Bars
from analysis.prices.currencies import currency_code
from analysis.prices.dividends import find_dividend_mismatch
from analysis.prices.exchanges import EXCHANGE_BY_YAHOO_CODE, UNKNOWN_EXCHANGE, Exchange
from analysis.prices.instruments import MOST_DECIMALS, Instrument, InstrumentKind, exchange_of, instrument_of
from analysis.prices.port import (
    NOTHING_KNOWN,
    Finding,
    History,
    PriceError,
    PriceErrorKind,
    StockMetadata,
    TradedPrices,
)
from analysis.prices.process_folder import process_folder
from analysis.prices.tickers import is_well_formed
from analysis.prices.yahoo_session import TOO_MANY_REQUESTS, AnswerTooLarge, YahooSession, YahooStatusError

logger = logging.getLogger(__name__)

FIRST_DAY = date(1970, 1, 2)
START = datetime(1970, 1, 1, tzinfo=UTC)  # of Yahoo's times
LONGEST_TEXT = 200
_KINDS: dict[str, str] = {
    "EQUITY": InstrumentKind.SHARE,
    "ETF": InstrumentKind.FUND,
    "MUTUALFUND": InstrumentKind.FUND,
    "INDEX": InstrumentKind.INDEX,
    "CURRENCY": InstrumentKind.PAIR,
    "CRYPTOCURRENCY": InstrumentKind.CRYPTO,
    "FUTURE": InstrumentKind.FUTURE,
}
_COLUMNS = ("Open", "High", "Low", "Close", "Adj Close", "Volume", "Dividends", "Stock Splits")


def configure_yfinance(cache_folder: Path) -> None:
    """Make yfinance raise its exceptions and store cookies under `cache_folder`, in a folder of this process."""
    yfinance.config.debug.hide_exceptions = False
    warnings.filterwarnings("ignore", category=DeprecationWarning, module="yfinance")  # it prints its own anyway
    yfinance.set_tz_cache_location(str(process_folder(cache_folder)))


class YahooPrices:
    """A price source over Yahoo's chart service; one per process and not thread-safe, because yfinance is global.

    Cookies are stored under `cache_folder`, in a folder of this process.
    """

    name = "yahoo"
    is_incremental = True

    def __init__(self, cache_folder: Path, session: YahooSession | None = None) -> None:
        configure_yfinance(cache_folder)
        self._session = session or YahooSession()

    def fetch_daily(
        self, tickers: Sequence[str], since: date | None, instruments: Mapping[str, Instrument] = NOTHING_KNOWN
    ) -> dict[str, History | PriceError]:
        """Return for each ticker its adjusted bars from `since` on (None: all), or the error that explains why not.

        After an answer that Yahoo limits requests, the remaining tickers get the same error without a request.
        """
        answers: dict[str, History | PriceError] = {}
        limited: PriceError | None = None
        for ticker in tickers:
            answer = limited or self._history_or_error(ticker, since)
            if isinstance(answer, PriceError) and answer.kind is PriceErrorKind.RATE_LIMITED:
                limited = answer
            answers[ticker] = answer
        return answers

    def has_changed(self, ticker: str, since: datetime) -> bool:
        """Return False: only a fetch shows it. Adjusted prices appear in the sessions that are fetched again."""
        return False

    def _history_or_error(self, ticker: str, since: date | None) -> History | PriceError:
        if not is_well_formed(ticker):  # yfinance would look up an ISIN, in another HTTP session
            return PriceError(PriceErrorKind.UNKNOWN_TICKER, f"{ticker!r} is not a ticker.", permanent=True)
        self._session.start_ticker()
        try:
            stock = yfinance.Ticker(ticker, session=self._session)
            stock._tz = exchange_of(ticker).timezone  # saves a request
            frame = stock.history(start=since or FIRST_DAY, auto_adjust=False, actions=True, keepna=True)
            if frame.empty or not (frame["Close"] > 0).any():
                return PriceError(PriceErrorKind.NO_DATA, f"Yahoo has no prices for {ticker}.", permanent=False)
            return _to_history(ticker, frame, stock.history_metadata)
        except PriceError as error:
            return error
        except Exception as error:  # noqa: BLE001  # one ticker's failure, of any type, must not end the batch
            return explain_error(ticker, error, self._session)


def _to_history(ticker: str, frame: pd.DataFrame, about: Mapping[str, Any]) -> History:
    """Return the rows of yfinance's frame; the index is midnight at the exchange, so its local date is the session."""
    sessions = pd.DatetimeIndex(frame.index).tz_localize(None).to_numpy().astype("datetime64[D]")
    columns = {name: frame[name].to_numpy(dtype=np.float64) for name in _COLUMNS}
    open_, high, low, close, adjusted, volume, dividends, splits = columns.values()
    factor = np.divide(adjusted, close, out=np.full(len(close), np.nan), where=close > 0)
    bars = Bars(sessions, open_ * factor, high * factor, low * factor, close * factor, volume)
    metadata = read_metadata(about)
    checks = (
        _currency_finding(ticker, metadata.currency),
        find_dividend_mismatch(sessions, close, adjusted, dividends),
    )
    paid = np.where(np.isfinite(dividends), np.maximum(dividends, 0.0), 0.0)
    traded = TradedPrices(sessions, close, np.where(splits > 0, splits, 1.0), paid)
    return History(bars, True, tuple(one for one in checks if one), metadata, traded)


def read_metadata(about: Mapping[str, Any]) -> StockMetadata:
    """Return what the `meta` of Yahoo's chart answer says of the instrument; what is missing or odd stays empty."""
    exchange = EXCHANGE_BY_YAHOO_CODE.get(_read_text(about.get("exchangeName")), UNKNOWN_EXCHANGE)
    decimals = about.get("priceHint")
    return StockMetadata(
        name=_read_text(about.get("longName")) or _read_text(about.get("shortName")),
        currency=currency_code(_read_text(about.get("currency"))),
        kind=_KINDS.get(_read_text(about.get("instrumentType")), ""),
        exchange=exchange.code if exchange is not UNKNOWN_EXCHANGE else "",
        decimals=decimals if type(decimals) is int and 0 <= decimals <= MOST_DECIMALS else None,
        symbol=_read_text(about.get("symbol")),
        exchange_name=_read_text(about.get("fullExchangeName")),
        first_trade_date=_read_day(about.get("firstTradeDate"), exchange),
    )


def _read_text(value: object) -> str:
    """Return a text without characters that are not shown, which a database may refuse; empty for anything else."""
    text = " ".join(value.split()) if isinstance(value, str) else ""
    return "".join(filter(str.isprintable, text))[:LONGEST_TEXT]


def _read_day(value: object, exchange: Exchange) -> date | None:
    """Return the day at the exchange of a time, as yfinance gives it, or of Yahoo's seconds since 1970; else None.

    0 is no first trade: 1 January 1970 was a holiday.
    """
    if isinstance(value, pd.Timestamp):
        return value.date()
    if isinstance(value, bool) or not isinstance(value, int | float) or not value:
        return None
    try:
        moment = START + timedelta(seconds=value)
        return moment.astimezone(ZoneInfo(exchange.timezone)).date()
    except (OverflowError, ValueError):
        return None


def _currency_finding(ticker: str, currency: str) -> Finding | None:
    instrument = instrument_of(ticker)
    if not currency or currency == instrument.currency or not instrument.currency:
        return None
    usual = f"on {instrument.exchange.name} they are usually in {instrument.currency}"
    message = f"Yahoo gives prices in {currency}; {usual}."
    return Finding("other_currency", message, "warning")


def explain_error(subject: str, error: Exception, session: YahooSession) -> PriceError:
    """Return the error of a failure, by Yahoo's status and error code, then the exception's type, never its text."""
    status, code = session.status, session.error_code
    if status == TOO_MANY_REQUESTS:
        return PriceError(
            PriceErrorKind.RATE_LIMITED, "Yahoo limits our requests: it asks us to wait.", permanent=False
        )
    if code == "Not Found":
        message = f"Yahoo has no prices for the symbol {subject}: it is unknown there, or no longer listed."
        return PriceError(PriceErrorKind.UNKNOWN_TICKER, message, permanent=True)
    if code == "Bad Request":
        return PriceError(PriceErrorKind.NO_DATA, f"Yahoo has no prices for {subject} in this period.", permanent=False)
    if isinstance(error, Timeout):
        return PriceError(PriceErrorKind.TIMEOUT, f"Yahoo took too long to answer for {subject}.", permanent=False)
    if status is None or isinstance(error, YahooStatusError) or status >= 400 or code:
        message = f"Yahoo did not answer for {subject}: {_reason(error, status, code)}."
        return PriceError(PriceErrorKind.UNAVAILABLE, message, permanent=False)
    if isinstance(error, RequestException | JSONDecodeError | YFDataException):
        message = f"Yahoo's answer for {subject} is no price data: it may be down."
        return PriceError(PriceErrorKind.UNAVAILABLE, message, permanent=False)
    if isinstance(error, YFException):
        return PriceError(PriceErrorKind.NO_DATA, f"Yahoo has no prices for {subject} in this period.", permanent=False)
    logger.error("Yahoo's answer for %s cannot be used", subject, exc_info=error)
    return PriceError(PriceErrorKind.BAD_DATA, f"Yahoo's prices for {subject} are incomplete.", permanent=False)


def _reason(error: Exception, status: int | None, code: str) -> str:
    if isinstance(error, AnswerTooLarge):
        return str(error)
    return "the connection failed" if status is None else f"status {status}{code and f', {code}'}"
