"""Tables: delimited text, and ready rows of a sheet, as headings and rows with their line numbers.

The only reader of price files, lists of stocks and watchlists. A caller names the headings that it knows; the first
line that has enough of them is the heading, and the delimiter is the one that shows most of them.
"""

import re
from collections import Counter
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
OTHER_HEADING = "a heading with other columns: it and the lines below it are not read"
"""The reason of the line that ends a table because another one begins."""
CELLS_NAMED = 8  # of a line without a known heading, in an error
_SIGNS = re.compile(r"[^\w%]|_")
CURRENCY_IN_HEADING = re.compile(r"[(\[]\s*(?:in )?([A-Z]{3}|GBp|p|pence|paise|US\$|[$€£¥₹])\s*[)\]]\s*$")
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
    present = [delimiter for delimiter in DELIMITERS if delimiter in text] or [DELIMITERS[0]]
    heads = {delimiter: list(islice(parse_lines(lines, delimiter), HEADING_WITHIN)) for delimiter in present}
    found = {delimiter: _find_heading(records, names, enough) for delimiter, records in heads.items()}
    delimiter = max(present, key=lambda each: _count_known(found[each], names))
    heading = found[delimiter]
    if heading is None:
        raise _unknown_heading(heads[find_delimiter(text) or present[0]], names)
    above = [record for record in heads[delimiter] if record.line < heading.line]
    end = heading.line + sum(cell.count("\n") for cell in heading.cells)
    width = len(without_blank_end(heading.cells))
    below = parse_lines(lines, delimiter, end, width)
    return replace(_build_table(above, heading, below, names, enough), delimiter=delimiter)


def read_rows(rows: Iterable[tuple[int, Sequence[str]]], known: Collection[str], enough: int = 1) -> Table:
    """Return the table in a sheet's rows, (line, cells as text). See `read_table`; short rows are filled up."""
    names = {fold_heading(name) for name in known}
    records: list[TableRow | LineNote] = [
        TableRow(line, stripped) for line, cells in rows if any(stripped := [cell.strip() for cell in cells])
    ]
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
    """Return a heading's small letters, digits and `%`: blanks, `_`, `<>`, `*`, dots and other signs do not matter.

    Nor does a currency in brackets at its end, as in `Close (GBP)`.
    """
    return _SIGNS.sub("", CURRENCY_IN_HEADING.sub("", text).casefold())


def _find_heading(records: Sequence[TableRow | LineNote], names: set[str], enough: int) -> TableRow | None:
    rows = (record for record in records if isinstance(record, TableRow))
    return next((row for row in rows if _count_known(row, names) >= max(enough, 1)), None)


def _count_known(row: TableRow | None, names: set[str]) -> int:
    return 0 if row is None else len({fold_heading(cell) for cell in row.cells} & names)


def _unknown_heading(records: Sequence[TableRow | LineNote], names: set[str]) -> TableError:
    """Return the error that names the cells of the line most like a heading: the first as long as most others."""
    rows = [
        record for record in records if isinstance(record, TableRow) and not _SEPARATOR_LINE.fullmatch(record.cells[0])
    ]
    if not records:
        return TableError("The file is empty.")
    if isinstance(records[0], LineNote):
        return TableError(f"Line {records[0].line} cannot be read: {UNREADABLE}.")
    if not rows:
        return TableError("The file is empty.")
    lengths = Counter(len(row.cells) for row in rows if len(row.cells) > 1)
    row = max(rows, key=lambda each: (_count_known(each, names), lengths[len(each.cells)]))
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
    titles = [record for record in above if isinstance(record, TableRow)]
    passed = [LineNote(row.line, "above the heading") for row in titles if not _SEPARATOR_LINE.fullmatch(row.cells[0])]
    builder = _TableBuilder(tuple(" ".join(cell.split()) for cell in without_blank_end(heading.cells)), names, enough)
    for record in below:
        if builder.is_ended:
            break
        if isinstance(record, LineNote):
            builder.broken.append(record)
        elif any(record.cells):
            builder.add_line(record)
    return Table(
        builder.headings,
        heading.line,
        tuple(builder.rows),
        above=tuple(titles),
        broken=tuple(builder.broken),
        passed=(*passed, *builder.passed),
    )


class _TableBuilder:
    """Sorts the lines below a heading into rows, broken lines, and lines that are no rows."""

    def __init__(self, headings: tuple[str, ...], names: set[str], enough: int) -> None:
        self.headings = headings
        self.rows: list[TableRow] = []
        self.broken: list[LineNote] = []
        self.passed: list[LineNote] = []
        self.is_ended = False
        self._width = len(headings)
        self._folded = [fold_heading(heading) for heading in headings]
        self._order: list[int] | None = None  # of the cells, below a heading in another order
        self._names = names
        self._enough = max(enough, 2)

    def add_line(self, record: TableRow) -> None:
        """Add a line that is not blank where it belongs."""
        line, cells = record
        if not cells[0][:1].isdigit() and self._add_furniture(line, cells):
            return
        if len(cells) != self._width and (len(cells) < self._width or any(cells[self._width :])):
            count = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
            self.broken.append(LineNote(line, f"{count} instead of {self._width}"))
        else:
            self.rows.append(record if self._order is None else TableRow(line, [cells[place] for place in self._order]))

    def _add_furniture(self, line: int, cells: Sequence[str]) -> bool:
        """Add a line that is no row; return whether it is one."""
        if cells[0].startswith(("#", "//")):
            self.passed.append(LineNote(line, "a comment"))
        elif self._is_total(cells):
            self.passed.append(LineNote(line, "a total"))
        elif self._is_heading(cells):
            self._add_heading(line, cells)
        else:
            return False
        return True

    def _is_total(self, cells: Sequence[str]) -> bool:
        label = next(cell for cell in cells if cell).rstrip(": ")
        if label.lower() not in _TOTALS:
            return False
        blank = self._width - len(cells) + sum(not cell for cell in cells)
        return not label.isupper() or 3 * blank >= self._width  # TOTAL in a full row is a stock of that name

    def _is_heading(self, cells: Sequence[str]) -> bool:
        """Return whether this line is this heading again, or that of another table."""
        if any(cell[:1].isdigit() for cell in cells):  # as in most rows, at less cost
            return fold_heading(cells[0]) == self._folded[0] and self._fold(cells) == self._folded
        return self._fold(cells) == self._folded or _count_known(TableRow(0, cells), self._names) >= self._enough

    def _add_heading(self, line: int, cells: Sequence[str]) -> None:
        """Add a heading as in joined files; one with the same columns in another order arranges the rows below it."""
        folded = self._fold(cells)
        if sorted(folded) == sorted(self._folded) and len(set(folded)) == len(folded):
            self._order = None if folded == self._folded else [folded.index(name) for name in self._folded]
            self.passed.append(LineNote(line, "the heading again"))
        elif folded == self._folded:
            self.passed.append(LineNote(line, "the heading again"))
        else:
            self.broken.append(LineNote(line, OTHER_HEADING))
            self.is_ended = True

    def _fold(self, cells: Sequence[str]) -> list[str]:
        return [fold_heading(cell) for cell in without_blank_end(cells)]


def _fill_row(record: TableRow | LineNote, width: int) -> TableRow | LineNote:
    if isinstance(record, LineNote) or len(record.cells) >= width:
        return record
    return TableRow(record.line, [*record.cells, *[""] * (width - len(record.cells))])
