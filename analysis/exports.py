"""Exports: tables as CSV and Excel files that are safe to open, whatever their cells contain."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Literal

from django.http import HttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

FileFormat = Literal["csv", "xlsx"]

CONTENT_TYPES: dict[FileFormat, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
# A cell begins at the start of a text, and after each character at which some spreadsheet splits a CSV file.
# Spreadsheets ignore spaces, quotes and zero-width characters before a sign, and accept its full-width and other forms.
# Each run of ignored characters is matched once, with a possessive quantifier, so that no text takes quadratic time.
IGNORED = r"""[\s\x00-\x1f\x7f-\x9f"'\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"""
SIGNS = frozenset("=+-@＝＋－＠﹦﹢﹣﹫⁼⁺⁻₌₊₋")
RUN = re.compile(rf"(\A|[;|]|(?={IGNORED}))({IGNORED}*+)([{re.escape(''.join(SIGNS))}])?")
BREAK = re.compile(r"[\t\r\n]")
GUARDED_BREAK = re.compile(r"([\t\r\n])'")
WIDTH_LIMITS = (8, 60)
NAME_LENGTH = 100


def spreadsheet(
    name: str, format: FileFormat, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> HttpResponse:
    """Return a download called `name`, with one line of headings and then the rows.

    Numbers, dates, times and booleans keep their type; what is None or not a number is an empty cell; everything else
    is text, and stays text: a cell never becomes a formula or a link. Times are in the installation's time zone.
    """
    content = _write_xlsx(columns, rows) if format == "xlsx" else _write_csv(columns, rows)
    disposition = content_disposition_header(as_attachment=True, filename=f"{file_name(name)}.{format}")
    return HttpResponse(
        content, content_type=CONTENT_TYPES[format], headers={"Content-Disposition": disposition or "attachment"}
    )


def rounded(value: float | None, digits: int) -> float | None:
    """Return a number for a cell, without insignificant digits."""
    return None if value is None else round(value, digits)


def file_name(name: str) -> str:
    """Return the name without a path and without characters that some system does not allow in file names."""
    printable = "".join(letter if letter.isprintable() else " " for letter in name)
    words = re.sub(r'[/\\:*?"<>|]+', "-", printable).split()
    return " ".join(words)[:NAME_LENGTH].strip(" .-") or "export"


def _write_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return the table as UTF-8 with a byte order mark, without which Excel reads ₹ as three letters."""
    text = StringIO(newline="")
    lines = csv.writer(text)
    lines.writerow([_guard_formulas(column) for column in columns])
    lines.writerows([_csv_cell(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _csv_cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "TRUE" if value else "FALSE"
        case float() | Decimal() if not math.isfinite(value):
            return ""
        case int() | float() | Decimal():
            return format(value)
        case datetime():
            return (timezone.localtime(value) if timezone.is_aware(value) else value).isoformat(" ", "seconds")
        case date():
            return value.isoformat()
    return _guard_formulas(str(value))


def plain_text(cell: str) -> str:
    """Return the text of a cell from a CSV file, without the apostrophes that an export added."""
    return RUN.sub(_remove_guards, cell)


def _guard_formulas(text: str) -> str:
    """Return the text with an apostrophe before each place at which a spreadsheet would read a formula."""
    return text if SIGNS.isdisjoint(text) else RUN.sub(_insert_guards, text)


def _insert_guards(run: re.Match[str]) -> str:
    begin, ignored, sign = run.groups()
    if not sign:
        return run[0]
    guard = "'" if begin or run.start() == 0 else ""
    return begin + guard + BREAK.sub(r"\g<0>'", ignored) + sign


def _remove_guards(run: re.Match[str]) -> str:
    begin, ignored, sign = run.groups()
    if not sign:
        return run[0]
    if begin or run.start() == 0:
        ignored = ignored.removeprefix("'")
    return begin + GUARDED_BREAK.sub(r"\1", ignored) + sign


def _write_xlsx(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return the table as a workbook; rows are written to disk one by one, so that a long table needs little memory."""
    content = BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(content, options) as book:
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        write = _cell_writer(book, sheet)
        bold = book.add_format({"bold": True})
        widths = [len(column) for column in columns]
        for place, column in enumerate(columns):
            sheet.write_string(0, place, column, bold)
        for line, row in enumerate(rows, start=1):
            for place, value in enumerate(row):
                widths[place] = max(widths[place], write(line, place, value))
        for place, width in enumerate(widths):
            sheet.set_column(place, place, min(max(width + 2, WIDTH_LIMITS[0]), WIDTH_LIMITS[1]))
    return content.getvalue()


def _cell_writer(book: Workbook, sheet: Worksheet) -> Callable[[int, int, object], int]:
    """Return a function that writes one cell by its type and returns how many letters it shows."""
    day: Format = book.add_format({"num_format": "yyyy-mm-dd"})
    moment: Format = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})

    def write(line: int, place: int, value: object) -> int:
        match value:
            case None:
                return 0
            case bool():
                sheet.write_boolean(line, place, value)
                return 5
            case int() | float() | Decimal():
                if not math.isfinite(value):
                    return 0
                sheet.write_number(line, place, value)
                return min(len(format(value)), 12)
            case datetime():
                sheet.write_datetime(
                    line, place, timezone.make_naive(value) if timezone.is_aware(value) else value, moment
                )
                return 19
            case date():
                sheet.write_datetime(line, place, value, day)
                return 10
        text = str(value)
        sheet.write_string(line, place, text)
        return len(text)

    return write
