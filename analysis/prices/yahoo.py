"""The Yahoo source: yfinance, one ticker after another, with every failure told apart.

What keeps it honest, all of it measured:
- yfinance hides exceptions by default and then returns an empty frame; here they are shown, for the whole process.
- The text of an error is no guide (a refused request reads "possibly delisted"), so the HTTP status is looked at first.
- `timeout` is for one request, and one ticker may take many; `YahooSession` bounds them together.
- yfinance keeps the answer to its time zone probe, failures included, and would repeat them without asking again.
"""

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from json import JSONDecodeError
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import numpy as np
import pandas as pd
import yfinance
from curl_cffi.requests import Response, Session
from curl_cffi.requests.exceptions import RequestException, Timeout
from yfinance.data import YfData
from yfinance.exceptions import YFDataException, YFException, YFRateLimitError

from analysis.engine.bars import Bars
from analysis.prices.port import ErrorKind, History, PriceError
from analysis.prices.tickers import is_well_formed

logger = logging.getLogger(__name__)

FIRST_DAY = date(1970, 1, 2)


class YahooSession(Session[Response]):
    """A browser-like session that remembers the last chart's status and bounds a ticker's requests together."""

    def __init__(self, seconds: float = 60.0) -> None:
        super().__init__(impersonate="chrome")
        self._seconds = seconds
        self.begin()

    def begin(self) -> None:
        """Start another ticker: forget the last one's answers and give this one its own time."""
        self._deadline = monotonic() + self._seconds
        self.chart_status: int | None = None
        self.is_probe = False  # whether the last chart asked for was yfinance's, for the time zone only

    def request(self, method: Any, url: str, **options: Any) -> Response:  # type: ignore[override]
        """Send a request as curl_cffi does, within what is left of the ticker's time."""
        left = self._deadline - monotonic()
        if left <= 0:
            raise Timeout(f"more than {self._seconds:.0f} seconds for one ticker")
        options["timeout"] = min(options.get("timeout") or math.inf, left)
        is_chart = "/v8/finance/chart/" in url
        if is_chart:
            self.chart_status = None
            self.is_probe = "range" in (options.get("params") or {})
        response = super().request(method, url, **options)
        if is_chart:
            self.chart_status = response.status_code
        return response


def pause_a_second() -> None:
    """Keep to the pace that Yahoo is asked at when nothing else sets one."""
    sleep(1.0)


class YahooPrices:
    """A price source over Yahoo's chart service; one per process, not for threads, as yfinance itself is global.

    `timeout` is per request, in seconds; `pause` is called before each ticker.
    """

    name = "yahoo"

    def __init__(
        self,
        cache_folder: Path,
        timeout: float = 10.0,
        session: YahooSession | None = None,
        pause: Callable[[], None] = pause_a_second,
    ) -> None:
        yfinance.config.debug.hide_exceptions = False
        yfinance.set_tz_cache_location(str(cache_folder))
        self._timeout = timeout
        self._session = session or YahooSession()
        self._pause = pause

    def daily(self, tickers: Sequence[str], since: date | None) -> dict[str, History | PriceError]:
        """The adjusted bars of each ticker from `since` on (None: all), or the error that says why not.

        After an answer that Yahoo limits requests, the remaining tickers get the same answer without being asked for.
        """
        answers: dict[str, History | PriceError] = {}
        limited = False
        for ticker in tickers:
            answer = _rate_limited() if limited else self._answer(ticker, since)
            limited = isinstance(answer, PriceError) and answer.kind is ErrorKind.RATE_LIMITED
            answers[ticker] = answer
        return answers

    def _answer(self, ticker: str, since: date | None) -> History | PriceError:
        if not is_well_formed(ticker):  # yfinance would look an ISIN up, in a session of its own
            return PriceError(ErrorKind.UNKNOWN_TICKER, f"{ticker!r} is not a ticker.", permanent=True)
        self._pause()
        self._session.begin()
        try:
            stock = yfinance.Ticker(ticker, session=self._session)
            frame = stock.history(start=since or FIRST_DAY, auto_adjust=True, actions=True, timeout=self._timeout)
            if frame.empty:
                return PriceError(ErrorKind.NO_DATA, f"Yahoo has no prices for {ticker}.", permanent=False)
            return _history(frame, stock.history_metadata)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is this ticker's answer and not the batch's end
            YfData.cache_get.cache_clear()
            return _explained(ticker, error, self._session)


def _history(frame: pd.DataFrame, about: Mapping[str, Any]) -> History:
    """The rows of yfinance's frame; a row's index is midnight at the exchange, so its local date is the session."""
    sessions = pd.DatetimeIndex(frame.index).tz_localize(None).to_numpy().astype("datetime64[D]")
    columns = (frame[name].to_numpy(dtype=np.float64) for name in ("Open", "High", "Low", "Close", "Volume"))
    name = about.get("longName") or about.get("shortName") or ""
    return History(Bars(sessions, *columns), adjusted=True, name=name, currency=about.get("currency") or "")


def _rate_limited() -> PriceError:
    return PriceError(ErrorKind.RATE_LIMITED, "Yahoo limits our requests: it asks us to wait.", permanent=False)


def _explained(ticker: str, error: Exception, session: YahooSession) -> PriceError:
    """What a failure means: the status of the last chart first, then the exception's type, never its text."""
    status = session.chart_status
    if isinstance(error, YFRateLimitError) or status == 429:
        return _rate_limited()
    if status == 404 and session.is_probe:
        return PriceError(ErrorKind.UNKNOWN_TICKER, f"Yahoo does not know the symbol {ticker}.", permanent=True)
    if status == 404:
        message = f"Yahoo knows the symbol {ticker}, but has no prices for it: it may be delisted."
        return PriceError(ErrorKind.NO_DATA, message, permanent=True)
    if isinstance(error, Timeout):
        return PriceError(ErrorKind.TIMEOUT, f"Yahoo took too long to answer for {ticker}.", permanent=False)
    if status is None or status >= 400:
        reason = "the connection failed" if status is None else f"status {status}"
        message = f"Yahoo did not answer for {ticker}: {reason}."
        return PriceError(ErrorKind.UNAVAILABLE, message, permanent=False)
    if isinstance(error, RequestException | JSONDecodeError | YFDataException):
        message = f"Yahoo's answer for {ticker} is no price data: it may be down."
        return PriceError(ErrorKind.UNAVAILABLE, message, permanent=False)
    if isinstance(error, YFException):
        return PriceError(ErrorKind.NO_DATA, f"Yahoo has no prices for {ticker} in this period.", permanent=False)
    logger.error("Yahoo's prices for %s cannot be used", ticker, exc_info=error)
    return PriceError(ErrorKind.BAD_DATA, f"Yahoo's prices for {ticker} are incomplete.", permanent=False)
