"""The security of a price file: which rows are the ticker's, by the columns that name one."""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from analysis.prices.delimited_text import TableError
from analysis.prices.exchanges import EXCHANGE_BY_SUFFIX
from analysis.prices.instruments import Instrument, InstrumentKind, instrument_of
from analysis.prices.markets import market_named
from analysis.prices.port import Finding
from analysis.prices.price_market import is_same_market, list_names, market_of
from analysis.prices.security_columns import ISIN_COLUMNS
from analysis.prices.symbols import read_symbol
from analysis.prices.tables import Table
from analysis.prices.tickers import is_isin

IDENTITY_COLUMNS = (
    *("symbol", "tckrsymb", "ticker", "trading symbol", "stock symbol", "nse symbol", "scrip", "sc name", "stock"),
    *("instrument", "index name", "sc code", "fininstrmid", "security code", "scrip code", "name", "stock name"),
    *("security", "security name", "company", "company name", "scrip name", "security id", "scrip id", "tickers"),
)
CODE_COLUMNS = ("instrument key", "instrument token", "wkn", "sedol", "cusip", "figi", "valor", "ric")
_EXCHANGE_PREFIX = re.compile(r"[A-Z]+:|(?:NSE|BSE|NASDAQ|NYSE|WIKI)/")
_SERIES_END = re.compile(r"-(?:EQ|BE|BZ|SM|ST|RR|IV)$")
_ISIN_WITHIN = re.compile(r"\b[A-Z]{2}[A-Z0-9]{9}\d\b")
_SYMBOL = re.compile(r"(?=.*[A-Z])[A-Z0-9&_.-]+")


_MARKETS = {InstrumentKind.PAIR: "FX", InstrumentKind.CRYPTO: "BINANCE", InstrumentKind.FUTURE: "COMEX"}
"""The names of markets by which the symbols of a kind are read."""


def select_security(table: Table, instrument: Instrument) -> tuple[Table, list[Finding]]:
    """Return the table with the instrument's rows only, and findings about the others.

    Its ticker decides, else its ISIN where that is known. One name or code throughout that cannot be compared is taken
    for its own, and said. Raise TableError if it is plainly another's, or if none of several is its own.
    """
    ticker = instrument.ticker
    _refuse_title(table, instrument)
    columns = _find_all(table, IDENTITY_COLUMNS)
    code_column = next(iter(_find_all(table, (*ISIN_COLUMNS, *CODE_COLUMNS))), None)
    names = table.cells_of(columns[0]) if columns else []
    codes = [] if code_column is None else [_code_of(cell) for cell in table.cells_of(code_column)]
    named = {name for column in columns for name in set(table.cells_of(column)) if is_name_of(name, ticker)}
    is_named = [any(row.cells[column] in named for column in columns) for row in table.rows]
    if any(is_named):
        table, findings = _leave_others_out(table, names, codes, is_named)
        own = {code for code, is_own in zip(codes, is_named, strict=False) if is_own}
        return table, [*findings, *_compare_isin(instrument, own)]
    if instrument.isin and instrument.isin in codes:
        return _leave_others_out(table, names or codes, codes, [code == instrument.isin for code in codes])
    heading = "" if code_column is None else table.headings[code_column]
    if instrument.isin and (isins := Counter(filter(is_isin, codes))):
        raise TableError(
            f"Its column {heading} has {list_names(isins)}, but {instrument.isin} is the ISIN of {ticker}."
        )
    return table, _judge_names(table, columns, names, ticker) or _judge_codes(heading, codes, ticker)


def _refuse_title(table: Table, instrument: Instrument) -> None:
    """Raise TableError if the lines above the heading have an ISIN, and not the instrument's."""
    isins = Counter(isin for row in table.above for cell in row.cells for isin in _ISIN_WITHIN.findall(cell.upper()))
    if instrument.isin and isins and instrument.isin not in isins:
        raise TableError(
            f"Above its heading is the ISIN {list_names(isins)}, but {instrument.isin} is the ISIN of "
            f"{instrument.ticker}."
        )


def is_name_of(name: str, ticker: str) -> bool:
    """Return whether a security's name in a file means the ticker: with or without exchange, series and signs."""
    name = name.strip().upper()
    if _is_listed_elsewhere(name, ticker):
        return False
    name = _SERIES_END.sub("", _EXCHANGE_PREFIX.sub("", name, count=1))
    if name == ticker:
        return True
    stem, dot, end = name.rpartition(".")
    if dot and end in EXCHANGE_BY_SUFFIX and _fold(name) != _fold(ticker):
        return False  # a listing elsewhere
    return not _short_names(ticker).isdisjoint({_fold(name), _fold(stem)} - {""})


def _is_listed_elsewhere(name: str, ticker: str) -> bool:
    """Return whether a name has the prefix of another exchange, as BSE:TCS for TCS.NS."""
    prefix = _EXCHANGE_PREFIX.match(name)
    own, market = market_of(instrument_of(ticker)), market_named(prefix[0][:-1]) if prefix else ""
    return bool(own and market) and not is_same_market(market, own)


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


def _judge_names(table: Table, columns: Sequence[int], names: Sequence[str], ticker: str) -> list[Finding]:
    """Return the finding about a name throughout that is not the ticker's; raise TableError if there are several."""
    distinct = Counter(filter(None, names))
    if len(distinct) > 1:
        raise TableError(f"It names {list_names(distinct)}, but never {ticker}.")
    return _judge_only_name(next(iter(distinct)), table.headings[columns[0]], ticker) if distinct else []


def _judge_only_name(name: str, heading: str, ticker: str) -> list[Finding]:
    """Return the warning that a file names another security than its ticker; raise TableError if it is one plainly.

    A code, a company's name or an index's cannot be compared, and India has no symbols of one letter.
    """
    bare = _EXCHANGE_PREFIX.sub("", name, count=1)
    is_share = instrument_of(ticker).kind in (InstrumentKind.SHARE, InstrumentKind.FUND)
    meant = read_symbol(bare, exchange=_MARKETS.get(instrument_of(ticker).kind, instrument_of(ticker).exchange.code))
    if not is_share and meant.ticker and not meant.is_bare:
        if meant.ticker == ticker:
            return []
        raise TableError(f"Its column {heading} names {name[:40]}, which is {meant.ticker} and not {ticker}.")
    is_symbol = _SYMBOL.fullmatch(bare) is not None and (len(bare) > 1 or "." not in ticker)
    if (is_share and is_symbol) or _is_listed_elsewhere(name.upper(), ticker):
        raise TableError(
            f"Its column {heading} names {name[:40]}, not {ticker}. Remove the column if the rows are {ticker}'s."
        )
    message = f"The column {heading} names {name[:40]} throughout: its rows are taken for those of {ticker}."
    return [Finding("other_name", message, "warning" if _SYMBOL.fullmatch(bare) else "info")]


def _judge_codes(heading: str, codes: Sequence[str], ticker: str) -> list[Finding]:
    """Return the finding about a code throughout that nothing can be compared with; raise TableError about several."""
    distinct = Counter(filter(None, codes))
    if len(distinct) > 1:
        raise TableError(
            f"Its column {heading} has {list_names(distinct)}, and nothing tells which of them is {ticker}. Keep the "
            "rows of one."
        )
    if not distinct:
        return []
    code = list_names(distinct)
    message = (
        f"The column {heading} has {code} throughout, which cannot be compared: its rows are taken for {ticker}'s."
    )
    return [Finding("other_name", message, "info")]


def _compare_isin(instrument: Instrument, codes: Collection[str]) -> list[Finding]:
    """Return the warning that rows with the ticker's name have another ISIN, as before a split in India."""
    isins = Counter(filter(is_isin, codes))
    if not instrument.isin or not isins or instrument.isin in isins:
        return []
    message = (
        f"Rows that name {instrument.ticker} have the ISIN {list_names(isins)}, but {instrument.isin} is known for it: "
        "check that the file is of this security."
    )
    return [Finding("other_isin", message, "warning")]


def _leave_others_out(
    table: Table, names: Sequence[str], codes: Sequence[str], is_named: list[bool]
) -> tuple[Table, list[Finding]]:
    """Return the rows that name the security or have its ISIN, as before a change of name, and findings about others.

    Where one name stands in all rows that have any, all are its own.
    """
    if len(set(filter(None, names))) == 1 and len(set(filter(None, codes))) < 2:
        return table, []
    own = {code for code, named in zip(codes, is_named, strict=False) if named and is_isin(code)}
    kept = [named or (bool(codes) and codes[row] in own) for row, named in enumerate(is_named)]
    renamed = Counter(name for name, named, keep in zip(names, is_named, kept, strict=True) if keep and not named)
    others = Counter(name for name, keep in zip(names, kept, strict=True) if not keep)
    findings = []
    if renamed:
        message = f"{_count_rows(renamed)} with the same ISIN under another name, {list_names(renamed)}, read as well."
        findings.append(Finding("renamed_rows", message, "info"))
    if others:
        message = f"{_count_rows(others)} of other securities left out: {list_names(others)}."
        findings.append(Finding("other_securities", message, "info"))
    return replace(table, rows=tuple(row for row, keep in zip(table.rows, kept, strict=True) if keep)), findings


def _find_all(table: Table, aliases: Sequence[str]) -> list[int]:
    return [index for alias in aliases if (index := table.find_column(alias)) is not None]


def _code_of(cell: str) -> str:
    """Return the ISIN in a cell, as in NSE_EQ|INE467B01029, else the cell in capitals."""
    found = _ISIN_WITHIN.search(cell.upper())
    return found[0] if found else cell.upper()


def _count_rows(names: Counter[str]) -> str:
    count = names.total()
    return "1 row" if count == 1 else f"{count:,} rows"
