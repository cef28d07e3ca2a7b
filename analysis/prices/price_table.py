"""Price files: the bars of one security in the text of a file, with findings about everything left out.

Read are daily rows as yfinance, Yahoo, Stooq, NSE, BSE, Investing.com, TradingView, Nasdaq, Alpha Vantage, Quandl,
nsepy, eod2 and German sites write them. Files that cannot be told for certain are refused.
"""

import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from analysis.prices.delimited_text import LineNote, TableError, TableRow, decode, split_lines
from analysis.prices.exchanges import Exchange
from analysis.prices.instruments import Instrument
from analysis.prices.port import Finding, History, PriceError, PriceErrorKind, TradedPrices
from analysis.prices.price_adjustment import adjust_rows, dividends_of_later_shares
from analysis.prices.price_columns import ENOUGH_HEADINGS, KNOWN_HEADINGS, PriceColumns, find_columns, unstack_headings
from analysis.prices.price_contracts import CONTRACT_COLUMNS, leave_contracts_out
from analysis.prices.price_currency import find_price_factor
from analysis.prices.price_market import select_market
from analysis.prices.price_rows import PriceRows, keep_one_per_day, parse_rows, select_series
from analysis.prices.price_security import CODE_COLUMNS, select_security
from analysis.prices.row_spacing import drop_unfinished_rows, refuse_other_spacing
from analysis.prices.security_columns import (
    CURRENCY_COLUMNS,
    EXCHANGE_COLUMNS,
    IDENTITY_COLUMNS,
    ISIN_COLUMNS,
    MARKET_COLUMN,
)
from analysis.prices.tables import OTHER_HEADING, Table, fold_heading, read_table

logger = logging.getLogger(__name__)

LINES_NAMED = 3  # in a message; the log names all
HEADINGS_NAMED = 8
FEW_UNREADABLE, MOST_UNREADABLE = 10, 0.1  # rows, and their share, above which a file is refused
_READ = {
    fold_heading(name)
    for names in (
        KNOWN_HEADINGS,
        IDENTITY_COLUMNS,
        CODE_COLUMNS,
        ISIN_COLUMNS,
        EXCHANGE_COLUMNS,
        CURRENCY_COLUMNS,
        CONTRACT_COLUMNS,
    )
    for name in (*names, MARKET_COLUMN)
}
METATRADER = ("<DATE>", "<TIME>", "<OPEN>", "<HIGH>", "<LOW>", "<CLOSE>", "<TICKVOL>", "<VOL>", "<SPREAD>")
LENGTH_OF_METATRADER_4 = 7
WITHOUT_HEADING = 0  # instead of the heading's line
_ROWS_AT_ONCE = re.compile(r"\d{4}\.\d\d\.\d\d([,;\t])\d\d:\d\d(?::\d\d)?(?:\1[\d.]+){5,7}\s*$", re.MULTILINE)


def read_history(content: bytes, instrument: Instrument, file_name: str, since: date | None) -> History:
    """Return a file's bars of an instrument from `since` on (None: all), oldest first, prices adjusted if it can be.

    Raise TableError for a file that cannot be used, and PriceError for one without a readable row; messages name
    `file_name`.
    """
    table, is_of_yfinance = unstack_headings(_read_price_table(decode(content)))
    columns = find_columns(table)
    _refuse_second_table(table)
    table, of_market = select_market(table, instrument)
    table, of_contracts = leave_contracts_out(table, instrument)
    table, of_security = select_security(table, instrument)
    factor, of_currency = find_price_factor(table, columns, instrument)
    rows, unreadable, of_events = parse_rows(table, columns, instrument)
    of_lines = _findings_about_lines(file_name, [*table.broken, *unreadable], table.passed)
    if table.line == WITHOUT_HEADING:
        of_lines.append(Finding("no_heading", f"{file_name} has no heading: it is read as MetaTrader's.", "info"))
    findings = [
        *of_lines,
        *of_market,
        *of_contracts,
        *of_security,
        *of_currency,
        *of_events,
        *_notice_unread_volume(table, columns),
    ]
    if not len(rows) or _are_many(unreadable, rows):
        raise _without_rows(file_name, findings)
    rows, noticed = _select_sessions(rows.multiply_prices(factor), instrument.exchange)
    is_usual = columns.is_adjusted or (is_of_yfinance and columns.adj_close is None)
    bars, is_adjusted, adjustments = adjust_rows(
        rows, has_adjusted_close=columns.adj_close is not None, is_usually_adjusted=is_usual
    )
    history = History(
        bars,
        adjusted=is_adjusted,
        findings=(*findings, *noticed, *adjustments),
        traded=_read_traded(rows, columns),
    )
    return history if since is None else _trim_before(history, since, file_name)


def _read_price_table(text: str) -> Table:
    """Return the table of a text; one of MetaTrader 4 and 5 may have no heading. Raise TableError without any."""
    if not _ROWS_AT_ONCE.match(text):
        return read_table(text, KNOWN_HEADINGS, ENOUGH_HEADINGS)
    cells = split_lines(text)[0].split(text[10])
    heading = METATRADER[: len(cells)] if len(cells) > LENGTH_OF_METATRADER_4 else (*METATRADER[:6], "<VOL>")
    table = read_table(f"{text[10].join(heading)}\n{text}", KNOWN_HEADINGS, ENOUGH_HEADINGS)
    return replace(
        table,
        line=WITHOUT_HEADING,
        rows=tuple(TableRow(row.line - 1, row.cells) for row in table.rows),
        broken=tuple(LineNote(note.line - 1, note.reason) for note in table.broken),
        passed=tuple(LineNote(note.line - 1, note.reason) for note in table.passed),
    )


def _notice_unread_volume(table: Table, columns: PriceColumns) -> list[Finding]:
    """Return the finding that names the headings that are not read, one of which may be a volume that is missed."""
    unread = [name for name in table.headings if name and fold_heading(name) not in _READ]
    if columns.volume is not None or not unread:
        return []
    named = ", ".join(unread[:HEADINGS_NAMED]) + (" …" if len(unread) > HEADINGS_NAMED else "")
    message = f"It has no heading of a volume that is known here, and these columns are not read: {named}."
    return [Finding("no_volume_column", message, "info")]


def _refuse_second_table(table: Table) -> None:
    line = next((note.line for note in table.broken if note.reason == OTHER_HEADING), None)
    if line is not None:
        raise TableError(f"Line {line} is a heading with other columns than line {table.line}. Keep one of the tables.")


def _select_sessions(rows: PriceRows, exchange: Exchange) -> tuple[PriceRows, list[Finding]]:
    """Return one row a session, and what was left out. Raise TableError if the rows are not daily."""
    rows, other_series = select_series(rows)
    refuse_other_spacing(rows, exchange)
    rows, unfinished = drop_unfinished_rows(rows, exchange)
    rows, conflicts = keep_one_per_day(rows)
    return rows, [finding for finding in (other_series, unfinished, conflicts) if finding]


def _read_traded(rows: PriceRows, columns: PriceColumns) -> TradedPrices | None:
    """Return what was traded: closes beside adjusted ones, splits, dividends; None if the file has none of them."""
    if columns.adj_close is None and columns.split is None and columns.dividend is None:
        return None
    unknown = np.full(len(rows), np.nan)
    return TradedPrices(
        rows.day,
        close=rows.close if columns.adj_close is not None else unknown,
        split=np.where(rows.split > 0, rows.split, 1.0),
        dividend=dividends_of_later_shares(rows) if columns.dividend is not None else unknown,
    )


def _findings_about_lines(file_name: str, broken: Sequence[LineNote], passed: Sequence[LineNote]) -> list[Finding]:
    """Return one finding about the lines that could not be read, and one about those that are no rows."""
    findings = []
    if broken:
        logger.warning(
            "%s: these rows could not be read: %s", file_name, ", ".join(map(_describe_line, sorted(broken)))
        )
        rows = "1 row" if len(broken) == 1 else f"{len(broken):,} rows"
        message = f"{file_name}: {rows} could not be read: {_list_lines(broken)}."
        findings.append(Finding("broken_rows", message, "warning"))
    if passed:
        lines = "1 line that is no row" if len(passed) == 1 else f"{len(passed):,} lines that are no rows"
        findings.append(Finding("passed_lines", f"{file_name}: {lines} left out: {_list_lines(passed)}.", "info"))
    return findings


def _are_many(unreadable: Sequence[LineNote], rows: PriceRows) -> bool:
    """Return whether the rows that can be read are no history, because too many between them cannot."""
    return len(unreadable) > FEW_UNREADABLE and len(unreadable) > MOST_UNREADABLE * (len(rows) + len(unreadable))


def _list_lines(notes: Sequence[LineNote]) -> str:
    named = ", ".join(_describe_line(note) for note in sorted(notes)[:LINES_NAMED])
    return named + (f" and {len(notes) - LINES_NAMED:,} more" if len(notes) > LINES_NAMED else "")


def _describe_line(note: LineNote) -> str:
    return f"line {note.line} ({note.reason})"


def _without_rows(file_name: str, findings: Sequence[Finding]) -> PriceError:
    broken = next((finding for finding in findings if finding.code == "broken_rows"), None)
    if broken:
        return PriceError(PriceErrorKind.BAD_DATA, broken.message, permanent=False)
    return PriceError(PriceErrorKind.NO_DATA, f"{file_name} has a heading but no rows.", permanent=False)


def _trim_before(history: History, since: date, file_name: str) -> History:
    bars = history.bars[int(np.searchsorted(history.bars.session, np.datetime64(since), side="left")) :]
    if not len(bars):
        raise PriceError(PriceErrorKind.NO_DATA, f"{file_name} has no rows since {since}.", permanent=False)
    return replace(history, bars=bars)
