"""Tables as files: what is in them, and that nothing in them comes alive."""

import csv
import time
import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO, StringIO

import pytest
from django.http import HttpResponse
from hypothesis import example, given
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet
from pytest_django import Settings

from analysis.exports import FileFormat, plain_text, spreadsheet

ALIVE = ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://127.0.0.1/")']
ALIVE += ["＝1＋1", "＋1", "－1", "＠SUM(A1)", "﹦1", "﹢1", "﹣1", "﹫SUM(A1)", "⁼1", "₊1"]
SEPARATED = [f"note{separator}=1+1" for separator in ";\t|\r\n"]
DISGUISED = [f"{start}=1+1" for start in ("\t", "\r", "\n", " ", "\u3000", '"', "'", '";"', "; ", ';"', "|\t", "\n\n")]
DISGUISED += [
    f"{start}=1+1" for start in ("\u200b", "\ufeff", "\u00a0", "\u2060 ", "\u202e", "\u00ad", "\x7f", ";\u200b")
]
HOSTILE = st.text(alphabet="=+-@＝＋－＠﹣﹦⁼\u200b\ufeff;|\t\r\n \"',a1", max_size=12)


def sheet_of(response: HttpResponse) -> Worksheet:
    sheet = load_workbook(BytesIO(response.content)).active
    assert isinstance(sheet, Worksheet)
    return sheet


def lines_of(response: HttpResponse, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(StringIO(response.content.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def formulas_in(response: HttpResponse, delimiter: str) -> list[str]:
    """The cells that a spreadsheet with this delimiter may run: a sign first, past what is unseen, and no number."""
    cells = [cell for line in lines_of(response, delimiter) for cell in line]
    return [cell for cell in cells if first_seen(cell) in tuple("=+-@") and cell != "-3.5"]


def first_seen(cell: str) -> str:
    """The first letter in its usual form, past blanks, quotes, control characters and those without width."""
    letters = unicodedata.normalize("NFKC", cell)
    unseen = {"Cc", "Cf", "Zs", "Zl", "Zp"}
    return next((one for one in letters if one != '"' and unicodedata.category(one) not in unseen), "")


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


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_no_cell_is_a_formula_wherever_a_spreadsheet_splits_the_lines(delimiter: str) -> None:
    rows = [["TCS.NS", text, -3.5, text] for text in [*ALIVE, *SEPARATED, *DISGUISED]]
    rows += [[text, -3.5, f"{text},{text}", f'"{text}"'] for text in [*ALIVE, *SEPARATED, *DISGUISED]]
    response = spreadsheet("list", "csv", [*ALIVE, *SEPARATED, *DISGUISED], rows)
    assert formulas_in(response, delimiter) == []
    assert "-3.5" in {cell for line in lines_of(response) for cell in line}


@given(st.lists(HOSTILE, min_size=3, max_size=3))
@example(["x;", "=1", "="])
def test_no_text_whatever_makes_a_formula_under_any_separator(texts: list[str]) -> None:
    first, second, third = texts
    response = spreadsheet("list", "csv", [first, second], [[first, second, -3.5, third], [third, -3.5, second]])
    assert {delimiter: formulas_in(response, delimiter) for delimiter in ",;\t|"} == {key: [] for key in ",;\t|"}


@given(HOSTILE)
def test_text_from_a_comma_separated_file_is_read_back_as_it_was(text: str) -> None:
    ((cell,),) = lines_of(spreadsheet("list", "csv", [text or "a"], []))
    assert plain_text(cell) == (text or "a")


@pytest.mark.parametrize("text", ["RSI 14 rose; MACD turned up", "−2 % today, -3 before", "A-B; C = D", "50 | 60"])
def test_ordinary_sentences_in_a_comma_separated_file_stay_as_they_are(text: str) -> None:
    assert lines_of(spreadsheet("list", "csv", ["Why"], [[text]]))[1] == [text]


@pytest.mark.parametrize("text", ["x" + "\t'" * 100_000 + "x", "x" + "\t'" * 100_000 + "=1"])
def test_no_text_takes_more_than_linear_time(text: str) -> None:
    """An import reads cells of a user's file: a quadratic pattern would hold the web process for minutes."""
    started = time.process_time()
    assert plain_text(text)
    spreadsheet("Texts", "csv", ["text"], [[text]])
    assert time.process_time() - started < 2


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
