"""Files of stock lists, as exchanges and others publish them: delimited text or XLSX."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from analysis.prices.currencies import currency_code
from analysis.prices.delimited_text import TableError, TableRow, decode
from analysis.prices.exchanges import US
from analysis.prices.markets import market_named
from analysis.prices.security_columns import (
    INDUSTRY_COLUMNS,
    SYMBOL_COLUMNS,
    SecurityColumns,
    find_security_columns,
    is_placeholder,
)
from analysis.prices.symbol_tables import YAHOO_SUFFIXES
from analysis.prices.symbols import read_symbol
from analysis.prices.tables import Table, read_rows, read_table
from analysis.prices.tickers import suffix_of
from analysis.prices.workbooks import XLSX, choose_sheet, read_sheets
from analysis.prices.yahoo_listing import ListedStock
from analysis.rejections import RequestRejected

_FOOTER = "File Creation Time"  # the last line of Nasdaq Trader's lists
_NOT_TRADED = frozenset({"suspended", "delisted"})
_YAHOOS_OWN = ("ticker", "tickers", "yahoo ticker", "yahoo symbol")


class StockList(NamedTuple):
    """The stocks of a list; sentences with file and line about rows that are not usable, and about others left out."""

    stocks: list[ListedStock]
    problems: list[str]
    news: list[str]


def read_list(file: Path, suffix: str | None, default: str = "") -> StockList:
    """Return the stocks of a list, and sentences about rows that are left out.

    A row has a ticker, or a symbol of an exchange. That is the one of `suffix`, like `.BO`; else the one that the file
    names in a column or by its publisher's headings, or that follows from ISIN or currency; else the one whose code is
    `default`, and without that New York. Name, industry, currency and ISIN are read if present.

    Raise RequestRejected if the file cannot be read, has no such column or no stocks, or the suffix is not known.
    """
    if suffix and not market_named(suffix):
        raise RequestRejected(f"“{suffix}” is not a suffix of Yahoo’s. Write one like .NS or .BO.")
    try:
        table, note = _read_table(file)
    except OSError as error:
        raise RequestRejected(f"{file} cannot be read: {error.strerror}.") from None
    except TableError as error:
        hint = " A list has a column of symbols, like ticker or symbol." if error.headings else ""
        raise RequestRejected(f"{file}: {error.message}{hint}") from None
    reader = _ListReader(table, suffix, default or US.code)
    listed, problems = _read_rows(table, reader)
    if not listed and not problems:
        raise RequestRejected(f"{file} holds no stocks.")
    sentences = [f"{file.name}, line {line}: {reason}" for line, reason in sorted(problems)]
    notes = [f"{file.name}: {note}"] if note else []
    untraded = Counter(filter(None, map(reader.find_untraded_status, table.rows)))
    news = _describe_untraded(file.name, untraded) + ([] if default else _describe_unplaced(file.name, reader.unplaced))
    return StockList(listed, [*notes, *sentences], news)


def _describe_unplaced(name: str, symbols: Sequence[str]) -> list[str]:
    """Return the sentence about symbols that were taken as New York's, because nothing names their exchange."""
    if not symbols:
        return []
    what = f"{symbols[0]} was" if len(symbols) == 1 else f"{len(symbols):,} symbols, like {symbols[0]}, were"
    return [
        f"{name}: {what} taken as New York’s, because no exchange is named. For another give its suffix, like "
        "--suffix .NS."
    ]


def _read_rows(table: Table, reader: "_ListReader") -> tuple[list[ListedStock], list[tuple[int, str]]]:
    """Return the stocks of a table's rows, and the lines with a reason why they are not used, or not their ISIN."""
    listed: dict[str, ListedStock] = {}
    owners: dict[tuple[str, str], str] = {}
    problems = [(broken.line, broken.reason + ".") for broken in table.broken]
    for row in filter(reader.is_listed, table.rows):
        stock = reader.read(row.cells)
        if isinstance(stock, str):
            problems.append((row.line, stock))
        elif isin := _other_isin(listed.get(stock.ticker), stock):
            problems.append((row.line, f"{stock.ticker} is in it twice, with the ISINs {isin} and {stock.isin}."))
        else:
            listed[stock.ticker] = stock
            owner = owners.setdefault((stock.isin, suffix_of(stock.ticker)), stock.ticker)
            if stock.isin and owner != stock.ticker:
                reason = f"{stock.ticker} has the ISIN of {owner}: {stock.isin} is stored for neither."
                problems.append((row.line, reason))
    return list(listed.values()), problems


def _describe_untraded(name: str, statuses: Counter[str]) -> list[str]:
    """Return the sentence about rows of securities that are not traded, by their status."""
    rows = "1 row" if statuses.total() == 1 else f"{statuses.total():,} rows"
    return [f"{name}: {rows} with the status {' or '.join(statuses)} left out."] if statuses else []


def _other_isin(before: ListedStock | None, stock: ListedStock) -> str:
    """Return the ISIN of an earlier row of the same ticker, if this one has another."""
    return before.isin if before and stock.isin and before.isin != stock.isin else ""


def _read_table(file: Path) -> tuple[Table, str]:
    """Return the table of a file, and a sentence about sheets that are not read."""
    content = file.read_bytes()
    if content.startswith(XLSX):
        sheet = choose_sheet(read_sheets(content), SYMBOL_COLUMNS)
        return read_rows(sheet.rows, SYMBOL_COLUMNS), sheet.note
    return read_table(decode(content), SYMBOL_COLUMNS), ""


class _ListReader:
    """Reads the rows of one list; a suffix concerns symbols, not Yahoo's own tickers."""

    def __init__(self, table: Table, suffix: str | None, default: str) -> None:
        self._columns: SecurityColumns = find_security_columns(table)
        self._industry = table.find_column(*INDUSTRY_COLUMNS)
        self._status = table.find_column("status")
        self._is_test = table.find_column("test issue")
        self._suffix = suffix
        self._has_tickers = table.find_column(*_YAHOOS_OWN) is not None
        self._default = default
        self.unplaced: list[str] = []

    def find_untraded_status(self, row: TableRow) -> str:
        """Return the status of a security that is suspended or delisted, empty for another."""
        status = self._cell(row.cells, self._status)
        return status if status.lower() in _NOT_TRADED else ""

    def is_listed(self, row: TableRow) -> bool:
        """Return whether a row is a security that is traded: no footer, no placeholder, trial or suspended one."""
        symbol = self._columns.spell(row.cells).symbol
        is_trial = self._cell(row.cells, self._is_test).lower() == "y" or is_placeholder(symbol)
        return not (is_trial or row.cells[0].startswith(_FOOTER) or self.find_untraded_status(row))

    def read(self, cells: Sequence[str]) -> ListedStock | str:
        """Return the stock of a row; a sentence if it has no certain ticker or an unusable currency."""
        spelled = self._columns.spell(cells)
        exchange = (self._suffix and self._suffix_of(spelled.symbol)) or spelled.exchange
        reading = read_symbol(spelled.symbol, exchange=exchange, default=self._default, currency=spelled.currency)
        currency = self._cell(cells, self._columns.currency)
        if not reading.ticker:
            return reading.reason
        if reading.is_bare and spelled.isin and not exchange:
            return f"“{reading.text}” does not say which exchange, nor does the ISIN {spelled.isin}. Give a suffix."
        if spelled.isin and reading.ticker.startswith("^"):
            return f"“{reading.text}” is the index {reading.ticker}, and no index has an ISIN. Give the share's ticker."
        if currency and not currency_code(currency):
            return f"“{currency[:30]}” is not a currency like INR."
        if reading.is_bare and not exchange and not self._has_tickers:
            self.unplaced.append(reading.ticker)
        return ListedStock(
            reading.ticker,
            name=spelled.name,
            industry=self._cell(cells, self._industry),
            currency=currency_code(currency),
            isin=spelled.isin,
        )

    def _suffix_of(self, symbol: str) -> str | None:
        """Return the suffix to add to a symbol: none to a ticker with its own, as in a list of several markets."""
        has_own = self._has_tickers and symbol.upper().rpartition(".")[2] in YAHOO_SUFFIXES
        return "" if has_own else self._suffix

    def _cell(self, cells: Sequence[str], column: int | None) -> str:
        return "" if column is None else cells[column]
