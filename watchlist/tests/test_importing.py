from __future__ import annotations

import csv
from contextlib import suppress
from datetime import date, datetime
from io import BytesIO, StringIO
from typing import TYPE_CHECKING

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from analysis.models import Job, Stock
from analysis.prices.tickers import is_well_formed
from analysis.tests.make import make_rating, make_result, make_stock
from watchlist import import_text, services
from watchlist.import_file import read_file
from watchlist.import_text import UnreadableText
from watchlist.importing import read
from watchlist.tests.make import make_list, tickers_of, url

if TYPE_CHECKING:
    from stockapp.accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("tcs.ns, INFY.NS;AAPL\tMSFT\n\nM&M.NS", ["TCS.NS", "INFY.NS", "AAPL", "MSFT", "M&M.NS"]),
        ("###BANKS,NSE:SBIN,NSE:HDFCBANK,NASDAQ:AAPL,BSE:500325", ["SBIN.NS", "HDFCBANK.NS", "AAPL", "500325.BO"]),
        ("\ufeffTicker,Name\r\nTCS.NS,Tata\r\nAAPL,Apple\r\n", ["TCS.NS", "AAPL"]),
        ("Symbol;Notes\nAAPL;one\n", ["AAPL"]),
        ("SYMBOL,NAME OF COMPANY,SERIES\n20MICRONS,20 Microns,EQ\n", ["20MICRONS.NS"]),
        ('"AAPL" "MSFT"', ["AAPL", "MSFT"]),
    ],
)
def test_tickers_are_read_from_what_people_have(text: str, notes: list[str]) -> None:
    reading = read(text, default="US")
    assert list(reading.notes) == notes
    assert not reading.problems


def test_a_table_brings_its_notes() -> None:
    reading = read('Name,Ticker,Note\nTata,TCS.NS,"results, Friday"\nApple,AAPL,\'=safe\n,,\n', default="US")
    assert reading.notes == {"TCS.NS": "results, Friday", "AAPL": "=safe"}


def test_what_came_twice_what_is_no_ticker_and_what_was_cut_is_told() -> None:
    reading = read(f"ticker,note\nTCS.NS,{'x' * 201}\ntcs.ns,\nTCS.NS,\nnot a ticker,\n<b>,\n,orphan\n")
    assert reading.repeated == ["TCS.NS"]
    assert reading.cut == ["TCS.NS"]
    assert [(problem.line, problem.text) for problem in reading.problems] == [
        (5, "not a ticker"),
        (6, "<b>"),
        (7, ",orphan"),
    ]


@pytest.mark.parametrize("text", ["", "  \n ", "ticker,note\n"])
def test_a_text_without_anything_is_refused(text: str) -> None:
    with pytest.raises(UnreadableText, match="no ticker"):
        read(text)


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    with suppress(UnreadableText):
        assert all(is_well_formed(ticker) for ticker in read(text).notes)


def test_a_preview_tells_what_is_known_unknown_and_there_and_adds_nothing(client: Client, ann: User) -> None:
    make_stock("INFY.NS", name="Infosys")
    watchlist = make_list(ann, "TCS.NS")
    answer = client.post(url("import", watchlist), {"text": "TCS.NS INFY.NS NEW.NS INFY.NS ???"})
    text = " ".join(answer.text.split())
    assert answer.status_code == 200
    assert "2 stocks can be added, 1 of them not known here yet" in text
    assert "1 stock is on the list already: TCS.NS" in text
    assert "named more than once, and added once: INFY.NS" in text
    assert "line 1: “???”" in text
    assert "Infosys" in text
    assert tickers_of(watchlist) == ["TCS.NS"]
    assert not Stock.objects.filter(pk="NEW.NS").exists()


def test_what_is_ticked_is_added_with_its_note_and_analysed_for_the_first_time(client: Client, ann: User) -> None:
    make_result(make_stock("OLD.NS"))
    watchlist = make_list(ann, "A.NS")
    text = "ticker,note\nNEW.NS,mine\nLEFT.NS,\nOLD.NS,\n"
    form = {"text": text, "tickers": ["NEW.NS", "OLD.NS"], "analyse": "on"}
    answer = client.post(url("confirm_import", watchlist), form, follow=True)
    assert "2 stocks are on “Mine” now." in answer.text
    assert tickers_of(watchlist) == ["A.NS", "NEW.NS", "OLD.NS"]
    assert watchlist.items.get(stock="NEW.NS").note == "mine"
    job = Job.objects.get(requested_by=ann)
    assert list(job.details.values_list("stock_id", flat=True)) == ["NEW.NS"]


def test_an_import_may_leave_the_analysis_for_later(client: Client, ann: User) -> None:
    client.post(url("confirm_import", make_list(ann)), {"text": "NEW.NS", "tickers": ["NEW.NS"]})
    assert not Job.objects.exists()


def test_a_thousand_stocks_can_be_ticked_at_once(client: Client, ann: User) -> None:
    tickers = [f"T{n}.NS" for n in range(1_000)]
    watchlist = make_list(ann)
    form = {"text": " ".join(tickers), "tickers": tickers}
    assert client.post(url("confirm_import", watchlist), form).status_code == 302
    assert tickers_of(watchlist) == tickers


def test_importing_twice_adds_once(client: Client, ann: User) -> None:
    watchlist = make_list(ann)
    for _ in range(2):
        answer = client.post(url("confirm_import", watchlist), {"text": "A.NS B.NS", "tickers": ["A.NS", "B.NS"]})
        assert answer.status_code == 302
    assert tickers_of(watchlist) == ["A.NS", "B.NS"]


def test_with_nothing_ticked_the_preview_stays(client: Client, ann: User) -> None:
    answer = client.post(url("confirm_import", make_list(ann)), {"text": "A.NS"})
    assert answer.status_code == 422
    assert "Tick at least one stock." in answer.text
    assert 'value="A.NS"' in answer.text


def test_an_import_beyond_the_list_s_limit_adds_nothing_and_keeps_the_text(
    client: Client, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "MOST_STOCKS", 2)
    watchlist = make_list(ann, "A.NS")
    answer = client.post(url("confirm_import", watchlist), {"text": "B.NS C.NS", "tickers": ["B.NS", "C.NS"]})
    assert answer.status_code == 422
    assert "A list holds 2 stocks; “Mine” has 1 already." in answer.text
    assert "B.NS C.NS" in answer.text
    assert tickers_of(watchlist) == ["A.NS"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\x89PNG\r\n\x1a\n\xff\xfe\x00", "not a text file"),
        (b"PK\x03\x04\x14\x00", "This Excel workbook cannot be read"),
        (b"TCS.NS\0INFY.NS", "not a text file"),
        (b"", "no ticker"),
        (b"A.NS\n" * 100_001, "larger than 500 KB"),
        (b"\n".join(b"T%d.NS" % n for n in range(1001)), "1,001 tickers are too many at once; the limit is 1,000."),
        (
            b"ticker\n" + b'"' + b"x" * 200_000 + b'"\n',
            "There is no ticker in it. Line 2: a cell is too long, or a quotation mark is not closed.",
        ),
        (
            b"ticker," + b"x" * 200_000 + b"\nTCS.NS,\n",
            "cannot be read: a cell is too long, or a quotation mark is not closed.",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_words_and_the_text_stays(
    client: Client, ann: User, content: bytes, problem: str
) -> None:
    watchlist = make_list(ann)
    file = SimpleUploadedFile("list.csv", content, content_type="text/csv")
    answer = client.post(url("import", watchlist), {"text": "KEPT.NS", "file": file})
    assert answer.status_code == 422
    assert problem in answer.text
    assert not watchlist.items.exists()


def test_a_file_comes_before_the_text(client: Client, ann: User) -> None:
    file = SimpleUploadedFile("list.csv", "\ufeffticker\nFILE.NS\n".encode())
    text = client.post(url("import", make_list(ann)), {"text": "TEXT.NS", "file": file}).text
    assert 'value="FILE.NS"' in text
    assert 'value="TEXT.NS"' not in text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "Paste some tickers, or choose a file."),
        ("x" * (import_text.MOST_BYTES + 1), "The text is longer than 500,000 letters"),
        ("A.NS\0", "Null characters are not allowed."),
    ],
)
def test_a_text_that_cannot_be_used_is_refused_in_words(client: Client, ann: User, text: str, problem: str) -> None:
    answer = client.post(url("import", make_list(ann)), {"text": text})
    assert answer.status_code == 422
    assert problem in answer.text


def test_an_export_has_the_rows_that_are_shown_in_their_order(client: Client, ann: User) -> None:
    make_result(make_stock("A.NS"), score=0.25, why="=HYPERLINK()")
    make_result(make_stock("B.NS"), score=0.5)
    watchlist = make_list(ann, "A.NS", "B.NS", "C.NS")
    watchlist.items.filter(stock="A.NS").update(note="-1+cmd")
    answer = client.get(url("export_csv", watchlist) + "?sort=-score&verdict=buy")
    assert 'filename="Mine.csv"' in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["Ticker"] for row in rows] == ["B.NS", "A.NS"]
    assert (rows[1]["Score"], rows[1]["Close"], rows[1]["Change %"], rows[1]["Quantity"]) == (
        "25.0",
        "100.0",
        "2.0408",
        "200",
    )
    assert (rows[1]["Why"], rows[1]["Note"]) == ("'=HYPERLINK()", "'-1+cmd")
    sheet = load_workbook(BytesIO(client.get(url("export_xlsx", watchlist) + "?sort=-score").content)).active
    assert sheet is not None
    lines = [list(line) for line in sheet.iter_rows(values_only=True)]
    assert [line[0] for line in lines] == ["Ticker", "B.NS", "A.NS", "C.NS"]
    assert lines[2][lines[0].index("Note")] == "-1+cmd"
    assert lines[2][lines[0].index("Entry")] == 100.0


def test_an_export_has_the_weekly_verdict_of_the_owners_strategy(client: Client, ann: User) -> None:
    result = make_result(make_stock("A.NS"), weekly_verdict="strong_sell", weekly_since=date(2026, 10, 16))
    make_rating(result, strategy="trend", weekly_verdict="buy", weekly_since=date(2026, 9, 18))
    make_result(make_stock("B.NS"), no_weekly_reason="Not enough history: 30 completed weeks, 50 needed.")
    watchlist = make_list(ann, "A.NS", "B.NS")

    def weekly() -> list[tuple[str, str]]:
        text = client.get(url("export_csv", watchlist)).content.decode("utf-8-sig")
        return [(row["Weekly verdict"], row["Weekly verdict since"]) for row in csv.DictReader(StringIO(text))]

    assert weekly() == [("Strong Sell", "2026-10-16"), ("", "")]
    sheet = load_workbook(BytesIO(client.get(url("export_xlsx", watchlist)).content)).active
    assert sheet is not None
    heads, first = list(sheet.iter_rows(values_only=True))[:2]
    since = first[heads.index("Weekly verdict since")]
    assert isinstance(since, datetime)
    assert since.date() == date(2026, 10, 16)
    ann.strategy = "trend"
    ann.save()
    assert weekly()[0] == ("Buy", "2026-09-18")
    reading = read(read_file(client.get(url("export_csv", watchlist)).content).text)
    assert (list(reading.notes), reading.problems) == (["A.NS", "B.NS"], [])


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_an_export_holds_no_formula_wherever_its_lines_are_split(client: Client, ann: User, delimiter: str) -> None:
    make_result(make_stock("A.NS", name="Tata;=1+1"), why="up\t＠SUM(A1)")
    watchlist = make_list(ann, "A.NS")
    watchlist.items.update(note="hold|=1+1\n-1+1")
    text = client.get(url("export_csv", watchlist)).content.decode("utf-8-sig")
    cells = [cell for line in csv.reader(StringIO(text, newline=""), delimiter=delimiter) for cell in line]
    assert len(cells) > 2
    assert [cell for cell in cells if cell.startswith(tuple("=+-@＝＋－＠"))] == []


def test_what_was_exported_can_be_imported_again_with_its_notes(client: Client, ann: User) -> None:
    watchlist = make_list(ann, "A.NS", "B.NS", "M&M.NS")
    watchlist.items.filter(stock="B.NS").update(note="buy;＝1+1|=2\t@three")
    watchlist.items.filter(stock="M&M.NS").update(note="=mine, “really”\nsecond line")
    exported = client.get(url("export_csv", watchlist)).content
    reading = read(read_file(exported).text)
    assert list(reading.notes) == ["A.NS", "B.NS", "M&M.NS"]
    assert reading.notes["B.NS"] == "buy;＝1+1|=2\t@three"
    assert reading.notes["M&M.NS"].startswith("=mine, “really”")
    assert not reading.problems
