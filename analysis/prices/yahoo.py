"""The Yahoo source: yfinance, one ticker after another, with every failure told apart.

What keeps it honest, all of it measured:
- yfinance hides exceptions by default and then returns an empty frame; here they are shown, for the whole process.
- The text of an error is no guide (a refused request reads "possibly delisted"), so Yahoo's status and the error code
  in its answer are looked at first, then the exception's type.
- yfinance asks each new ticker's time zone in a request of its own; the suffix tells it for nothing. A ticker's bars
  are one request, and the first of a process two more, for cookie and crumb.
"""

import logging
import warnings
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from json import JSONDecodeError
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yfinance
from curl_cffi.requests.exceptions import RequestException, Timeout
from yfinance.exceptions import YFDataException, YFException

from analysis.engine.bars import Bars
from analysis.prices.dividends import notice_dividends
from analysis.prices.exchanges import exchange_of
from analysis.prices.own_folder import own_folder
from analysis.prices.port import ErrorKind, Finding, History, PriceError
from analysis.prices.tickers import is_well_formed
from analysis.prices.yahoo_session import LIMITED, AnswerTooLarge, YahooRefused, YahooSession

logger = logging.getLogger(__name__)

FIRST_DAY = date(1970, 1, 2)
_COLUMNS = ("Open", "High", "Low", "Close", "Adj Close", "Volume", "Dividends")


def prepare(cache_folder: Path) -> None:
    """Make yfinance show its exceptions, and keep cookies under `cache_folder`, in a folder of this process's own."""
    yfinance.config.debug.hide_exceptions = False
    warnings.filterwarnings("ignore", category=DeprecationWarning, module="yfinance")  # it shows its own by itself
    yfinance.set_tz_cache_location(str(own_folder(cache_folder)))


class YahooPrices:
    """A price source over Yahoo's chart service; one per process, not for threads, as yfinance itself is global.

    Cookies are kept in a folder under `cache_folder` that is this process's own.
    """

    name = "yahoo"
    is_incremental = True

    def __init__(self, cache_folder: Path, session: YahooSession | None = None) -> None:
        prepare(cache_folder)
        self._session = session or YahooSession()

    def daily(self, tickers: Sequence[str], since: date | None) -> dict[str, History | PriceError]:
        """The adjusted bars of each ticker from `since` on (None: all), or the error that says why not.

        After an answer that Yahoo limits requests, the remaining tickers get the same answer without being asked for.
        """
        answers: dict[str, History | PriceError] = {}
        limited: PriceError | None = None
        for ticker in tickers:
            answer = limited or self._answer(ticker, since)
            if isinstance(answer, PriceError) and answer.kind is ErrorKind.RATE_LIMITED:
                limited = answer
            answers[ticker] = answer
        return answers

    def has_changed(self, ticker: str, since: datetime) -> bool:
        """Not that one could tell without asking; what was adjusted shows in the sessions that are asked for again."""
        return False

    def _answer(self, ticker: str, since: date | None) -> History | PriceError:
        if not is_well_formed(ticker):  # yfinance would look an ISIN up, in a session of its own
            return PriceError(ErrorKind.UNKNOWN_TICKER, f"{ticker!r} is not a ticker.", permanent=True)
        self._session.begin()
        try:
            stock = yfinance.Ticker(ticker, session=self._session)
            stock._tz = exchange_of(ticker).timezone  # or it costs a request to learn
            frame = stock.history(start=since or FIRST_DAY, auto_adjust=False, actions=True, keepna=True)
            if frame.empty or not (frame["Close"] > 0).any():
                return PriceError(ErrorKind.NO_DATA, f"Yahoo has no prices for {ticker}.", permanent=False)
            return _history(ticker, frame, stock.history_metadata)
        except PriceError as refusal:
            return refusal
        except Exception as error:  # noqa: BLE001  # whatever it is, it is this ticker's answer and not the batch's end
            return explained(ticker, error, self._session)


def _history(ticker: str, frame: pd.DataFrame, about: Mapping[str, Any]) -> History:
    """The rows of yfinance's frame; a row's index is midnight at the exchange, so its local date is the session."""
    sessions = pd.DatetimeIndex(frame.index).tz_localize(None).to_numpy().astype("datetime64[D]")
    columns = {name: frame[name].to_numpy(dtype=np.float64) for name in _COLUMNS}
    open_, high, low, close, adjusted, volume, dividends = columns.values()
    factor = np.divide(adjusted, close, out=np.full(len(close), np.nan), where=close > 0)
    bars = Bars(sessions, open_ * factor, high * factor, low * factor, close * factor, volume)
    name, currency = about.get("longName") or about.get("shortName") or "", about.get("currency") or ""
    noticed = (_other_currency(ticker, currency), notice_dividends(sessions, close, adjusted, dividends))
    findings = tuple(finding for finding in noticed if finding)
    return History(bars, adjusted=True, findings=findings, name=name, currency=currency)


def _other_currency(ticker: str, currency: str) -> Finding | None:
    exchange = exchange_of(ticker)
    if not currency or currency == exchange.currency or not exchange.currency:
        return None
    message = f"Yahoo gives prices in {currency}; on {exchange.name} they are usually in {exchange.currency}."
    return Finding("other_currency", message, "warning")


def explained(subject: str, error: Exception, session: YahooSession) -> PriceError:
    """What a failure means: Yahoo's status and error code first, then the exception's type, never its text."""
    status, code = session.status, session.error_code
    if status == LIMITED:
        return PriceError(ErrorKind.RATE_LIMITED, "Yahoo limits our requests: it asks us to wait.", permanent=False)
    if code == "Not Found":
        message = f"Yahoo has no prices for the symbol {subject}: it is unknown there, or no longer listed."
        return PriceError(ErrorKind.UNKNOWN_TICKER, message, permanent=True)
    if code == "Bad Request":
        return PriceError(ErrorKind.NO_DATA, f"Yahoo has no prices for {subject} in this period.", permanent=False)
    if isinstance(error, Timeout):
        return PriceError(ErrorKind.TIMEOUT, f"Yahoo took too long to answer for {subject}.", permanent=False)
    if status is None or isinstance(error, YahooRefused) or status >= 400 or code:
        message = f"Yahoo did not answer for {subject}: {_reason(error, status, code)}."
        return PriceError(ErrorKind.UNAVAILABLE, message, permanent=False)
    if isinstance(error, RequestException | JSONDecodeError | YFDataException):
        message = f"Yahoo's answer for {subject} is no price data: it may be down."
        return PriceError(ErrorKind.UNAVAILABLE, message, permanent=False)
    if isinstance(error, YFException):
        return PriceError(ErrorKind.NO_DATA, f"Yahoo has no prices for {subject} in this period.", permanent=False)
    logger.error("Yahoo's answer for %s cannot be used", subject, exc_info=error)
    return PriceError(ErrorKind.BAD_DATA, f"Yahoo's prices for {subject} are incomplete.", permanent=False)


def _reason(error: Exception, status: int | None, code: str) -> str:
    if isinstance(error, AnswerTooLarge):
        return str(error)
    return "the connection failed" if status is None else f"status {status}{code and f', {code}'}"
