"""The security of a price file: which rows are the ticker's, by the columns that name one."""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from analysis.prices.delimited_text import TableError
from analysis.prices.instruments import Instrument
from analysis.prices.port import Finding
from analysis.prices.price_market import find_title_pairs, list_names
from analysis.prices.security_columns import GENERAL_COLUMNS, IDENTITY_COLUMNS, ISIN_COLUMNS, NAME_COLUMNS
from analysis.prices.security_names import (
    EXCHANGE_PREFIX,
    SYMBOL,
    is_code,
    is_general,
    is_name_of,
    is_other_symbol,
    is_spelled_like,
)
from analysis.prices.tables import Table, fold_heading
from analysis.prices.tickers import is_isin

CODE_COLUMNS = ("instrument key", "instrument token", "wkn", "sedol", "cusip", "figi", "valor", "ric")
_ISIN_WITHIN = re.compile(r"\b[A-Z]{2}[A-Z0-9]{9}\d\b")
_OWN_CODES = {"stockcode", "exchangecode"}  # the headings of ICICI's Breeze, whose INFTEC is INFY
_GENERAL_HEADINGS = frozenset(map(fold_heading, GENERAL_COLUMNS))
_KIND_HEADINGS = _GENERAL_HEADINGS | {"instrument"}  # under which kinds of securities may stand
_NAME_HEADINGS = frozenset(map(fold_heading, NAME_COLUMNS))
_SYMBOL_HEADINGS = frozenset(map(fold_heading, IDENTITY_COLUMNS)) - _NAME_HEADINGS - _GENERAL_HEADINGS


def select_security(table: Table, instrument: Instrument) -> tuple[Table, list[Finding]]:
    """Return the table with the instrument's rows only, and findings about the others.

    Its ticker decides, else its ISIN where that is known. One name or code throughout that cannot be compared is taken
    for its own, and said. Raise TableError if it is plainly another's, or if none of several is its own.
    """
    ticker = instrument.ticker
    _refuse_title(table, instrument)
    columns = _find_all(table, IDENTITY_COLUMNS)
    code_column = next(iter(_find_all(table, (*ISIN_COLUMNS, *CODE_COLUMNS))), None)
    codes = [] if code_column is None else [_code_of(cell) for cell in table.cells_of(code_column)]
    own, spelled = _find_own(table, columns, instrument)
    if own:
        table, findings = _select_named(table, columns, codes, own, instrument)
        return table, [*spelled, *findings]
    names = table.cells_of(columns[0]) if columns else []
    if instrument.isin and instrument.isin in codes:
        return _leave_others_out(table, names or codes, codes, [code == instrument.isin for code in codes])
    heading = "" if code_column is None else table.headings[code_column]
    if instrument.isin and (isins := Counter(filter(is_isin, codes))):
        raise TableError(
            f"Its column {heading} has {list_names(isins)}, but {instrument.isin} is the ISIN of {ticker}."
        )
    judged = [finding for column in columns for finding in _judge_column(table, column, instrument)]
    return table, judged[:1] or _judge_codes(heading, codes, ticker)


def _refuse_title(table: Table, instrument: Instrument) -> None:
    """Raise TableError if the lines above the heading have another ISIN than the instrument's, or another symbol."""
    isins = Counter(isin for row in table.above for cell in row.cells for isin in _ISIN_WITHIN.findall(cell.upper()))
    if instrument.isin and isins and instrument.isin not in isins:
        raise TableError(
            f"Above its heading is the ISIN {list_names(isins)}, but {instrument.isin} is the ISIN of "
            f"{instrument.ticker}."
        )
    for row in table.above:
        for label, name in find_title_pairs(row.cells):
            if fold_heading(label) in _SYMBOL_HEADINGS and _is_others(name, instrument):
                raise TableError(
                    f"Line {row.line} names {name[:40]}, not {instrument.ticker}. Remove the line if the rows are "
                    f"{instrument.ticker}'s."
                )


def _is_others(name: str, instrument: Instrument) -> bool:
    """Return whether a title is plainly another's symbol; a company's name may follow the ticker in it."""
    parts = (name, name.split()[0].rstrip(".("))
    may_be_own = any(is_name_of(part, instrument) or is_spelled_like(part, instrument) for part in parts)
    return not (may_be_own or is_general(name)) and is_other_symbol(name, instrument, is_under_symbols=True)


def _find_own(table: Table, columns: Sequence[int], instrument: Instrument) -> tuple[set[str], list[Finding]]:
    """Return the names that are the instrument's, and a warning if they only have its letters.

    Of names that have its letters only, one counts, and that only if none is written as it should be.
    """
    distinct = {name for column in columns for name in set(table.cells_of(column)) if name}
    if own := {name for name in distinct if is_name_of(name, instrument)}:
        return own, []
    like = {name for name in distinct if is_spelled_like(name, instrument)}
    if len(like) != 1:
        return set(), []
    (name,) = like
    message = (
        f"Rows that name {name[:40]} are taken for those of {instrument.ticker}: check that they are of the same "
        "security."
    )
    return like, [Finding("other_name", message, "warning")]


def _select_named(
    table: Table, columns: Sequence[int], codes: Sequence[str], own: set[str], instrument: Instrument
) -> tuple[Table, list[Finding]]:
    """Return the rows with one of the security's own names, and findings about the others.

    Of the columns with such names, the first that is filled decides about a row.
    """
    naming = [column for column in columns if not own.isdisjoint(table.cells_of(column))]
    names = [next(filter(None, (row.cells[column] for column in naming)), "") for row in table.rows]
    is_named = [name in own for name in names]
    own_codes = {code for code, is_own in zip(codes, is_named, strict=False) if is_own}
    table, findings = _leave_others_out(table, names, codes, is_named)
    return table, [*findings, *_compare_isin(instrument, own_codes)]


def _judge_column(table: Table, column: int, instrument: Instrument) -> list[Finding]:
    """Return the finding about names of which none is the instrument's; raise TableError if they are plainly others'.

    Under a heading that may be about other things only symbols and codes are, and cells that all differ are nothing.
    """
    heading, ticker = table.headings[column], instrument.ticker
    folded = fold_heading(heading)
    distinct = Counter(filter(None, table.cells_of(column)))
    if folded in _KIND_HEADINGS:
        distinct = Counter({name: count for name, count in distinct.items() if not is_general(name)})
    if not distinct:
        return []
    if len(distinct) == 1:
        (name,) = distinct
        is_own_code = folded in _OWN_CODES and _OWN_CODES.issubset(table.folded_headings)
        return _warn_of_name(name, heading, ticker) if is_own_code else _judge_only_name(name, heading, instrument)
    if folded not in _GENERAL_HEADINGS:
        raise TableError(f"It names {list_names(distinct)}, but never {ticker}.")
    if len(distinct) == distinct.total():
        return []
    if all(is_code(name) or is_other_symbol(name, instrument, is_under_symbols=False) for name in distinct):
        raise TableError(
            f"Its column {heading} names {list_names(distinct)}, but never {ticker}. Keep the rows of {ticker} only, "
            "or remove the column if it names no securities."
        )
    message = f"The column {heading} has {list_names(distinct)}: all rows are taken for those of {ticker}."
    return [Finding("other_name", message, "warning")]


def _judge_only_name(name: str, heading: str, instrument: Instrument) -> list[Finding]:
    """Return the warning that a file names another security than its ticker; raise TableError if it is one plainly.

    A code, a company's name or an index's cannot be compared.
    """
    ticker = instrument.ticker
    if is_other_symbol(name, instrument, is_under_symbols=fold_heading(heading) in _SYMBOL_HEADINGS):
        raise TableError(
            f"Its column {heading} names {name[:40]}, not {ticker}. Remove the column if the rows are {ticker}'s."
        )
    return _warn_of_name(name, heading, ticker)


def _warn_of_name(name: str, heading: str, ticker: str) -> list[Finding]:
    message = f"The column {heading} names {name[:40]} throughout: its rows are taken for those of {ticker}."
    is_symbol = SYMBOL.fullmatch(EXCHANGE_PREFIX.sub("", name, count=1)) is not None
    return [Finding("other_name", message, "warning" if is_symbol else "info")]


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
