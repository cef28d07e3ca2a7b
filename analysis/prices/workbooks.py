"""Workbooks: the sheets of an XLSX file as rows of text, within bounds that no upload can exceed."""

import math
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from analysis.prices.delimited_text import TableError, without_blank_end
from analysis.prices.tables import read_rows

type SheetRows = list[tuple[int, list[str]]]

XLSX = b"PK\x03\x04"
MOST_UNPACKED = 20_000_000  # bytes of all parts together, of which a ZIP file declares each
MOST_PARTS = 500
MOST_SHEETS = 20
MOST_ROWS, MOST_COLUMNS = 10_000, 200
_DAMAGED = (
    BadZipFile, InvalidFileException, ParseError, zlib.error, KeyError, ValueError, TypeError, AttributeError,
    IndexError, EOFError, OSError, NotImplementedError, RuntimeError,
)  # fmt: skip


def read_sheets(content: bytes) -> dict[str, SheetRows]:
    """Return the rows of each sheet of an XLSX file by its name, each with its line and cells as text.

    Blank rows are left out. Values of formulas are those that were computed last. Raise TableError for a file that is
    damaged, no workbook, or larger than the bounds.
    """
    try:
        _check_size(content)
        book = load_workbook(BytesIO(content), read_only=True, data_only=True, keep_links=False)
        try:
            return {sheet.title: list(_read_rows(sheet)) for sheet in book.worksheets[:MOST_SHEETS]}
        finally:
            book.close()
    except _DAMAGED:
        raise TableError("This Excel workbook cannot be read: save the sheet as CSV, and use that.") from None


@dataclass(frozen=True, slots=True)
class ChosenSheet:
    """The sheet of a workbook that is read, and the names of others that have a table as well."""

    name: str
    rows: SheetRows
    others: tuple[str, ...]

    @property
    def note(self) -> str:
        """Return a sentence about the others, empty if there is none."""
        names = ", ".join(f"“{name}”" for name in self.others)
        are = "is" if len(self.others) == 1 else "are"
        return f"Sheet “{self.name}” is read, {names} {are} not. Save another sheet as CSV to read it." if names else ""


def choose_sheet(sheets: dict[str, SheetRows], known: Collection[str]) -> ChosenSheet:
    """Return the first sheet with a table that has one of the known headings, else the first with any cells."""
    filled = {name: rows for name, rows in sheets.items() if rows}
    names = [name for name, rows in filled.items() if _has_table(rows, known)]
    name = next(iter(names or filled), "")
    return ChosenSheet(name, filled.get(name, []), tuple(names[1:]))


def _has_table(rows: SheetRows, known: Collection[str]) -> bool:
    try:
        return bool(read_rows(rows, known).rows)
    except TableError:
        return False


def _check_size(content: bytes) -> None:
    with ZipFile(BytesIO(content)) as archive:
        parts = archive.infolist()
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise TableError("This Excel workbook is too large: save the sheet that is needed as CSV, and use that.")


def _read_rows(sheet: object) -> Iterator[tuple[int, list[str]]]:
    sheet.reset_dimensions()  # type: ignore[attr-defined]  # some programs write wrong ones
    rows = sheet.iter_rows(max_row=MOST_ROWS + 1, max_col=MOST_COLUMNS, values_only=True)  # type: ignore[attr-defined]
    for line, values in enumerate(rows, start=1):
        if all(value is None for value in values):
            continue
        cells = list(without_blank_end([_cell_text(value) for value in values]))
        if cells:
            if line > MOST_ROWS:
                raise TableError(f"A sheet of this workbook has more than {MOST_ROWS:,} rows: split it.")
            yield line, cells


def _cell_text(value: object) -> str:
    """Return a cell's value as text; a whole number without a fraction, so that 500325 stays a code."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).upper()
        case float() if math.isfinite(value) and value.is_integer():
            return str(int(value))
        case datetime() | date():
            return value.isoformat()
    return str(value).strip()
