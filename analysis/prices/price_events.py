"""Splits and dividends of a price file's rows; one that cannot be read is named and costs no bar."""

import math
import re
from collections.abc import Callable, Sequence

import numpy as np

from analysis.engine.bars import Floats
from analysis.prices.cell_numbers import parse_number
from analysis.prices.port import Finding
from analysis.prices.price_columns import PriceColumns
from analysis.prices.tables import Table

CELLS_NAMED = 3
_RATIO = re.compile(r"(\d+(?:[.,]\d+)?)\s*(?::|/|-?\s*for\s*-?)\s*(\d+(?:[.,]\d+)?)", re.IGNORECASE | re.ASCII)


def read_events(table: Table, columns: PriceColumns, decimal: str) -> tuple[Floats, Floats, list[Finding]]:
    """Return the splits and the dividends of a table's rows, NaN for none, and the finding about unreadable ones."""
    unread: list[str] = []
    split = _read_column(table, columns.split, lambda cell: _parse_split(cell, decimal), unread)
    dividend = _read_column(table, columns.dividend, lambda cell: parse_number(cell, decimal), unread)
    if not unread:
        return split, dividend, []
    more = f" and {len(unread) - CELLS_NAMED:,} more" if len(unread) > CELLS_NAMED else ""
    what = "1 split or dividend" if len(unread) == 1 else f"{len(unread):,} splits or dividends"
    message = f"{what} could not be read and counts as none: {', '.join(unread[:CELLS_NAMED])}{more}."
    return split, dividend, [Finding("unread_events", message, "warning")]


def _read_column(table: Table, column: int | None, parse: Callable[[str], float], unread: list[str]) -> Floats:
    cells: Sequence[str] = [] if column is None else table.cells_of(column)
    numbers = np.full(len(table.rows), np.nan)
    for place, cell in enumerate(cells):
        try:
            numbers[place] = parse(cell)
        except ValueError as error:
            unread.append(f"line {table.rows[place].line} ({error})")
    return numbers


def _parse_split(cell: str, decimal: str) -> float:
    """Return a split's factor: 2 for `2`, `2:1`, `2/1` and `2 for 1`. Raise ValueError for another text."""
    match = _RATIO.fullmatch(cell.strip())
    if match is None:
        return parse_number(cell, decimal)
    new, old = (parse_number(text, decimal) for text in match.groups())
    return new / old if old > 0 else math.nan
