"""Tables: delimited text, and ready rows of a sheet, as headings and rows with their line numbers.

The only reader of price files, lists of stocks and watchlists. A caller names the headings that it knows; the first
line that has enough of them is the heading, and the delimiter is the one that shows most of them.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice

from analysis.prices.delimited_text import (
    UNREADABLE,
    LineNote,
    TableError,
    TableRow,
    count_cells,
    parse_lines,
    split_lines,
    without_blank_end,
)

DELIMITERS = ",;\t|"  # the first is the default
HEADING_WITHIN = 100  # records; brokers put some twenty lines above a heading
CELLS_NAMED = 8  # of a line without a known heading, in an error
_SIGNS = re.compile(r"[^\w%]|_")
_SEPARATOR_LINE = re.compile(r'\s*"?sep=.?"?\s*', re.IGNORECASE)  # with which Excel is told the delimiter
_TOTALS = {"total", "totals", "grand total", "subtotal", "sub total", "sum", "summe", "gesamt"}


@dataclass(frozen=True)
class Table:
    """A table: headings as written, and rows of as many cells.

    `line` is the heading's; `delimiter` is empty for a sheet. `above` are the lines before the heading that are not
    blank; `broken` are lines that could not be read; `passed` are lines that are no rows: titles, comments, the heading
    again, totals.
    """

    headings: tuple[str, ...]
    line: int
    rows: tuple[TableRow, ...]
    delimiter: str = ""
    above: tuple[TableRow, ...] = ()
    broken: tuple[LineNote, ...] = ()
    passed: tuple[LineNote, ...] = ()

    @cached_property
    def folded_headings(self) -> tuple[str, ...]:
        """Return the headings as `fold_heading` makes them."""
        return tuple(fold_heading(heading) for heading in self.headings)

    def find_column(self, *aliases: str) -> int | None:
        """Return the index of the first alias that is a heading; of equal headings, the first. None without one."""
        headings = self.folded_headings
        return next((headings.index(name) for name in map(fold_heading, aliases) if name in headings), None)

    def cells_of(self, column: int) -> list[str]:
        """Return a column's cells, one for each row."""
        return [row.cells[column] for row in self.rows]


def read_table(text: str, known: Collection[str], enough: int = 1) -> Table:
    """Return the table in a text. The heading is the first line with at least `enough` of the known headings.

    The spelling of headings does not matter where `fold_heading` drops it. Raise TableError without such a line.
    """
    lines = split_lines(text)
    names = {fold_heading(name) for name in known}
    heads = {delimiter: list(islice(parse_lines(lines, delimiter), HEADING_WITHIN)) for delimiter in DELIMITERS}
    found = {delimiter: _find_heading(records, names, enough) for delimiter, records in heads.items()}
    delimiter = max(DELIMITERS, key=lambda each: _count_known(found[each], names))
    heading = found[delimiter]
    if heading is None:
        raise _unknown_heading(heads[find_delimiter(text) or DELIMITERS[0]], names)
    above = [record for record in heads[delimiter] if record.line < heading.line]
    end = heading.line + sum(cell.count("\n") for cell in heading.cells)
    width = len(without_blank_end(heading.cells))
    below = parse_lines(lines, delimiter, end, width)
    return replace(_build_table(above, heading, below, names, enough), delimiter=delimiter)


def read_rows(rows: Iterable[tuple[int, Sequence[str]]], known: Collection[str], enough: int = 1) -> Table:
    """Return the table in a sheet's rows, (line, cells as text). See `read_table`; short rows are filled up."""
    names = {fold_heading(name) for name in known}
    records: list[TableRow | LineNote] = [TableRow(line, [cell.strip() for cell in cells]) for line, cells in rows]
    heading = _find_heading(records[:HEADING_WITHIN], names, enough)
    if heading is None:
        raise _unknown_heading(records[:HEADING_WITHIN], names)
    width = len(without_blank_end(heading.cells))
    above = [record for record in records if record.line < heading.line]
    below = [_fill_row(record, width) for record in records if record.line > heading.line]
    return _build_table(above, heading, below, names, enough)


def find_delimiter(text: str) -> str | None:
    """Return the delimiter of which most lines have the same number, at least one; None if no two lines do."""
    best, most = None, 1
    lines = [line for line in split_lines(text)[: 2 * HEADING_WITHIN] if line.strip()]
    for delimiter in DELIMITERS:
        counts = [count_cells(line, delimiter) for line in lines]
        equal = max((counts.count(count) for count in set(counts) if count > 1), default=0)
        if equal > most:
            best, most = delimiter, equal
    return best


def fold_heading(text: str) -> str:
    """Return a heading's small letters, digits and `%`: blanks, `_`, `<>`, `*`, dots and other signs do not matter."""
    return _SIGNS.sub("", text.casefold())


def _find_heading(records: Sequence[TableRow | LineNote], names: set[str], enough: int) -> TableRow | None:
    rows = (record for record in records if isinstance(record, TableRow))
    return next((row for row in rows if _count_known(row, names) >= max(enough, 1)), None)


def _count_known(row: TableRow | None, names: set[str]) -> int:
    return 0 if row is None else len({fold_heading(cell) for cell in row.cells} & names)


def _unknown_heading(records: Sequence[TableRow | LineNote], names: set[str]) -> TableError:
    """Return the error that names the cells of the line with most known headings, or of the first line."""
    rows = [
        record for record in records if isinstance(record, TableRow) and not _SEPARATOR_LINE.fullmatch(record.cells[0])
    ]
    if not records:
        return TableError("The file is empty.")
    if not rows:
        return TableError(f"It is not a table: {UNREADABLE}.")
    row = max(rows, key=lambda each: _count_known(each, names))
    cells = [cell[:30] for cell in row.cells if cell]
    seen = ", ".join(cells[:CELLS_NAMED]) + (" …" if len(cells) > CELLS_NAMED else "")
    return TableError(f"No line names the columns that are needed; line {row.line} has: {seen}.", row.cells)


def _build_table(
    above: Sequence[TableRow | LineNote],
    heading: TableRow,
    below: Iterable[TableRow | LineNote],
    names: set[str],
    enough: int,
) -> Table:
    headings = tuple(" ".join(cell.split()) for cell in without_blank_end(heading.cells))
    rows: list[TableRow] = []
    broken: list[LineNote] = []
    titles = [TableRow(*record) for record in above if isinstance(record, TableRow)]
    passed = [LineNote(row.line, "above the heading") for row in titles if not _SEPARATOR_LINE.fullmatch(row.cells[0])]
    sorter = _LineSorter(headings, names, max(enough, 2))
    for record in below:
        if isinstance(record, LineNote):
            broken.append(record)
        elif not any(record.cells):
            continue
        elif kind := sorter.kind_of_furniture(record.cells):
            passed.append(LineNote(record.line, kind))
        elif sorter.is_other_heading(record.cells):
            broken.append(LineNote(record.line, "a heading with other columns: it and the lines below it are not read"))
            break
        elif reason := sorter.reason_against(record.cells):
            broken.append(LineNote(record.line, reason))
        else:
            rows.append(record)
    return Table(headings, heading.line, tuple(rows), above=tuple(titles), broken=tuple(broken), passed=tuple(passed))


class _LineSorter:
    """Tells the rows of a table from lines between and below them."""

    def __init__(self, headings: tuple[str, ...], names: set[str], enough: int) -> None:
        self._width = len(headings)
        self._folded = [fold_heading(heading) for heading in headings]
        self._names = names
        self._enough = enough

    def kind_of_furniture(self, cells: Sequence[str]) -> str:
        """Return in a few words which line this is that is no row; empty for a row."""
        first = cells[0]
        if first[:1].isdigit():
            return ""
        if first.startswith(("#", "//")):
            return "a comment"
        if self._is_total(cells):
            return "a total"
        if fold_heading(first) == self._folded[0] and self._fold(cells) == self._folded:
            return "the heading again"
        return ""

    def _is_total(self, cells: Sequence[str]) -> bool:
        label = next(cell for cell in cells if cell).rstrip(": ")
        if label.lower() not in _TOTALS:
            return False
        blank = self._width - len(cells) + sum(not cell for cell in cells)
        return not label.isupper() or 3 * blank >= self._width  # TOTAL in a full row is a stock of that name

    def is_other_heading(self, cells: Sequence[str]) -> bool:
        """Return whether this line is the heading of another table."""
        if any(cell[:1].isdigit() for cell in cells):  # as in most rows, at less cost
            return False
        return _count_known(TableRow(0, cells), self._names) >= self._enough

    def reason_against(self, cells: Sequence[str]) -> str:
        """Return why these cells are no row of the table; empty if they are one."""
        if len(cells) == self._width or (len(cells) > self._width and not any(cells[self._width :])):
            return ""
        count = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
        return f"{count} instead of {self._width}"

    def _fold(self, cells: Sequence[str]) -> list[str]:
        return [fold_heading(cell) for cell in cells[: self._width]]


def _fill_row(record: TableRow | LineNote, width: int) -> TableRow | LineNote:
    if isinstance(record, LineNote) or len(record.cells) >= width:
        return record
    return TableRow(record.line, [*record.cells, *[""] * (width - len(record.cells))])
