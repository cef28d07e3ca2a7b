"""Lists whose tickers and ISINs fit together otherwise than before: no row ends with another company."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from analysis.jobs.end import cancel
from analysis.models import FormerTicker, IndexMember, PriceHistory, Result, Stock
from analysis.rejections import RequestRejected
from analysis.stock_lists.load import ImportResult, load_stocks
from analysis.stock_lists.renames import Rename, rename_stocks
from analysis.tests.make import make_finished_job, make_job, make_result, make_stock, make_user

pytestmark = pytest.mark.django_db

DAY = date(2026, 11, 20)
ISINS = {n: f"INE{n}00A01011" for n in range(1, 10)}
"""An ISIN of each company; the companies are numbered."""
NAMES = {1: "Alpha Ltd.", 2: "Beta Ltd.", 3: "Gamma Ltd."}


def load(folder: Path, rows: str, name: str = "list") -> ImportResult:
    """Load a list of rows like `A.NS 1`, or `A.NS 1 Its name`: a ticker, the company with this ISIN, and its name."""
    lines = ["ticker,isin,name"]
    for row in rows.split(", "):
        ticker, company, *words = row.split()
        lines.append(f"{ticker},{ISINS.get(int(company), '')},{' '.join(words) or NAMES.get(int(company), '')}")
    file = folder / f"{name}.csv"
    file.write_text("\n".join(lines))
    return load_stocks(file)


def analyse(*tickers: str) -> None:
    """Give stocks a result and prices of the company that they are now: its number is the close and the checksum."""
    for stock in Stock.objects.filter(pk__in=tickers):
        company = next(number for number, isin in ISINS.items() if isin == stock.isin)
        make_result(stock, DAY, close=float(company))
        PriceHistory.objects.create(
            stock=stock, source="csv", bars=b"x", first_session=DAY, last_session=DAY, requested_since=DAY,
            bar_count=1, adjusted=True, fetched_at=timezone.now(), checksum=str(company),
        )  # fmt: skip


def companies() -> dict[str, int]:
    """Return the company whose rows each ticker has."""
    results = {ticker: int(close or 0) for ticker, close in Result.objects.values_list("stock_id", "close")}
    assert results == {ticker: int(mark) for ticker, mark in PriceHistory.objects.values_list("stock_id", "checksum")}
    return results


@dataclass(frozen=True)
class Case:
    """Two lists, one after the other; the companies' rows after the second, and parts of its sentences."""

    before: str
    after: str
    rows: dict[str, int]
    news: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    unchanged: str = ""


CASES = {
    "a rename": Case("A.NS 1, B.NS 2", "C.NS 1 Delta, B.NS 2", {"C.NS": 1, "B.NS": 2}, ["A.NS is C.NS now"]),
    "a ticker that another company has by then": Case(
        "A.NS 1", "B.NS 1, A.NS 2", {"B.NS": 1}, ["A.NS is B.NS now (ISIN INE100A01011)"]
    ),
    "the same, with another name": Case(
        "A.NS 1", "B.NS 1 Delta, A.NS 2", {"A.NS": 1},
        questions=["A.NS is B.NS now, which is not certain. If it is right: manage.py load_stocks --rename A.NS=B.NS"],
        unchanged="A.NS",
    ),
    "a chain": Case(
        "A.NS 1, B.NS 2", "B.NS 1, C.NS 2", {"B.NS": 1, "C.NS": 2}, ["A.NS is B.NS now", "B.NS is C.NS now"]
    ),
    "a chain whose names do not agree": Case(
        "A.NS 1, B.NS 2", "B.NS 1 Beta, C.NS 2 Gamma", {"A.NS": 1, "B.NS": 2},
        questions=["A.NS is B.NS now and B.NS is C.NS now, which is not certain. If it is right: manage.py "
                   "load_stocks --rename A.NS=B.NS --rename B.NS=C.NS"],
        unchanged="B.NS",
    ),
    "a swap": Case(
        "A.NS 1, B.NS 2", "A.NS 2 Alpha, B.NS 1 Beta", {"A.NS": 1, "B.NS": 2},
        questions=["A.NS is B.NS now and B.NS is A.NS now, which is not certain. If it is right: manage.py "
                   "load_stocks --rename A.NS=B.NS --rename B.NS=A.NS"],
        unchanged="A.NS B.NS",
    ),
    "a swap with the names": Case(
        "A.NS 1, B.NS 2", "A.NS 2, B.NS 1", {"A.NS": 1, "B.NS": 2},
        questions=["A.NS is B.NS now and B.NS is A.NS now, which is not certain."], unchanged="A.NS B.NS",
    ),
    "a column that is shifted by one row": Case(
        "A.NS 1, B.NS 2, C.NS 3, D.NS 4, E.NS 5", "B.NS 1, C.NS 2, D.NS 3, E.NS 4, F.NS 5",
        {"A.NS": 1, "B.NS": 2, "C.NS": 3, "D.NS": 4, "E.NS": 5},
        questions=["The list has the ISINs of 5 stocks, from A.NS to E.NS, at other tickers."],
        unchanged="B.NS C.NS D.NS E.NS",
    ),
    "a ticker that has rows of another company": Case(
        "A.NS 1, B.NS 2", "B.NS 1", {"A.NS": 1, "B.NS": 2},
        questions=["By its ISIN, INE100A01011, A.NS is B.NS now, but the stock B.NS stored here has another"],
        unchanged="B.NS",
    ),
    "two tickers of one ISIN": Case(
        "A.NS 1", "B.NS 1, C.NS 1", {"A.NS": 1},
        questions=["A.NS has the ISIN of B.NS and C.NS, INE100A01011. If it was renamed, move what belongs to it: "
                   "manage.py load_stocks --rename A.NS=B.NS or manage.py load_stocks --rename A.NS=C.NS"],
    ),
    "a ticker that the shell would cut": Case(
        "M&M.NS 1", "MAHINDRA.NS 1 Delta, M&M.NS 2", {"M&M.NS": 1},
        questions=["If it is right: manage.py load_stocks --rename 'M&M.NS=MAHINDRA.NS'"],
    ),
    "a share of two exchanges": Case("A.NS 1, A.BO 1", "A.NS 1, A.BO 1", {"A.NS": 1, "A.BO": 1}),
    "a share that moves to another exchange": Case("A.NS 1", "A.BO 1", {"A.NS": 1}),
    "a rename on two exchanges": Case(
        "A.NS 1, A.BO 1", "B.NS 1, B.BO 1", {"B.NS": 1, "B.BO": 1}, ["A.BO is B.BO now", "A.NS is B.NS now"]
    ),
    "a list that has both tickers": Case("A.NS 1", "A.NS 1, B.NS 1", {"A.NS": 1}),
    "a list without the old ticker's number": Case("A.NS 1", "A.NS 0, B.NS 1", {"A.NS": 1}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_rows_stay_with_their_company(case: Case, tmp_path: Path) -> None:
    load(tmp_path, case.before)
    analyse(*Stock.objects.values_list("pk", flat=True))
    before = dict(Stock.objects.filter(pk__in=case.unchanged.split()).values_list("pk", "isin"))
    done = load(tmp_path, case.after)
    assert companies() == case.rows
    for said, parts in ((done.news, case.news), (done.questions, case.questions)):
        assert len(said) == len(parts), said
        assert all(part in sentence for part, sentence in zip(parts, said, strict=True)), said
    assert dict(Stock.objects.filter(pk__in=before).values_list("pk", "isin")) == before
    assert {ticker: Stock.objects.get(pk=ticker).isin for ticker in companies()} == {
        ticker: ISINS[company] for ticker, company in companies().items()
    }


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.questions])
def test_rows_of_a_rename_that_is_asked_about_are_not_stored(name: str, tmp_path: Path) -> None:
    load(tmp_path, CASES[name].before)
    analyse(*Stock.objects.values_list("pk", flat=True))
    before = list(Stock.objects.values())
    load(tmp_path, CASES[name].after)
    assert list(Stock.objects.values()) == before
    assert set(IndexMember.objects.values_list("stock_id", flat=True)) == {stock["ticker"] for stock in before}


def test_a_stock_in_work_keeps_its_row_until_it_can_be_renamed(tmp_path: Path) -> None:
    load(tmp_path, "A.NS 1, B.NS 2")
    job = make_job("A.NS")
    done = load(tmp_path, "C.NS 1 Delta, B.NS 2")
    assert done.questions == [
        "A.NS or C.NS is being analysed and can be renamed when that has ended. Load the list again later."
    ]
    assert (done.added, done.deactivated) == (0, 0)
    assert dict(Stock.objects.active().values_list("pk", "isin")) == {"A.NS": ISINS[1], "B.NS": ISINS[2]}
    cancel(job)
    done = load(tmp_path, "C.NS 1 Delta, B.NS 2")
    assert (done.questions, len(done.news)) == ([], 1)
    assert dict(Stock.objects.active().values_list("pk", "name")) == {"C.NS": "Delta", "B.NS": NAMES[2]}


@pytest.mark.parametrize(
    ("before", "after", "renames", "rows"),
    [
        ("A.NS 1, B.NS 2", "A.NS 2, B.NS 1", "A.NS=B.NS B.NS=A.NS", {"A.NS": 2, "B.NS": 1}),
        ("A.NS 1, B.NS 2", "B.NS 1, C.NS 2", "A.NS=B.NS B.NS=C.NS", {"B.NS": 1, "C.NS": 2}),
        ("A.NS 1, B.NS 2, C.NS 3", "", "A.NS=B.NS B.NS=C.NS C.NS=A.NS", {"A.NS": 3, "B.NS": 1, "C.NS": 2}),
        ("A.NS 1, B.NS 2, C.NS 3", "", "A.NS=B.NS B.NS=A.NS C.NS=D.NS", {"A.NS": 2, "B.NS": 1, "D.NS": 3}),
    ],
)
def test_tickers_are_exchanged_at_once_by_the_command(
    before: str, after: str, renames: str, rows: dict[str, int], tmp_path: Path
) -> None:
    load(tmp_path, before)
    analyse(*Stock.objects.values_list("pk", flat=True))
    rename_stocks([Rename(*pair.split("=")) for pair in renames.split()])
    assert companies() == rows
    assert set(FormerTicker.objects.values_list("ticker", "stock_id")) == {
        tuple(pair.split("=")) for pair in renames.split()
    }
    assert set(Stock.objects.values_list("pk", flat=True)) == set(rows)
    if after:
        done = load(tmp_path, after)
        assert (done.news, done.questions, companies()) == ([], [], rows)


@pytest.mark.parametrize(
    ("renames", "reason"),
    [
        ("A.NS=B.NS", "B.NS is another company: its ISIN is INE200A01011, that of A.NS is INE100A01011."),
        ("A.NS=A.BO", "A.NS and A.BO are of different exchanges"),
        ("A.NS=C.NS A.NS=D.NS", "A.NS is given twice"),
        ("A.NS=C.NS B.NS=C.NS", "C.NS is given twice"),
        ("A.NS=C.NS GHOST.NS=D.NS", "There is no stock GHOST.NS to be renamed"),
        ("A.NS=A.NS", "Old and new ticker are the same: A.NS."),
    ],
)
def test_a_rename_that_would_mix_companies_is_refused(renames: str, reason: str, tmp_path: Path) -> None:
    load(tmp_path, "A.NS 1, B.NS 2")
    analyse("A.NS", "B.NS")
    with pytest.raises(RequestRejected, match=reason):
        rename_stocks([Rename(*pair.split("=")) for pair in renames.split()])
    assert companies() == {"A.NS": 1, "B.NS": 2}


@pytest.mark.parametrize(
    ("ticker", "old", "new", "name", "is_learned"),
    [
        ("A.NS", "INE155A01014", "INE155A01022", "Old Name Limited", True),
        ("A.NS", "INE155A01014", "INE155A01022", "", True),
        ("A.NS", "INE155A01014", "INE155A01022", "Another name", False),
        ("A.NS", "INE155A01014", "INE155A07011", "Old Name", False),  # a bond
        ("A.NS", "INE155A01014", "INE155A07011", "", False),
        ("A.NS", "INE155A01014", "IN9155A01010", "Old Name", False),  # shares with other votes
        ("A.NS", "INE155A01014", "INE999A01010", "Old Name Limited", True),
        ("A.NS", "INE155A01014", "INE999A13010", "Old Name Limited", False),  # a warrant
        ("A.NS", "INE155A01014", "INE999A01010", "", False),
        ("A.NS", "INF204KB14I2", "INF204KB17I5", "", False),  # two funds of one house
        ("A.NS", "INF732E01102", "INF204KB17I5", "Old Name", True),
        ("A.NS", "INF204KB14I2", "INE155A01014", "Old Name", False),
        ("A", "US0378331005", "US0378332003", "", True),
        ("A", "US0378331005", "US0378332003", "Another name", False),
        ("A", "US0378331005", "US037833AK68", "Old Name", False),  # a bond
        ("A", "US0378331005", "US5949181045", "", False),
        ("A.L", "GB0002374006", "JE00B8KF9B49", "Old Name", True),
        ("A.L", "GB0002374006", "GB00B10RZP78", "Old Name", True),
        ("A.L", "GB0002374006", "GB00B10RZP78", "", False),
    ],
)
def test_a_new_isin_is_learned_where_issuer_and_names_do_not_contradict(
    ticker: str, old: str, new: str, name: str, is_learned: bool, tmp_path: Path
) -> None:
    stock = make_stock(ticker, name="Old Name Ltd", isin=old)
    make_result(stock)
    (tmp_path / "list.csv").write_text(f"ticker,isin,name\n{ticker},{new},{name}\nTCS.NS,INE467B01029,TCS\n")
    done = load_stocks(tmp_path / "list.csv")
    stock.refresh_from_db()
    if is_learned:
        assert done.news == [f"{ticker} has a new ISIN, {new}, as after a split; it was {old}."]
        assert (stock.isin, stock.name, done.questions) == (new, name or "Old Name Ltd", [])
    else:
        assert (stock.isin, stock.name, done.news) == (old, "Old Name Ltd", [])
        assert (
            f"{ticker} was left as it is: the list has the ISIN {new}, and the stock stored here, {old}, “Old"
            in (done.questions[0])
        )


def test_a_row_that_is_left_as_it_is_stays_in_its_index(tmp_path: Path) -> None:
    load(tmp_path, "A.NS 1, B.NS 2")
    load(tmp_path, "A.NS 3, B.NS 2")
    assert set(IndexMember.objects.values_list("stock_id", flat=True)) == {"A.NS", "B.NS"}
    assert Stock.objects.active().count() == 2


def test_a_ticker_with_two_isins_in_one_list_is_named_and_keeps_the_first(tmp_path: Path) -> None:
    done = load(tmp_path, "A.NS 1, A.NS 2")
    assert done.problems == ["list.csv, line 3: A.NS is in it twice, with the ISINs INE100A01011 and INE200A01011."]
    assert Stock.objects.get().isin == ISINS[1]


def test_an_old_list_is_read_with_the_tickers_of_today(tmp_path: Path) -> None:
    load(tmp_path, "A.NS 1, B.NS 2")
    analyse("A.NS")
    load(tmp_path, "C.NS 1 Delta, B.NS 2")
    done = load(tmp_path, "A.NS 1, B.NS 2")
    assert done.news == [
        "A.NS was read as C.NS, which is its ticker now. If it has its old ticker again: manage.py "
        "load_stocks --rename C.NS=A.NS"
    ]
    assert (companies(), done.deactivated) == ({"C.NS": 1}, 0)
    assert Stock.objects.get(pk="C.NS").name == "Delta"
    assert set(Stock.objects.active().values_list("pk", flat=True)) == {"B.NS", "C.NS"}
    rename_stocks([Rename("C.NS", "A.NS")])
    assert load(tmp_path, "A.NS 1, B.NS 2").news == []
    assert companies() == {"A.NS": 1}


def test_a_former_ticker_that_another_company_gets_is_a_new_stock(tmp_path: Path) -> None:
    load(tmp_path, "A.NS 1")
    analyse("A.NS")
    load(tmp_path, "B.NS 1")
    done = load(tmp_path, "B.NS 1, A.NS 3")
    assert (companies(), done.news, done.questions) == ({"B.NS": 1}, [], [])
    assert dict(Stock.objects.values_list("pk", "isin")) == {"A.NS": ISINS[3], "B.NS": ISINS[1]}


@pytest.mark.parametrize(
    ("rows", "stocks", "question"),
    [
        (["META,Meta Platforms", "FB,ProShares FB ETF"], {"META": "Meta Platforms", "FB": "ProShares FB ETF"}, ""),
        (["META,", "FB,"], {"META": "Meta Platforms", "FB": ""}, ""),
        (["META,Meta Platforms", "FB,Meta Platforms Inc."], {"META": "Meta Platforms"}, ""),
        (["FB,Meta Platforms Inc."], {"META": "Meta Platforms"}, ""),
        (["FB,"], {"META": "Meta Platforms"}, ""),
        (["FB,ProShares FB ETF"], {"META": "Meta Platforms"},
         "FB, “ProShares FB ETF”, was left out: FB was the ticker of META, “Meta Platforms”. If it is another company, "
         "add the stock FB in the admin, and load the list again."),
    ],
)  # fmt: skip
def test_a_list_without_isins_that_has_a_former_ticker_mixes_no_companies(
    rows: list[str], stocks: dict[str, str], question: str, tmp_path: Path
) -> None:
    file = tmp_path / "us.csv"
    file.write_text("ticker,name\nFB,Meta Platforms\nAAPL,Apple\n")
    load_stocks(file)
    rename_stocks([Rename("FB", "META")])
    for _ in range(2):  # the same again the next time
        file.write_text("\n".join(["ticker,name", "AAPL,Apple", *rows]))
        done = load_stocks(file)
        assert dict(Stock.objects.active().values_list("pk", "name")) == stocks | {"AAPL": "Apple"}
        assert done.questions == [question] * bool(question)
        assert not any("--rename" in sentence for sentence in done.news) or "FB" not in stocks
    if question:
        make_stock("FB", name="ProShares FB ETF")
    assert load_stocks(file).questions == []


def test_every_column_of_a_renamed_stock_comes_along() -> None:
    job = make_finished_job("A.DEMO")
    Stock.objects.update(
        name="Alpha", exchange="NSE", currency="INR", kind="fund", decimals=4, source_decimals=4, isin=ISINS[1],
        industry="IT", last_split=DAY, is_active=False, is_confirmed=False, refusals=1, named_by=make_user(),
        last_status="failed", last_job=job, last_analyzed_at=timezone.now(), last_error="Unknown",
    )  # fmt: skip
    before: dict[str, object] = dict(Stock.objects.values().get())
    given = {field.attname: field.get_default() for field in Stock._meta.concrete_fields}
    unset = {name for name in before if before[name] == given[name]}
    assert unset == {"last_result_id", "last_wait", "last_wait_until"}
    rename_stocks([Rename("A.DEMO", "B.DEMO")])
    assert Stock.objects.values().get() == before | {"ticker": "B.DEMO"}


@pytest.mark.parametrize(
    ("old", "new", "kept"),
    [
        ({"last_split": date(2026, 11, 20)}, {"last_split": date(2020, 1, 1)}, {"last_split": date(2026, 11, 20)}),
        ({"last_split": date(2020, 1, 1)}, {"last_split": date(2026, 11, 20)}, {"last_split": date(2026, 11, 20)}),
        ({"last_split": date(2020, 1, 1)}, {}, {"last_split": date(2020, 1, 1)}),
        ({}, {"last_split": date(2020, 1, 1)}, {"last_split": date(2020, 1, 1)}),
        ({"decimals": 2}, {"decimals": 0}, {"decimals": 0}),
        ({"source_decimals": 2}, {"source_decimals": 0}, {"source_decimals": 0}),
        ({"source_decimals": 0}, {}, {"source_decimals": 0}),
        ({"industry": "IT", "name": "Old"}, {"name": "New"}, {"industry": "IT", "name": "New"}),
    ],
)
def test_stocks_that_become_one_keep_the_later_split_and_all_that_is_known(
    old: dict[str, Any], new: dict[str, Any], kept: dict[str, Any]
) -> None:
    make_stock("A.NS", **{"name": "", **old})
    make_stock("B.NS", **{"name": "", **new})
    rename_stocks([Rename("A.NS", "B.NS")])
    assert Stock.objects.values(*kept).get() == kept


def test_a_stock_that_a_known_one_is_renamed_to_is_known_as_well() -> None:
    make_result(make_stock("A.NS", isin=ISINS[1]))
    make_stock("B.NS", name="", is_confirmed=False, refusals=2)
    rename_stocks([Rename("A.NS", "B.NS")])
    stock = Stock.objects.get()
    assert (stock.pk, stock.isin, stock.is_confirmed, stock.refusals, stock.last_status) == (
        "B.NS", ISINS[1], True, 0, "completed",
    )  # fmt: skip


def test_where_tickers_led_at_a_moment_is_known_after_reuse_and_return() -> None:
    make_stock("A.NS")
    begin = timezone.now()
    rename_stocks([Rename("A.NS", "B.NS")])
    follow = FormerTicker.objects.follow
    assert follow(["A.NS", "X.NS"], begin) == {"A.NS": "B.NS", "X.NS": "X.NS"}
    make_stock("A.NS")  # of another company
    later = timezone.now()
    rename_stocks([Rename("B.NS", "C.NS")])
    assert (follow(["A.NS"], begin), follow(["A.NS"], later)) == ({"A.NS": "C.NS"}, {"A.NS": "A.NS"})
    assert FormerTicker.objects.present_tickers({"A.NS", "B.NS"}) == {"B.NS": "C.NS"}
    Stock.objects.filter(pk="A.NS").delete()
    assert follow(["A.NS"], later) == {"A.NS": "C.NS"}  # the rename may have been under way
    assert follow(["A.NS"], later + timedelta(minutes=1)) == {"A.NS": "A.NS"}  # another company's, which is deleted
