"""The security of a price file: which rows are the ticker's, by the columns that name one."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from analysis.prices.delimited_text import TableError
from analysis.prices.exchanges import EXCHANGE_BY_SUFFIX
from analysis.prices.instruments import InstrumentKind, instrument_of
from analysis.prices.port import Finding
from analysis.prices.security_columns import ISIN_COLUMNS
from analysis.prices.symbols import read_symbol
from analysis.prices.tables import Table
from analysis.prices.tickers import is_isin

NAMES_SHOWN = 3
IDENTITY_COLUMNS = (
    *("symbol", "tckrsymb", "ticker", "trading symbol", "stock symbol", "nse symbol", "scrip", "sc name", "stock"),
    *("instrument", "index name", "sc code", "fininstrmid", "security code", "scrip code", "name"),
)
_EXCHANGE_PREFIX = re.compile(r"[A-Z]+:|(?:NSE|BSE|NASDAQ|NYSE|WIKI)/")
_SERIES_END = re.compile(r"-(?:EQ|BE|BZ|SM|ST|RR|IV)$")
_SYMBOL = re.compile(r"(?=.*[A-Z])[A-Z0-9&_.-]+")


_MARKETS = {InstrumentKind.PAIR: "FX", InstrumentKind.CRYPTO: "BINANCE", InstrumentKind.FUTURE: "COMEX"}
"""The names of markets by which the symbols of a kind are read."""


def select_security(table: Table, ticker: str) -> tuple[Table, list[Finding]]:
    """Return the table with the ticker's rows only, and findings about the others.

    One name throughout is taken for the ticker's, unless it is plainly another symbol. Raise TableError if it is, or if
    none of several names is the ticker's.
    """
    columns = _find_all(table, IDENTITY_COLUMNS)
    isins = _cells(table, _find_all(table, ISIN_COLUMNS)[:1])
    names = _cells(table, columns[:1]) or isins
    distinct = Counter(name for name in names if name)
    if not distinct:
        return table, []
    named = {name for column in columns for name in set(table.cells_of(column)) if is_name_of(name, ticker)}
    is_named = [any(row.cells[column] in named for column in columns) for row in table.rows]
    if len(distinct) == 1:
        return table, [] if any(is_named) or not columns else _judge_only_name(table, columns[0], names, ticker)
    if not any(is_named):
        raise TableError(f"It names {_list_names(distinct)}, but never {ticker}.")
    return _leave_others_out(table, names, isins, is_named)


def is_name_of(name: str, ticker: str) -> bool:
    """Return whether a security's name in a file means the ticker: with or without exchange, series and signs."""
    name = _SERIES_END.sub("", _EXCHANGE_PREFIX.sub("", name.strip().upper(), count=1))
    if name == ticker:
        return True
    stem, dot, end = name.rpartition(".")
    if dot and end in EXCHANGE_BY_SUFFIX and _fold(name) != _fold(ticker):
        return False  # a listing elsewhere
    return not _short_names(ticker).isdisjoint({_fold(name), _fold(stem)} - {""})


def _short_names(ticker: str) -> set[str]:
    """Return the ticker's letters and digits without its exchange, and those of a cryptocurrency without its pair."""
    stem, dot, end = ticker.rpartition(".")
    if dot and end in EXCHANGE_BY_SUFFIX:
        return {_fold(stem)}
    names = {_fold(ticker.removesuffix("=X").removesuffix("=F"))}
    if instrument_of(ticker).kind is InstrumentKind.CRYPTO:
        names.add(_fold(ticker.partition("-")[0]))
    return names


def _fold(name: str) -> str:
    return "".join(sign for sign in name if sign.isalnum())


def _judge_only_name(table: Table, column: int, names: Sequence[str], ticker: str) -> list[Finding]:
    """Return the warning that a file names another security than its ticker; raise TableError if it is one plainly.

    A code, a company's name or an index's cannot be compared, and India has no symbols of one letter.
    """
    name = _EXCHANGE_PREFIX.sub("", next(name for name in names if name), count=1)
    heading = table.headings[column]
    is_share = instrument_of(ticker).kind in (InstrumentKind.SHARE, InstrumentKind.FUND)
    meant = read_symbol(name, exchange=_MARKETS.get(instrument_of(ticker).kind, instrument_of(ticker).exchange.code))
    if not is_share and meant.ticker and not meant.is_bare:
        if meant.ticker == ticker:
            return []
        raise TableError(f"Its column {heading} names {name[:40]}, which is {meant.ticker} and not {ticker}.")
    is_symbol = _SYMBOL.fullmatch(name) is not None and (len(name) > 1 or "." not in ticker)
    if is_share and is_symbol:
        raise TableError(
            f"Its column {heading} names {name}, not {ticker}. Remove the column if the rows are {ticker}'s."
        )
    message = f"The column {heading} names {name[:40]} throughout: its rows are taken for those of {ticker}."
    return [Finding("other_name", message, "warning" if _SYMBOL.fullmatch(name) else "info")]


def _leave_others_out(
    table: Table, names: Sequence[str], isins: Sequence[str], is_named: list[bool]
) -> tuple[Table, list[Finding]]:
    """Return the rows that name the ticker or have its ISIN, as before a change of name, and findings about others."""
    own = {isin for isin, named in zip(isins, is_named, strict=False) if named and is_isin(isin)}
    kept = [named or (bool(isins) and isins[row] in own) for row, named in enumerate(is_named)]
    renamed = Counter(name for name, named, keep in zip(names, is_named, kept, strict=True) if keep and not named)
    others = Counter(name for name, keep in zip(names, kept, strict=True) if not keep)
    findings = []
    if renamed:
        message = f"{_count_rows(renamed)} with the same ISIN under another name, {_list_names(renamed)}, read as well."
        findings.append(Finding("renamed_rows", message, "info"))
    if others:
        message = f"{_count_rows(others)} of other securities left out: {_list_names(others)}."
        findings.append(Finding("other_securities", message, "info"))
    return replace(table, rows=tuple(row for row, keep in zip(table.rows, kept, strict=True) if keep)), findings


def _find_all(table: Table, aliases: Sequence[str]) -> list[int]:
    return [index for alias in aliases if (index := table.find_column(alias)) is not None]


def _cells(table: Table, columns: list[int]) -> list[str]:
    return table.cells_of(columns[0]) if columns else []


def _count_rows(names: Counter[str]) -> str:
    count = names.total()
    return "1 row" if count == 1 else f"{count:,} rows"


def _list_names(names: Counter[str]) -> str:
    shown = [name[:20] or "no name" for name, _ in names.most_common(NAMES_SHOWN)]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")
