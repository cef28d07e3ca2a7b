"""Tables: a file's text, and its headings, rows and other lines."""

import pytest

from analysis.prices.delimited_text import UNREADABLE, TableError, decode
from analysis.prices.tables import Table, find_delimiter, fold_heading, read_rows, read_table

KNOWN = ("symbol", "name", "close price", "isin code")


def cells_of(table: Table) -> list[list[str]]:
    return [list(row.cells) for row in table.rows]


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        *[("utf-8", b""), ("utf-8-sig", b""), ("utf-16", b""), ("utf-16-le", b""), ("utf-16-be", b"")],
        *[("utf-16-be", b"\xfe\xff"), ("utf-32", b""), ("cp1252", b""), ("latin-1", b"")],
    ],
)
def test_text_is_decoded_whatever_its_encoding(encoding: str, mark: bytes) -> None:
    text = "symbol,name\r\nTCS,Société £ 5\r\n" * 9
    assert decode(mark + text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        *[(b"PK\x03\x04rest", "Excel workbook"), (b"\xd0\xcf\x11\xe0rest", "old Excel workbook"), (b"%PDF-1.7", "PDF")],
        *[(b"\x1f\x8b\x08", "compressed"), (b"a,b\n\x00\x01\x02", "not a text file"), (b"\xff\xfea", "damaged")],
        *[(b" <!DOCTYPE html><p>", "web page"), (b"<html>", "web page")],
    ],
)
def test_a_file_that_is_no_text_is_refused_by_its_kind(content: bytes, reason: str) -> None:
    with pytest.raises(TableError, match=reason):
        decode(content)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r", "\r\r\n"])
def test_delimiter_and_line_ends_are_found(delimiter: str, line_end: str) -> None:
    lines = [["Symbol", "Name", "Close Price"], ["TCS", "Tata", "1"], ["INFY", "Infosys", "2"]]
    table = read_table(line_end.join(delimiter.join(line) for line in lines), KNOWN)
    assert (table.headings, cells_of(table), table.delimiter) == (tuple(lines[0]), lines[1:], delimiter)


def test_commas_within_numbers_do_not_hide_semicolons() -> None:
    table = read_table("Symbol;Close Price;Open\nA;1,5;2,5\nB;1,6;2,6\nC;1,7;2,7\n", KNOWN)
    assert cells_of(table)[0] == ["A", "1,5", "2,5"]


@pytest.mark.parametrize(
    "heading", ["SYMBOL", " symbol ", "<SYMBOL>", "Symbol*", "Sym_bol", "Sym bol", "sym.bol", '"Symbol"', "'Symbol"]
)
def test_a_headings_spelling_does_not_matter(heading: str) -> None:
    assert read_table(f"{heading},x\nTCS,1", KNOWN).find_column("symbol") == 0
    assert fold_heading("Change %") != fold_heading("Change")


def test_of_several_headings_for_a_column_the_first_alias_counts() -> None:
    table = read_table("Last,Close Price,Symbol,Symbol\n1,2,A,B", KNOWN)
    assert table.find_column("close price", "last") == 1
    assert table.find_column("symbol") == 2
    assert table.find_column("isin code") is None
    assert table.cells_of(2) == ["A"]


def test_lines_above_the_heading_comments_and_totals_are_named_and_no_rows() -> None:
    text = (
        "sep=;\nMy holdings\n\nSymbol;Name;Close\nA;x;1\nsymbol;NAME;close\n# half\nB;y;2\n;;\nTotal;;3\nGrand Total\n"
    )
    table = read_table(text, KNOWN, 2)
    assert [(row.line, list(row.cells)) for row in table.rows] == [(5, ["A", "x", "1"]), (8, ["B", "y", "2"])]
    assert [note.line for note in table.passed] == [2, 6, 7, 10, 11]
    assert (table.line, table.broken) == (4, ())


def test_a_stock_of_the_name_total_is_a_row() -> None:
    assert cells_of(read_table("Symbol,Name\nTOTAL,Total Transport", KNOWN)) == [["TOTAL", "Total Transport"]]


def test_a_heading_in_another_order_arranges_the_rows_below_it() -> None:
    table = read_table("Symbol,Name,Close Price\nA,x,1\nName,Close Price,Symbol\ny,2,B", KNOWN)
    assert cells_of(table) == [["A", "x", "1"], ["B", "y", "2"]]


def test_a_heading_with_other_columns_ends_the_table_and_is_named() -> None:
    table = read_table("Symbol,Name\nA,x\nISIN Code,Symbol,Close Price\nINE,B,2", KNOWN)
    assert cells_of(table) == [["A", "x"]]
    assert [note.line for note in table.broken] == [3]


def test_a_broken_line_takes_no_other_with_it() -> None:
    text = f'Symbol,Name\n"A,x\nB,y\nC\nD,z,more\nE,{"9" * 200_000}\nF,u\n'
    table = read_table(text, KNOWN)
    assert cells_of(table) == [["B", "y"], ["F", "u"]]
    reasons = [UNREADABLE, "1 cell instead of 2", "3 cells instead of 2", UNREADABLE]
    assert [(note.line, note.reason) for note in table.broken] == list(zip([2, 4, 5, 6], reasons, strict=True))


def test_a_quoted_cell_may_hold_line_ends_delimiters_and_quotation_marks() -> None:
    table = read_table('Symbol,Name\nA,"Tata\nSons, ""X"" Ltd"\nB,5" pipe\nC,"D" Ltd\n', KNOWN)
    assert [(row.line, row.cells[1]) for row in table.rows] == [
        *[(2, 'Tata\nSons, "X" Ltd'), (4, '5" pipe'), (5, "D Ltd")],
    ]


def test_blank_cells_at_the_end_of_lines_do_not_count() -> None:
    assert cells_of(read_table("Symbol,Name,,\nA,x\nB,y,,,\n", KNOWN)) == [["A", "x"], ["B", "y", "", "", ""]]


@pytest.mark.parametrize("text", ["", "\n\n", " \n"])
def test_an_empty_text_is_said_to_be_empty(text: str) -> None:
    with pytest.raises(TableError, match="empty"):
        read_table(text, KNOWN)


def test_a_table_without_a_known_heading_names_the_headings_it_has() -> None:
    with pytest.raises(TableError, match=r"line 2 has: Instrument, Qty\.") as caught:
        read_table("Holdings, of 2026\nInstrument;Qty.\nTCS;5\n", KNOWN)
    assert caught.value.headings == ("Instrument", "Qty.")


def test_a_sheets_rows_are_a_table_too() -> None:
    rows = [(1, ["", "Holdings"]), (4, ["Symbol", "Name", "Close", ""]), (5, ["A", " x "]), (7, ["Total", "", "9"])]
    table = read_rows(rows, KNOWN)
    assert (table.line, cells_of(table)) == (4, [["A", "x", ""]])
    assert [note.line for note in table.passed] == [1, 7]


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [("a;b\n1;2", ";"), ("a,b\n1,2\n", ","), ("TCS, INFY\nWIPRO\n", None), ("TCS\nINFY", None), ("a|b|c\n1|2|3", "|")],
)
def test_lines_with_the_same_number_of_delimiters_are_a_table(text: str, delimiter: str | None) -> None:
    assert find_delimiter(text) == delimiter


def test_blank_rows_of_a_sheet_are_passed_over() -> None:
    table = read_rows([(1, []), (2, ["", ""]), (3, ["Ticker", "Name"]), (4, []), (5, ["A", "b"])], ["ticker"])
    assert [(row.line, row.cells) for row in table.rows] == [(5, ["A", "b"])]
    blank: list[list[tuple[int, list[str]]]] = [[], [(1, [])], [(1, ["", " "])]]
    for empty in blank:
        with pytest.raises(TableError, match="The file is empty"):
            read_rows(empty, ["ticker"])
