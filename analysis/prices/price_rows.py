"""Rows of price files: their cells as days and numbers, one row a session."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Self
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from analysis.engine.bars import Booleans, Floats, Indices
from analysis.prices.cell_dates import read_stamps
from analysis.prices.cell_numbers import find_decimal_sign, parse_numbers
from analysis.prices.delimited_text import LineNote, TableError
from analysis.prices.instruments import Instrument, InstrumentKind
from analysis.prices.port import Finding
from analysis.prices.price_columns import CONTINENTAL_HEADINGS, PriceColumns
from analysis.prices.price_events import read_events
from analysis.prices.tables import Table
from analysis.prices.turned_dates import refuse_turned_dates

DAILY = {"", "D", "1D", "DAILY", "DAY", "1DAY", "1440"}
# Series of shares and units: NSE's, the liquid first, then BSE's groups, between which a share changes. The rest are
# block deals, bonds, warrants and rights of the same name.
MAIN_SERIES = "EQ"
SHARES = (
    *("EQ", "", "BE", "BZ", "SM", "ST", "SZ", "RR", "IV", "E1"),
    *("A", "B", "T", "S", "TS", "X", "XT", "XC", "XD", "Z", "ZP", "M", "MT", "MS", "P", "R", "E", "IF", "IP"),
)
_OTHER_SERIES = re.compile(r"[A-Z]\d|N[A-Z]|Y[A-Z]|Z[A-Z]|BL|IL|BT|BI|GB|GS|GC|TB|SG|F|G|MF|ME|EQ[ -].*|OFS|W|Y|U")
DIFFERENT_DAY = 1.2  # ratio of two closes given for one session, from which one is taken for a mistake
DAYS_NAMED = 3
_AMOUNT = re.compile(r"%|chang|chg|v?wap|average|avg|value|turnover|prev|last|ltp|veränder|umsatz|adj|ask|bid")
_DATE_WITH_POINTS = re.compile(r"\d{1,2}\.\d{1,2}\.\d{2}")


@dataclass(frozen=True, slots=True, eq=False)
class PriceRows:
    """The rows of one security, oldest first: shape (n,) each.

    `day` is datetime64[D], `minute` the minute of that day, `line` the row's line. Prices and volume are float64 as
    written, NaN for none; `adj_close`, `volume` and `split` (the factor of a split; 0, 1 or NaN without one) are NaN
    throughout without such a column, as is `dividend`, per share.
    """

    line: Indices
    day: NDArray[np.datetime64]
    minute: Indices
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    adj_close: Floats
    volume: Floats
    split: Floats
    dividend: Floats
    series: NDArray[np.str_]

    def __len__(self) -> int:
        return int(self.day.shape[0])

    def select(self, rows: Booleans | Indices) -> Self:
        """Return these rows only."""
        return replace(self, **{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    def multiply_prices(self, factor: float) -> Self:
        """Return the rows with prices and dividends in another unit."""
        names = ("open", "high", "low", "close", "adj_close", "dividend")
        return self if factor == 1.0 else replace(self, **{name: getattr(self, name) * factor for name in names})


def parse_rows(
    table: Table, columns: PriceColumns, instrument: Instrument
) -> tuple[PriceRows, list[LineNote], list[Finding]]:
    """Return the rows that can be read, the lines that cannot with the reason, and findings about cells of rows.

    Raise TableError if numbers or dates of the table are written in ways that contradict, or if its rows are not daily.
    """
    _refuse_other_period(table, columns)
    broken: dict[int, str] = {}
    exchange = instrument.exchange
    stamps = read_stamps(_stamp_cells(table, columns), ZoneInfo(exchange.timezone), broken, exchange.opens_early)
    refuse_turned_dates(table.cells_of(columns.date), stamps.day, [row.line for row in table.rows])
    numeric = [columns.open, columns.high, columns.low, columns.close, columns.adj_close, columns.volume]
    cells = [[] if column is None else table.cells_of(column) for column in numeric]
    decimal = _find_decimal_sign_of(table, columns, instrument)
    count = len(table.rows)
    numbers = [
        parse_numbers(column, decimal, broken, may_be_rounded=column is cells[5]) if column else [np.nan] * count
        for column in cells
    ]
    values = np.array(numbers, dtype=np.float64)
    for column, index in np.argwhere(values[:4] < 0):
        broken.setdefault(int(index), f"{cells[column][index][:30]!r} is a negative price")
    open_, high, low, close, adj_close, volume = values
    split, dividend, of_events = read_events(table, columns, decimal)
    rows = PriceRows(
        np.array([row.line for row in table.rows], dtype=np.int64),
        stamps.day,
        stamps.minute,
        open_,
        high,
        low,
        close,
        adj_close,
        volume,
        split,
        dividend,
        np.array(
            [""] * count if columns.series is None else [cell.upper() for cell in table.cells_of(columns.series)],
            dtype=np.str_,
        ),
    )
    kept = np.array([index for index in range(count) if index not in broken], dtype=np.int64)
    kept = kept[np.lexsort((rows.minute[kept], rows.day[kept]))]  # stable: later lines stay later
    unreadable = [LineNote(table.rows[index].line, broken[index]) for index in sorted(broken)]
    return rows.select(kept), unreadable, of_events


def select_series(rows: PriceRows) -> tuple[PriceRows, Finding | None]:
    """Return the rows of the security itself where a file has several series of it, and a finding about the others.

    A single series is the security, whichever it is. On a day with several, the first of `SHARES` counts. Where none is
    EQ and one is no series that is known, the column is about something else.
    """
    counts = Counter(rows.series.tolist())
    if len(counts) < 2:
        return rows, None
    strange = [name for name in counts if name not in SHARES and not _OTHER_SERIES.fullmatch(name)]
    if strange and MAIN_SERIES not in counts:
        named = ", ".join(name[:20] for name in strange[:DAYS_NAMED]) + (" …" if len(strange) > DAYS_NAMED else "")
        message = f"Its column of series or groups has {named}, which is no series that is known here: it is not read."
        return rows, Finding("unknown_series", message, "info")
    shares = [series for series in SHARES if series in counts] or [counts.most_common(1)[0][0]]
    rank = np.array([shares.index(series) if series in shares else len(shares) for series in rows.series.tolist()])
    best: dict[date, int] = {}
    for day, place in zip(rows.day.tolist(), rank.tolist(), strict=True):
        best[day] = min(place, best.get(day, place))
    kept = np.array([place == best[day] for day, place in zip(rows.day.tolist(), rank.tolist(), strict=True)])
    kept &= rank < len(shares)
    left_out = Counter(rows.series[~kept].tolist())
    if not left_out:
        return rows, None
    names = ", ".join(
        f"{count:,} {'row' if count == 1 else 'rows'} {f'of series {name}' if name else 'without a series'}"
        for name, count in left_out.items()
    )
    return rows.select(kept), Finding("other_series", f"{names} left out.", "info")


def keep_one_per_day(rows: PriceRows) -> tuple[PriceRows, Finding | None]:
    """Return the rows without those that contradict another of their day, and a finding that names them.

    Of two closes far apart the one within its range and nearer to the day before is kept, else the later line. Equal
    rows stay, for the quality gate.
    """
    again = np.flatnonzero(rows.day[1:] == rows.day[:-1])
    kept = np.ones(len(rows), dtype=np.bool_)
    told: list[str] = []
    for day in np.unique(rows.day[again]):
        same = np.flatnonzero(rows.day == day)
        if len(np.unique(rows.close[same], equal_nan=True)) == 1:
            continue
        chosen = _choose_row(rows, same)
        kept[same] = same == chosen
        told.append(_describe_conflict(rows, same, chosen, day.astype(object)))
    if not told:
        return rows, None
    more = f" {len(told) - DAYS_NAMED:,} more days are so." if len(told) > DAYS_NAMED else ""
    message = " ".join(told[:DAYS_NAMED]) + more
    return rows.select(kept), Finding("conflicting_rows", message, "warning", rows.day[~kept][-1].astype(object))


def _choose_row(rows: PriceRows, same: Indices) -> int:
    inside = (rows.close >= 0.999 * rows.low) & (rows.close <= 1.001 * rows.high)
    candidates = same[rows.close[same] > 0]
    candidates = candidates if len(candidates) else same
    candidates = candidates[inside[candidates]] if inside[candidates].any() else candidates
    before, after = rows.close[: same[0]], rows.close[same[-1] + 1 :]
    neighbours = before[before > 0][-1:] if (before > 0).any() else after[after > 0][:1]
    closes = rows.close[candidates]
    if len(neighbours) and closes.max() > DIFFERENT_DAY * closes.min() > 0:
        return int(candidates[np.argmin(np.abs(np.log(closes / neighbours[0])))])
    return int(candidates[-1])


def _describe_conflict(rows: PriceRows, same: Indices, chosen: int, day: date) -> str:
    closes = ", ".join(f"{rows.close[row]:.10g} in line {rows.line[row]}" for row in same)
    return f"{day} is given {len(same)} times with different closes ({closes}): line {rows.line[chosen]} is used."


def _stamp_cells(table: Table, columns: PriceColumns) -> Sequence[str]:
    """Return the cells with dates, joined with those of a column of times if these are written as expected."""
    days = table.cells_of(columns.date)
    times = [] if columns.time is None else table.cells_of(columns.time)
    if not times or not all(_is_time(cell) for cell in times) or any(" " in day or "T" in day for day in days):
        return days
    return [f"{day} {cell}" for day, cell in zip(days, times, strict=True)]


def _is_time(cell: str) -> bool:
    return (cell.isdigit() and len(cell) == 6) or (cell[1:3].count(":") == 1 and cell.replace(":", "").isdigit())


def _find_decimal_sign_of(table: Table, columns: PriceColumns, instrument: Instrument) -> str:
    """Return the decimal sign of a table. Other columns count by their heading: a time or a rating is no amount."""
    prices = (columns.open, columns.high, columns.low, columns.close, columns.adj_close)
    amounts = (columns.volume, columns.split, columns.dividend)
    others = [
        index
        for index, heading in enumerate(table.folded_headings)
        if index not in (*prices, *amounts, columns.date, columns.time) and _AMOUNT.search(heading)
    ]
    of_prices, of_amounts, of_others = (
        [table.cells_of(column) for column in group if column is not None] for group in (prices, amounts, others)
    )
    is_point_usual = _may_have_three_decimals(table, columns, instrument)
    lines = [row.line for row in table.rows]
    return find_decimal_sign(of_prices, of_amounts, of_others, is_point_usual=is_point_usual, lines=lines)


def _may_have_three_decimals(table: Table, columns: PriceColumns, instrument: Instrument) -> bool:
    """Return whether 1.234 is usual for a price, by the instrument, the delimiter, the headings and the dates.

    Shares have two decimals on most exchanges, and a comma between cells or MetaTrader's headings leave the point as
    the decimal sign; words and dates of the continent do not.
    """
    is_exact = instrument.kind in (InstrumentKind.PAIR, InstrumentKind.FUTURE) or instrument.exchange.decimals > 2
    is_continental = any(heading in CONTINENTAL_HEADINGS for heading in table.folded_headings)
    has_points_in_dates = any(map(_DATE_WITH_POINTS.match, table.cells_of(columns.date)[:1]))
    parts_with_commas = table.delimiter == "," or table.headings[columns.close].startswith("<")
    return is_exact and parts_with_commas and not is_continental and not has_points_in_dates


def _refuse_other_period(table: Table, columns: PriceColumns) -> None:
    if columns.period is None:
        return
    others = sorted({cell for cell in table.cells_of(columns.period) if cell.upper() not in DAILY})
    if others:
        heading = table.headings[columns.period]
        raise TableError(f"Its column {heading} has {', '.join(others[:3])}, and the analysis needs daily rows (D).")
