"""The Yahoo source: yfinance, one ticker after another, with a kind of error for every failure.

All of this was measured:
- yfinance hides exceptions by default and then returns an empty frame; here they are raised, for the whole process.
- The text of an error is unreliable (a refused request reads "possibly delisted"), so the kind follows from Yahoo's
  answer, then from the exception's type.
- Yahoo answers for another company after some symbols are given away, and a changed interface reads as "no prices". So
  the symbol of an answer is compared, and after a doubtful answer a canary is requested.
- yfinance requests each new ticker's time zone separately; the suffix implies it. A ticker's bars are one request, and
  the first of a process needs two more, for cookie and crumb.
"""

import logging
import warnings
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
import pandas as pd
import yfinance
from curl_cffi.requests.exceptions import RequestException, Timeout

from analysis.engine.bars import Bars
from analysis.prices.dividends import find_dividend_mismatches
from analysis.prices.instruments import Instrument, exchange_of
from analysis.prices.pace import PauseReason
from analysis.prices.port import (
    NOTHING_KNOWN,
    DoubtfulError,
    History,
    OutageError,
    PriceError,
    PriceErrorKind,
    TradedPrices,
)
from analysis.prices.process_folder import process_folder
from analysis.prices.tickers import is_well_formed
from analysis.prices.yahoo_answers import AnswerKind, YahooAnswer
from analysis.prices.yahoo_canary import Canary, first_day_of_canary
from analysis.prices.yahoo_metadata import find_other_currency, read_metadata
from analysis.prices.yahoo_session import AnswerTooLarge, YahooSession

logger = logging.getLogger(__name__)

FIRST_DAY = date(1970, 1, 2)
DAY = timedelta(days=1)
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
        self._canary = Canary()

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
        if self._canary.is_due and (error := self._request_canary(ticker)):
            return error
        answer = self._request_history(ticker, since)
        if self._session.is_silent and isinstance(answer, PriceError):
            return self._resolve_silence(ticker, answer)
        if isinstance(answer, DoubtfulError) or self._is_unknown_in_doubt(answer):
            return self._resolve_doubt(ticker, answer)
        if isinstance(answer, History):
            self._session.confirm_data()
            self._canary.record_sound_answer()
        return answer

    def _is_unknown_in_doubt(self, answer: History | PriceError) -> TypeGuard[PriceError]:
        """Return whether Yahoo does not know this ticker and several before it, or its answers are not understood."""
        if not isinstance(answer, PriceError) or answer.kind is not PriceErrorKind.UNKNOWN_TICKER:
            return False
        return self._canary.count_unknown_ticker() or self._session.pacer.is_probing_oddity

    def _resolve_doubt(self, ticker: str, doubtful: PriceError) -> PriceError:
        """Return the ticker's own error if a canary is understood, else the one that concerns all tickers."""
        self._canary.count_doubtful_answer()
        if self._canary.vouches() and not self._session.pacer.is_probing_oddity:
            return doubtful
        return self._request_canary(ticker) or doubtful

    def _resolve_silence(self, ticker: str, silent: PriceError) -> PriceError:
        """Return the ticker's own error if a canary is answered, else the one that concerns all tickers.

        Silence of both pauses all requests. An answer that names a time does so, too, and is the ticker's own.
        """
        pacer = self._session.pacer
        if self._session.answer and self._session.answer.retry_after:
            self._session.record_silence()
            return silent
        self._canary.count_doubtful_answer()
        if self._canary.vouches() and not pacer.is_probing:
            return silent
        error = self._request_canary(ticker)
        if error and (self._session.is_silent or self._canary.is_due):
            pacer.record_silence()
        if error and self._session.is_silent:
            return OutageError(silent.kind, silent.message, permanent=False)
        return error if isinstance(error, OutageError) else silent

    def _request_canary(self, ticker: str) -> PriceError | None:
        """Request a stock that surely has prices. Return None if its answer is sound, else the ticker's error.

        A canary that is not understood either pauses all requests.
        """
        symbol = self._canary.choose(ticker)
        self._session.start_canary()
        answer = self._request_history(symbol, first_day_of_canary(), subject=ticker)
        if isinstance(answer, History):
            self._session.confirm_data(is_wanted=False)
            self._canary.record_sound_canary()
            return None
        self._canary.is_due = self._session.answer is None and not self._session.is_silent  # it was not sent
        if self._canary.is_due:
            return answer
        if self._session.is_silent:
            self._session.record_silence()
        is_unknown = answer.kind is PriceErrorKind.UNKNOWN_TICKER and (
            self._canary.count_unknown_canary() or self._session.pacer.is_probing_oddity
        )
        if isinstance(answer, DoubtfulError) or is_unknown:
            logger.error("Yahoo's answers are not understood: %s %s", answer, self._session.answer)
            self._session.pacer.record_oddity()
            return OutageError(PriceErrorKind.UNAVAILABLE, f"{PauseReason.NOT_UNDERSTOOD.sentence}.", permanent=False)
        if answer.kind is PriceErrorKind.RATE_LIMITED:
            return OutageError(PriceErrorKind.UNAVAILABLE, answer.message, permanent=False)
        nothing = f"Yahoo has no prices for {ticker}, nor for {symbol}, which surely has some."
        message = nothing if answer.kind is PriceErrorKind.UNKNOWN_TICKER else answer.message
        return PriceError(PriceErrorKind.UNAVAILABLE, message, permanent=False)

    def _request_history(self, ticker: str, since: date | None, *, subject: str = "") -> History | PriceError:
        """Return a ticker's history, or an error about the `subject`; the ticker itself unless it is a canary."""
        try:
            stock = yfinance.Ticker(ticker, session=self._session)
            stock._tz = exchange_of(ticker).timezone  # saves a request
            first_day = since or FIRST_DAY
            frame = stock.history(start=first_day, auto_adjust=False, actions=True, keepna=True)
            frame = frame[frame.index.date >= first_day - DAY]  # which is another day in another time zone
            about = stock.history_metadata
            if not _is_symbol(ticker, about.get("symbol")):
                message = f"Yahoo answered for {about['symbol']} when asked for {ticker}: the answer was ignored."
                return DoubtfulError(PriceErrorKind.BAD_DATA, message, permanent=False)
            if frame.empty or not (frame["Close"] > 0).any():
                return DoubtfulError(PriceErrorKind.NO_DATA, f"Yahoo has no prices for {ticker}.", permanent=False)
            return _to_history(ticker, frame, about)
        except PriceError as error:
            return error
        except Exception as error:  # noqa: BLE001  # one ticker's failure, of any type, must not end the batch
            return explain_error(subject or ticker, error, self._session.answer)


def _is_symbol(ticker: str, symbol: Any) -> bool:
    """Return whether an answer's symbol is the ticker's; one without a symbol is taken for the ticker's.

    Yahoo has two symbols for a dollar's rate, like INR=X and USDINR=X.
    """
    names = {
        name.removeprefix("USD") if name.endswith("=X") else name
        for name in (str(one).strip().upper() for one in (ticker, symbol))
    }
    return not symbol or len(names) == 1


def _to_history(ticker: str, frame: pd.DataFrame, about: Mapping[str, Any]) -> History:
    """Return the rows of yfinance's frame; the index is midnight at the exchange, so its local date is the session."""
    sessions = pd.DatetimeIndex(frame.index).tz_localize(None).to_numpy().astype("datetime64[D]")
    columns = {name: frame[name].to_numpy(dtype=np.float64) for name in _COLUMNS}
    open_, high, low, close, adjusted, volume, dividends, splits = columns.values()
    # Closes that are no price stay as they are, for the finding about them.
    factor = np.divide(adjusted, close, out=np.ones(len(close)), where=close > 0)
    bars = Bars(sessions, open_ * factor, high * factor, low * factor, close * factor, volume)
    metadata = read_metadata(about)
    currency = find_other_currency(ticker, metadata.currency)
    mismatches = find_dividend_mismatches(sessions, close, adjusted, dividends)
    paid = np.where(np.isfinite(dividends), np.maximum(dividends, 0.0), 0.0)
    traded = TradedPrices(sessions, close, np.where(splits > 0, splits, 1.0), paid)
    return History(bars, True, (*([currency] if currency else []), *mismatches), metadata, traded)


def explain_error(subject: str, error: Exception, answer: YahooAnswer | None) -> PriceError:
    """Return the error of a failure, by Yahoo's answer, then by the exception's type, never by its text."""
    if answer is None:
        return _explain_missing_answer(subject, error)
    match answer.kind:
        case AnswerKind.LIMITED:
            return PriceError(
                PriceErrorKind.RATE_LIMITED, f"{PauseReason.LIMITED.sentence}: it asks us to wait.", permanent=False
            )
        case AnswerKind.UNKNOWN_SYMBOL:
            message = f"Yahoo has no prices for the symbol {subject}: it is unknown there, or no longer listed."
            return PriceError(PriceErrorKind.UNKNOWN_TICKER, message, permanent=True)
        case AnswerKind.SILENT if answer.status < 400 and not answer.code:
            message = f"Yahoo's answer for {subject} is no price data: it may be down."
            return PriceError(PriceErrorKind.UNAVAILABLE, message, permanent=False)
        case AnswerKind.SILENT | AnswerKind.UNAUTHENTICATED:
            reason = f"status {answer.status}{answer.code and f', {answer.code}'}"
            message = f"Yahoo did not answer for {subject}: {reason}."
            return PriceError(PriceErrorKind.UNAVAILABLE, message, permanent=False)
        case AnswerKind.EMPTY:
            message = f"Yahoo has no prices for {subject} in this period."
            return DoubtfulError(PriceErrorKind.NO_DATA, message, permanent=False)
        case AnswerKind.ODD:
            message = f"Yahoo's answer for {subject} cannot be read as prices."
            return DoubtfulError(PriceErrorKind.BAD_DATA, message, permanent=False)
    logger.error("Yahoo's answer for %s cannot be used", subject, exc_info=error)
    return DoubtfulError(PriceErrorKind.BAD_DATA, f"Yahoo's prices for {subject} are incomplete.", permanent=False)


def _explain_missing_answer(subject: str, error: Exception) -> PriceError:
    if isinstance(error, Timeout):
        return PriceError(PriceErrorKind.TIMEOUT, f"Yahoo took too long to answer for {subject}.", permanent=False)
    if not isinstance(error, RequestException):
        logger.error("No request could be sent for %s", subject, exc_info=error)
    reason = str(error) if isinstance(error, AnswerTooLarge) else "the connection failed"
    return PriceError(PriceErrorKind.UNAVAILABLE, f"Yahoo did not answer for {subject}: {reason}.", permanent=False)
