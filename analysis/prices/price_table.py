"""Price files: the bars of one security in the text of a file, with findings about everything left out.

Read are daily rows as yfinance, Yahoo, Stooq, NSE, BSE, Investing.com, TradingView, Nasdaq, Alpha Vantage, Quandl,
nsepy, eod2 and German sites write them. Files that cannot be told for certain are refused.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from analysis.engine.bars import Bars, Booleans, Floats
from analysis.prices.delimited_text import LineNote, TableError, decode
from analysis.prices.dividends import find_dividend_mismatch
from analysis.prices.instruments import instrument_of
from analysis.prices.port import Finding, History, PriceError, PriceErrorKind, TradedPrices
from analysis.prices.price_columns import ENOUGH_HEADINGS, KNOWN_HEADINGS, PriceColumns, find_columns, unstack_headings
from analysis.prices.price_rows import PriceRows, keep_one_per_day, parse_rows, refuse_other_spacing, select_series
from analysis.prices.price_security import select_security
from analysis.prices.tables import OTHER_HEADING, Table, read_table

logger = logging.getLogger(__name__)

LINES_NAMED = 3  # in a message; the log names all


def read_history(content: bytes, ticker: str, file_name: str, since: date | None) -> History:
    """Return a file's bars of the ticker from `since` on (None: all), oldest first, prices adjusted if it can be.

    Raise TableError for a file that cannot be used, and PriceError for one without a readable row; messages name
    `file_name`.
    """
    table, is_of_yfinance = unstack_headings(read_table(decode(content), KNOWN_HEADINGS, ENOUGH_HEADINGS))
    columns = find_columns(table)
    _refuse_second_table(table)
    table, findings = select_security(table, ticker)
    rows, unreadable = parse_rows(table, columns, instrument_of(ticker).exchange)
    findings = _findings_about_lines(file_name, [*table.broken, *unreadable], table.passed) + findings
    if not len(rows):
        raise _without_rows(file_name, findings)
    rows, *noticed = _select_sessions(rows)
    bars, is_adjusted, adjustments = _adjust_rows(rows, has_adjusted_close=columns.adj_close is not None)
    if mismatch := find_dividend_mismatch(rows.day, rows.close, rows.adj_close, np.nan_to_num(rows.dividend)):
        adjustments.append(mismatch)
    history = History(
        bars,
        adjusted=is_adjusted or columns.is_adjusted or (is_of_yfinance and columns.adj_close is None),
        findings=(*findings, *(finding for finding in noticed if finding), *adjustments),
        traded=_read_traded(rows, columns),
    )
    return history if since is None else _trim_before(history, since, file_name)


def _refuse_second_table(table: Table) -> None:
    line = next((note.line for note in table.broken if note.reason == OTHER_HEADING), None)
    if line is not None:
        raise TableError(f"Line {line} is a heading with other columns than line {table.line}. Keep one of the tables.")


def _select_sessions(rows: PriceRows) -> tuple[PriceRows, Finding | None, Finding | None]:
    """Return one row a session, and what was left out. Raise TableError if the rows are not daily."""
    rows, other_series = select_series(rows)
    refuse_other_spacing(rows)
    rows, conflicts = keep_one_per_day(rows)
    return rows, other_series, conflicts


def _adjust_rows(rows: PriceRows, *, has_adjusted_close: bool) -> tuple[Bars, bool, list[Finding]]:
    """Return the bars, adjusted by the adjusted close, whether they are, and findings about closes without one.

    Where it is missing, 0 or negative beside a close, the factor of the session before holds, or of the next.
    """
    findings: list[Finding] = []
    factor: Floats = np.ones(len(rows))
    priced = (rows.close > 0) & np.isfinite(rows.close)
    usable = priced & (rows.adj_close > 0) & np.isfinite(rows.adj_close)
    if has_adjusted_close:
        factor = _fill_factors(usable, rows)
        negative = priced & (rows.adj_close < 0)
        for kind, lost in {
            "no adjusted close": priced & ~usable & ~negative,
            "a negative adjusted close": negative,
        }.items():
            findings += _findings_about_factor(kind, rows, lost, is_filled=bool(usable.any()))
    open_, high, low, close = (column * factor for column in (rows.open, rows.high, rows.low, rows.close))
    return Bars(rows.day, open_, high, low, close, rows.volume), has_adjusted_close and bool(usable.any()), findings


def _fill_factors(usable: Booleans, rows: PriceRows) -> Floats:
    if not usable.any():
        return np.ones(len(rows))
    known = np.flatnonzero(usable)
    nearest = known[np.maximum(np.searchsorted(known, np.arange(len(rows)), side="right") - 1, 0)]
    factor: Floats = rows.adj_close[nearest] / rows.close[nearest]
    return factor


def _findings_about_factor(kind: str, rows: PriceRows, lost: Booleans, *, is_filled: bool) -> list[Finding]:
    if not lost.any():
        return []
    last = rows.day[lost][-1].astype(object)
    sessions = "1 session has" if lost.sum() == 1 else f"{lost.sum():,} sessions have"
    what = "adjusted as the session beside it" if is_filled else "not adjusted"
    message = f"{sessions} a close but {kind}, the last on {last}: kept, {what}."
    return [Finding("adj_close_missing", message, "repair" if is_filled else "warning", last)]


def _read_traded(rows: PriceRows, columns: PriceColumns) -> TradedPrices | None:
    """Return what was traded: closes beside adjusted ones, and splits; None if the file has neither."""
    if columns.adj_close is None and columns.split is None:
        return None
    close = rows.close if columns.adj_close is not None else np.full(len(rows), np.nan)
    return TradedPrices(rows.day, close, np.where(rows.split > 0, rows.split, 1.0))


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
