"""The CSV source: a folder of `TICKER.csv` files as brokers, exchanges and data vendors write them, or your own."""

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from analysis.prices.delimited_text import TableError
from analysis.prices.instruments import Instrument, instrument_of
from analysis.prices.port import NOTHING_KNOWN, History, PriceError, PriceErrorKind
from analysis.prices.price_table import read_history
from analysis.prices.tickers import is_well_formed

logger = logging.getLogger(__name__)

LARGEST_FILE = 50_000_000  # bytes


class CsvPrices:
    """A price source that reads one file per ticker, with columns date, open, high, low, close[, adj_close][, volume].

    `price_table` says which files it understands.
    """

    name = "csv"
    is_incremental = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fetch_daily(
        self, tickers: Sequence[str], since: date | None, instruments: Mapping[str, Instrument] = NOTHING_KNOWN
    ) -> dict[str, History | PriceError]:
        """Return for each ticker the bars of its file from `since` on (None: all), or the error that says why not.

        The ISIN and the currency of `instruments` are compared with those that a file names.
        """
        return {
            ticker: self._history_or_error(instruments.get(ticker) or instrument_of(ticker), since)
            for ticker in tickers
        }

    def has_changed(self, ticker: str, since: datetime) -> bool:
        """Return whether the ticker's file was written or replaced after that moment."""
        try:
            status = (self._folder / f"{ticker}.csv").stat()
        except OSError:
            return False
        # A file that was copied or moved may keep its old mtime; its ctime is always new.
        return datetime.fromtimestamp(max(status.st_mtime, status.st_ctime), UTC) > since

    def _history_or_error(self, instrument: Instrument, since: date | None) -> History | PriceError:
        try:
            return self._read_file(instrument, since)
        except PriceError as error:
            return error

    def _read_file(self, instrument: Instrument, since: date | None) -> History:
        ticker = instrument.ticker
        if not is_well_formed(ticker):  # so that a ticker cannot name a file outside the folder
            raise PriceError(PriceErrorKind.UNKNOWN_TICKER, f"{ticker!r} is not a ticker.", permanent=True)
        path = self._folder / f"{ticker}.csv"
        try:
            return read_history(_read_bounded(path), instrument, path.name, since)
        except FileNotFoundError as error:
            if not self._folder.is_dir():
                message = "The folder of price files cannot be found."
                raise PriceError(PriceErrorKind.UNAVAILABLE, message, permanent=False) from error
            message = f"The folder of price files has no {path.name}."
            raise PriceError(PriceErrorKind.UNKNOWN_TICKER, message, permanent=True) from error
        except OSError as error:
            message = f"{path.name} cannot be read: {error.strerror}."
            raise PriceError(PriceErrorKind.UNAVAILABLE, message, permanent=False) from error
        except TableError as error:
            message = f"{path.name} cannot be used. {error.message}"
            raise PriceError(PriceErrorKind.BAD_DATA, message, permanent=False) from error


def _read_bounded(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise TableError(f"It is larger than {LARGEST_FILE // 1_000_000} MB. Keep the rows of one stock only.")
    return content
