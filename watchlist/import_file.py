"""Import file: the text of an uploaded file, and of a workbook the sheet that is read."""

from __future__ import annotations

import csv
from io import StringIO
from typing import NamedTuple

from analysis.prices.delimited_text import TableError, decode
from analysis.prices.workbooks import XLSX, SheetRows, choose_sheet, read_sheets
from watchlist.import_text import KNOWN_COLUMNS, MOST_BYTES, UnreadableText


class ImportFile(NamedTuple):
    """The text of a file, which may be a sheet; `note` is a sentence about sheets of a workbook that are not read."""

    text: str
    note: str = ""
    is_sheet: bool = False


def read_file(content: bytes) -> ImportFile:
    """Return the text of an uploaded file; of a workbook, the sheet with tickers as CSV. Raise UnreadableText."""
    if len(content) > MOST_BYTES:
        raise UnreadableText(f"The file is larger than {MOST_BYTES // 1000} KB; split it into smaller ones.")
    try:
        if not content.startswith(XLSX):
            return ImportFile(decode(content))
        sheet = choose_sheet(read_sheets(content), KNOWN_COLUMNS)
    except TableError as error:
        raise UnreadableText(error.message) from None
    return ImportFile(_format_rows(sheet.rows), sheet.note, is_sheet=True)


def _format_rows(rows: SheetRows) -> str:
    """Return a sheet's rows as CSV with the same lines."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    cells_by_line = dict(rows)
    for line in range(1, max(cells_by_line, default=0) + 1):
        writer.writerow(cells_by_line.get(line, []))
    return text.getvalue()
