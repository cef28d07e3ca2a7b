"""The CSV source: a folder of `TICKER.csv` files in the formats of Yahoo, Stooq, NSE and BSE, or your own."""

import csv
import logging
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from itertools import chain
from pathlib import Path

import numpy as np

from analysis.engine.bars import Bars
from analysis.prices.csv_rows import NEEDED, UNREADABLE, Row, columns_of, read_row
from analysis.prices.port import Finding, History, PriceError, PriceErrorKind
from analysis.prices.tickers import is_well_formed

logger = logging.getLogger(__name__)

DELIMITERS = ",;\t"  # the first is the default
BLANK = DELIMITERS + " \r\n"
LINES_NAMED = 3  # broken lines in a message; the log names all


class CsvPrices:
    """A price source that reads one file per ticker, with columns date, open, high, low, close[, adj_close], volume.

    Dates are ISO (2026-04-24, 20260424) or name the month (24-Apr-2026); numbers have a decimal point. Columns are
    separated by commas, semicolons or tabs.
    """

    name = "csv"
    is_incremental = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fetch_daily(self, tickers: Sequence[str], since: date | None) -> dict[str, History | PriceError]:
        """Return for each ticker the bars of its file from `since` on (None: all), or the error that says why not."""
        return {ticker: self._history_or_error(ticker, since) for ticker in tickers}

    def has_changed(self, ticker: str, since: datetime) -> bool:
        """Return whether the ticker's file was written or replaced after that moment."""
        try:
            status = (self._folder / f"{ticker}.csv").stat()
        except OSError:
            return False
        # A file that was copied or moved may keep its old mtime; its ctime is always new.
        return datetime.fromtimestamp(max(status.st_mtime, status.st_ctime), UTC) > since

    def _history_or_error(self, ticker: str, since: date | None) -> History | PriceError:
        try:
            return self._read_file(ticker, since)
        except PriceError as error:
            return error

    def _read_file(self, ticker: str, since: date | None) -> History:
        if not is_well_formed(ticker):  # so that a ticker cannot name a file outside the folder
            raise PriceError(PriceErrorKind.UNKNOWN_TICKER, f"{ticker!r} is not a ticker.", permanent=True)
        path = self._folder / f"{ticker}.csv"
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                return _parse_file(file, path.name, since)
        except FileNotFoundError as error:
            if not self._folder.is_dir():
                message = "The folder of price files cannot be found."
                raise PriceError(PriceErrorKind.UNAVAILABLE, message, permanent=False) from error
            message = f"The folder of price files has no {path.name}."
            raise PriceError(PriceErrorKind.UNKNOWN_TICKER, message, permanent=True) from error
        except OSError as error:
            message = f"{path.name} cannot be read: {error.strerror}."
            raise PriceError(PriceErrorKind.UNAVAILABLE, message, permanent=False) from error
        except UnicodeDecodeError as error:
            message = f"{path.name} is not a CSV file in UTF-8."
            raise PriceError(PriceErrorKind.BAD_DATA, message, permanent=False) from error
        except csv.Error as error:
            message = f"{path.name} cannot be read as a table: {UNREADABLE}."
            raise PriceError(PriceErrorKind.BAD_DATA, message, permanent=False) from error


def _parse_file(file: Iterable[str], file_name: str, since: date | None) -> History:
    """Return the readable rows of a file, oldest first; a finding names the other lines."""
    lines = iter(file)
    first = next(lines, "")
    delimiter = max(DELIMITERS, key=first.count)
    heading = csv.reader(chain([first], lines), delimiter=delimiter)  # reads only the lines that it needs
    columns = columns_of(next(heading, []))
    missing = [column for column in NEEDED if column not in columns]
    if missing:
        message = f"{file_name} does not name these columns in its first line: {', '.join(missing)}."
        raise PriceError(PriceErrorKind.BAD_DATA, message, permanent=False)
    rows, broken = _read_rows(enumerate(lines, start=heading.line_num + 1), columns, delimiter)
    if broken:
        logger.warning("%s: these rows could not be read: %s", file_name, ", ".join(broken))
    if broken and not rows:
        raise PriceError(PriceErrorKind.BAD_DATA, _broken_rows_message(file_name, broken), permanent=False)
    if since is not None:
        rows = [row for row in rows if row[0] >= since]
    if not rows:
        period = f" since {since}" if since else ""
        raise PriceError(PriceErrorKind.NO_DATA, f"{file_name} has no rows{period}.", permanent=False)
    findings = (Finding("broken_rows", _broken_rows_message(file_name, broken), "warning"),) if broken else ()
    return History(_to_bars(rows), adjusted="adj_close" in columns, findings=findings)


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


def _to_bars(rows: list[Row]) -> Bars:
    rows = sorted(rows, key=lambda row: row[0])
    sessions = np.array([day for day, _ in rows], dtype="datetime64[D]")
    open_, high, low, close, volume = np.array([numbers for _, numbers in rows]).T.copy()
    return Bars(sessions, open_, high, low, close, volume)


def _broken_rows_message(file_name: str, broken: list[str]) -> str:
    rows = "1 row" if len(broken) == 1 else f"{len(broken):,} rows"
    more = f" and {len(broken) - LINES_NAMED:,} more" if len(broken) > LINES_NAMED else ""
    return f"{file_name}: {rows} could not be read: {', '.join(broken[:LINES_NAMED])}{more}."
