"""Tables as files: what is in them, and that nothing in them comes alive."""

import csv
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO, StringIO

import pytest
from django.http import HttpResponse
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet
from pytest_django import Settings

from analysis.exports import FileFormat, spreadsheet

ALIVE = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://127.0.0.1/")']


def sheet_of(response: HttpResponse) -> Worksheet:
    sheet = load_workbook(BytesIO(response.content)).active
    assert isinstance(sheet, Worksheet)
    return sheet


def lines_of(response: HttpResponse) -> list[list[str]]:
    return list(csv.reader(StringIO(response.content.decode("utf-8-sig"), newline="")))


def test_a_workbook_keeps_the_type_of_every_cell(settings: Settings) -> None:
    settings.TIME_ZONE = "Asia/Kolkata"
    moment = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)
    row = ["TCS.NS", 12, -1.5, Decimal("2.25"), True, date(2026, 3, 2), moment, None, float("nan"), float("inf")]
    sheet = sheet_of(spreadsheet("list", "xlsx", [str(place) for place in range(10)], [row]))
    assert [cell.value for cell in sheet[2]] == [
        *["TCS.NS", 12, -1.5, 2.25, True],
        *[datetime(2026, 3, 2), datetime(2026, 3, 2, 16), None, None, None],  # noqa: DTZ001 a cell has no zone
    ]
    assert [cell.data_type for cell in sheet[2]] == ["s", "n", "n", "n", "b", "d", "d", "n", "n", "n"]
    assert (sheet["F2"].number_format, sheet["G2"].number_format) == ("yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss")


def test_headings_of_a_workbook_are_bold_and_stay_in_view_over_columns_that_fit() -> None:
    rows = [["TCS.NS", "a sentence " * 20], ["M&M.NS", "short"]]
    sheet = sheet_of(spreadsheet("list", "xlsx", ["Ticker", "Why"], rows))
    assert [cell.value for cell in sheet[1]] == ["Ticker", "Why"]
    assert all(cell.font.bold for cell in sheet[1])
    assert not sheet["A2"].font.bold
    assert sheet.freeze_panes == "A2"
    assert 8 <= sheet.column_dimensions["A"].width < 12
    assert 55 < sheet.column_dimensions["B"].width < 65


@pytest.mark.parametrize("text", [*ALIVE, "http://127.0.0.1/", "{=1}", "'quoted", "12", "", "₹ 1,23,456 – −2 %"])
def test_text_in_a_workbook_stays_the_text_that_it_is(text: str) -> None:
    cell = sheet_of(spreadsheet("list", "xlsx", ["Note"], [[text]]))["A2"]
    assert (cell.value or "").replace("_x000D_", "\r") == text
    assert cell.data_type == "s"
    assert cell.hyperlink is None


def test_a_comma_separated_file_is_read_by_excel_as_it_was_written() -> None:
    moment = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)
    row = ["TCS.NS", "₹, “quoted”\nand two lines", 12, -1.5, Decimal("2.25"), False, date(2026, 3, 2), moment, None]
    response = spreadsheet("list", "csv", ["A", "B", "C", "D", "E", "F", "G", "H", "I"], [row, [float("nan")]])
    assert response.content.startswith(b"\xef\xbb\xbfA,B")
    assert lines_of(response)[1:] == [
        [
            "TCS.NS",
            "₹, “quoted”\nand two lines",
            *"12 -1.5 2.25 FALSE 2026-03-02".split(),
            "2026-03-02 10:30:00+00:00",
            "",
        ],
        [""],
    ]


@pytest.mark.parametrize("text", ALIVE)
def test_text_in_a_comma_separated_file_never_starts_a_formula(text: str) -> None:
    assert lines_of(spreadsheet("list", "csv", [text], [[text], [-1]])) == [[f"'{text}"], [f"'{text}"], ["-1"]]


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_a_table_without_rows_has_its_headings(format: FileFormat) -> None:
    response = spreadsheet("list", format, ["Ticker", "Name"], iter([]))
    if format == "csv":
        assert lines_of(response) == [["Ticker", "Name"]]
    else:
        assert [[cell.value for cell in row] for row in sheet_of(response).rows] == [["Ticker", "Name"]]


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("My list", 'attachment; filename="My list.csv"'),
        ("../../etc/passwd", 'attachment; filename="etc-passwd.csv"'),
        ('a"b\r\nSet-Cookie: x=1', 'attachment; filename="a-b Set-Cookie- x=1.csv"'),
        ("निफ्टी", "attachment; filename*=utf-8''%E0%A4%A8%E0%A4%BF%E0%A4%AB%E0%A5%8D%E0%A4%9F%E0%A5%80.csv"),
        (" ... ", 'attachment; filename="export.csv"'),
        ("x" * 300, f'attachment; filename="{"x" * 100}.csv"'),
    ],
)
def test_a_download_has_a_name_that_every_system_can_store(name: str, header: str) -> None:
    assert spreadsheet(name, "csv", ["A"], [])["Content-Disposition"] == header


def test_a_download_says_what_it_is() -> None:
    assert spreadsheet("list", "csv", ["A"], [])["Content-Type"] == "text/csv; charset=utf-8"
    assert "spreadsheetml" in spreadsheet("list", "xlsx", ["A"], [])["Content-Type"]
