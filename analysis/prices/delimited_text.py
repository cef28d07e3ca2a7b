"""Delimited text: a file's bytes as text, and its lines as cells, each line alone."""

import csv
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

UNREADABLE = "a cell is too long, or a quotation mark is not closed"
"""The reason of any csv.Error in plain words; its own text is about field limits."""
CELL_LINES = 40  # that a quoted cell may run over
CELL_LETTERS = csv.field_size_limit()

BYTE_ORDER_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32-le"),  # before UTF-16, whose mark is its beginning
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
OTHER_KINDS = (
    (b"PK\x03\x04", "This is an Excel workbook or a ZIP file: save the sheet as CSV, or unpack the file."),
    (b"\xd0\xcf\x11\xe0", "This is an old Excel workbook (XLS): save the sheet as CSV."),
    (b"%PDF", "This is a PDF file: download the table as CSV instead."),
    (b"\x1f\x8b", "This is a compressed file (GZIP): unpack it."),
    (b"PAR1", "This is a Parquet file: save the table as CSV."),
)
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f]")
_WEB_PAGE = re.compile(r"\s*<(!doctype|html|\?xml|table|head|body)\b", re.IGNORECASE)


class TableError(Exception):
    """A file or text that cannot be read as a table; the message is one or two sentences for the user.

    `headings` are the cells of the line most like a heading, if no known heading was found.
    """

    def __init__(self, message: str, headings: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.headings = tuple(headings)


class TableRow(NamedTuple):
    """A row: the number of its first line, from 1, and its cells without surrounding blanks."""

    line: int
    cells: Sequence[str]


class LineNote(NamedTuple):
    """A line that is no row, and the reason or kind in a few words."""

    line: int
    reason: str


def decode(content: bytes) -> str:
    """Return a file's text: UTF-8, UTF-16 or UTF-32 with and without a byte order mark, else Windows-1252 or Latin-1.

    Raise TableError for a file that is not text; the message says which kind it is and what to do.
    """
    for signature, message in OTHER_KINDS:
        if content.startswith(signature):
            raise TableError(message)
    text = _decode_text(content).rstrip("\x1a")  # which ends some files of DOS
    if _CONTROLS.search(text):
        raise TableError("This is not a text file: save the table as CSV.")
    if _WEB_PAGE.match(text):
        raise TableError("This is a web page and not a table: download the CSV file itself, or save the table as CSV.")
    return text


def split_lines(text: str) -> list[str]:
    """Return the lines of a text with line ends of Unix, Windows (also doubled by mistake) or the old Macintosh."""
    return text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n").split("\n")


def parse_lines(
    lines: list[str], delimiter: str, start: int = 0, width: int | None = None
) -> Iterator[TableRow | LineNote]:
    """Yield the lines after the first `start` that are not blank, each parsed alone.

    Only a quoted cell may run over a few lines, if it is closed then and the row has `width` cells (None: any number).
    """
    blank, index = f"{delimiter} \t", start
    while index < len(lines):
        line, number = lines[index], index + 1
        index += 1
        if '"' not in line and len(line) <= CELL_LETTERS:
            if line.strip(blank):
                yield TableRow(number, [cell.strip() for cell in line.split(delimiter)])
            continue
        record, used = _parse_quoted(lines, number, delimiter, width)
        index += used - 1
        yield record


def count_cells(line: str, delimiter: str) -> int:
    """Return the number of a line's cells; 0 if it cannot be parsed."""
    try:
        return len(next(csv.reader([line], delimiter=delimiter), []))
    except csv.Error:
        return 0


def without_blank_end(cells: Sequence[str]) -> Sequence[str]:
    """Return the cells without the blank ones at the end."""
    length = len(cells)
    while length and not cells[length - 1].strip():
        length -= 1
    return cells[:length]


def _decode_text(content: bytes) -> str:
    wide = next(((encoding, len(mark)) for mark, encoding in BYTE_ORDER_MARKS if content.startswith(mark)), None)
    encoding, start = wide or (_guess_wide_encoding(content[:4000]), 0)
    if encoding:
        try:
            return content[start:].decode(encoding).removeprefix("\ufeff")
        except UnicodeDecodeError:
            raise TableError("This text in UTF-16 is damaged: save it again as CSV in UTF-8.") from None
    content = content.removeprefix(b"\xef\xbb\xbf")
    for encoding in ("utf-8", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def _guess_wide_encoding(sample: bytes) -> str:
    """Return UTF-16's variant if most of every second byte is zero, as in Latin letters and digits; else nothing."""
    pairs = len(sample) // 2
    first, second = sample[0::2].count(0), sample[1::2].count(0)
    if pairs < 4 or max(first, second) < 0.6 * pairs or min(first, second) > 0.05 * pairs:
        return ""
    return "utf-16-le" if second > first else "utf-16-be"


def _parse_quoted(lines: list[str], number: int, delimiter: str, width: int | None) -> tuple[TableRow | LineNote, int]:
    """Return the row that begins at line `number`, and the number of its lines."""
    try:
        for used in range(1, CELL_LINES + 1):
            part = "\n".join(lines[number - 1 : number - 1 + used])
            if (cells := _parse_closed(part, delimiter)) is None:
                continue
            cells = [cell.strip(" \t") for cell in cells]
            if used == 1 or width is None or len(without_blank_end(cells)) <= width <= len(cells):
                return TableRow(number, cells if used > 1 else [cell.strip() for cell in cells]), used
    except csv.Error:
        pass
    if lines[number - 1].lstrip().startswith("#"):
        return TableRow(number, [lines[number - 1].strip()]), 1
    return LineNote(number, UNREADABLE), 1


def _parse_closed(part: str, delimiter: str) -> list[str] | None:
    """Return the cells of one or more lines; None if a quotation mark is open at their end.

    Raise csv.Error for a cell that is too long, and for several lines that are no single row.
    """
    try:
        return next(csv.reader([part], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            return None
        if "\n" in part:
            raise
        return next(csv.reader([part], delimiter=delimiter), [])  # a quotation mark within a cell, as in "A" Ltd
