"""The CSV source: a folder of `TICKER.csv` files as Yahoo, Stooq, NSE and BSE write them, or as you do."""

import csv
import logging
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from itertools import chain
from pathlib import Path

import numpy as np

from analysis.engine.bars import Bars
from analysis.prices.csv_rows import NEEDED, UNREADABLE, Row, columns_of, read_row
from analysis.prices.port import ErrorKind, Finding, History, PriceError
from analysis.prices.tickers import is_well_formed

logger = logging.getLogger(__name__)

DELIMITERS = ",;\t"  # the first where a file has none
BLANK = DELIMITERS + " \r\n"
LINES_NAMED = 3  # of the broken ones; the log names all


class CsvPrices:
    """A price source that reads one file per ticker, with columns date, open, high, low, close[, adj_close], volume.

    Dates are ISO (2026-04-24, 20260424) or name the month (24-Apr-2026); numbers have a decimal point. Columns are
    parted by commas, semicolons or tabs.
    """

    name = "csv"
    is_incremental = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def daily(self, tickers: Sequence[str], since: date | None) -> dict[str, History | PriceError]:
        """The bars in each ticker's file from `since` on (None: all), or the error that says why not."""
        return {ticker: self._answer(ticker, since) for ticker in tickers}

    def has_changed(self, ticker: str, since: datetime) -> bool:
        """Whether the ticker's file was written, or another put in its place, after that moment."""
        try:
            about = (self._folder / f"{ticker}.csv").stat()
        except OSError:
            return False
        # A file that was copied or moved there may keep the time at which it was written elsewhere; this one it gets.
        return datetime.fromtimestamp(max(about.st_mtime, about.st_ctime), UTC) > since

    def _answer(self, ticker: str, since: date | None) -> History | PriceError:
        try:
            return self._read(ticker, since)
        except PriceError as error:
            return error

    def _read(self, ticker: str, since: date | None) -> History:
        if not is_well_formed(ticker):  # which also keeps a ticker from naming a file elsewhere
            raise PriceError(ErrorKind.UNKNOWN_TICKER, f"{ticker!r} is not a ticker.", permanent=True)
        path = self._folder / f"{ticker}.csv"
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                return _parse(file, path.name, since)
        except FileNotFoundError as error:
            if not self._folder.is_dir():
                message = "The folder of price files cannot be found."
                raise PriceError(ErrorKind.UNAVAILABLE, message, permanent=False) from error
            message = f"The folder of price files has no {path.name}."
            raise PriceError(ErrorKind.UNKNOWN_TICKER, message, permanent=True) from error
        except OSError as error:
            message = f"{path.name} cannot be read: {error.strerror}."
            raise PriceError(ErrorKind.UNAVAILABLE, message, permanent=False) from error
        except UnicodeDecodeError as error:
            message = f"{path.name} is not a CSV file in UTF-8."
            raise PriceError(ErrorKind.BAD_DATA, message, permanent=False) from error
        except csv.Error as error:
            message = f"{path.name} cannot be read as a table: {UNREADABLE}."
            raise PriceError(ErrorKind.BAD_DATA, message, permanent=False) from error


def _parse(file: Iterable[str], file_name: str, since: date | None) -> History:
    """The rows of a file that can be read, oldest first; a finding names the lines that cannot."""
    lines = iter(file)
    first = next(lines, "")
    delimiter = max(DELIMITERS, key=first.count)
    heading = csv.reader(chain([first], lines), delimiter=delimiter)  # it takes no more lines than it needs
    columns = columns_of(next(heading, []))
    missing = [column for column in NEEDED if column not in columns]
    if missing:
        message = f"{file_name} does not name these columns in its first line: {', '.join(missing)}."
        raise PriceError(ErrorKind.BAD_DATA, message, permanent=False)
    rows, broken = _read_rows(enumerate(lines, start=heading.line_num + 1), columns, delimiter)
    if broken:
        logger.warning("%s: these rows could not be read: %s", file_name, ", ".join(broken))
    if broken and not rows:
        raise PriceError(ErrorKind.BAD_DATA, _broken_rows(file_name, broken), permanent=False)
    if since is not None:
        rows = [row for row in rows if row[0] >= since]
    if not rows:
        period = f" since {since}" if since else ""
        raise PriceError(ErrorKind.NO_DATA, f"{file_name} has no rows{period}.", permanent=False)
    findings = (Finding("broken_rows", _broken_rows(file_name, broken), "warning"),) if broken else ()
    return History(_bars(rows), adjusted="adj_close" in columns, findings=findings)


def _read_rows(numbered: Iterable[tuple[int, str]], columns: list[str], delimiter: str) -> tuple[list[Row], list[str]]:
    """Return the rows that can be read, and the numbers of the other lines with the error of each."""
    rows: list[Row] = []
    broken: list[str] = []
    for number, line in numbered:
        try:  # each line separately, so that a missing quotation mark does not swallow the rest
            cells = next(csv.reader([line], delimiter=delimiter), [])
            if line.strip(BLANK) and (row := read_row(columns, cells)):
                rows.append(row)
        except csv.Error:
            broken.append(f"line {number} ({UNREADABLE})")
        except ValueError as error:
            broken.append(f"line {number} ({error})")
    return rows, broken


def _bars(rows: list[Row]) -> Bars:
    rows = sorted(rows, key=lambda row: row[0])
    sessions = np.array([day for day, _ in rows], dtype="datetime64[D]")
    open_, high, low, close, volume = np.array([numbers for _, numbers in rows]).T.copy()
    return Bars(sessions, open_, high, low, close, volume)


def _broken_rows(file_name: str, broken: list[str]) -> str:
    rows = "1 row" if len(broken) == 1 else f"{len(broken):,} rows"
    more = f" and {len(broken) - LINES_NAMED:,} more" if len(broken) > LINES_NAMED else ""
    return f"{file_name}: {rows} could not be read: {', '.join(broken[:LINES_NAMED])}{more}."
