"""Workbooks for tests."""

from collections.abc import Sequence
from io import BytesIO

from openpyxl import Workbook


def make_workbook(**sheets: Sequence[Sequence[object]]) -> bytes:
    """Return the XLSX file of these sheets, each with its rows."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    content = BytesIO()
    book.save(content)
    return content.getvalue()
