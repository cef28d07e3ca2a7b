"""A share whose ticker changes while its ISIN stays: lists, notes, results and prices follow it."""

from __future__ import annotations

from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from analysis.jobs.end import cancel
from analysis.models import IndexMember, JobDetail, PriceHistory, Rating, Result, Stock
from analysis.rejections import RequestRejected
from analysis.stock_lists.load import load_stocks
from analysis.stock_lists.renames import Rename, rename_stocks
from analysis.tests.make import make_finished_job, make_job, make_result, make_stock, make_user
from analysis.upkeep.integrity import check_integrity
from watchlist.models import NOTE_LENGTH
from watchlist.tests.make import make_list, tickers_of

pytestmark = pytest.mark.django_db

HEADING = "Company Name,Industry,Symbol,Series,ISIN Code\n"
OLD = HEADING + "Zomato Ltd.,Services,ZOMATO,EQ,INE758T01015\nTCS,IT,TCS,EQ,INE467B01029\n"
NEW = HEADING + "Eternal Ltd.,Services,ETERNAL,EQ,INE758T01015\nTCS,IT,TCS,EQ,INE467B01029\n"


def load(folder: Path, text: str) -> tuple[str, str]:
    (folder / "nifty.csv").write_text(text)
    out, err = StringIO(), StringIO()
    call_command("load_stocks", str(folder / "nifty.csv"), stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def history(ticker: str) -> PriceHistory:
    day = date(2026, 11, 20)
    return PriceHistory.objects.create(
        stock_id=ticker, source="csv", bars=b"x", first_session=day, last_session=day, requested_since=day, bar_count=1,
        adjusted=True, fetched_at=timezone.now(), checksum="x",
    )  # fmt: skip


def test_what_is_of_the_old_ticker_moves_to_the_new_one(tmp_path: Path) -> None:
    load(tmp_path, OLD)
    zomato = Stock.objects.get(pk="ZOMATO.NS")
    result = make_result(zomato)
    history("ZOMATO.NS")
    job = make_job("ZOMATO.NS")
    cancel(job)
    watchlist = make_list(make_user(), "TCS.NS", "ZOMATO.NS")
    watchlist.items.filter(stock="ZOMATO.NS").update(note="food")
    out, err = load(tmp_path, NEW)
    assert "ZOMATO.NS is ETERNAL.NS now (ISIN INE758T01015): lists, notes, results and prices were moved" in out
    assert (err, "made inactive" in out) == ("", False)
    assert not Stock.objects.filter(pk="ZOMATO.NS").exists()
    eternal = Stock.objects.get(pk="ETERNAL.NS")
    assert (eternal.name, eternal.is_active, eternal.last_result_id) == ("Eternal Ltd.", True, result.pk)
    assert tickers_of(watchlist) == ["TCS.NS", "ETERNAL.NS"]
    assert watchlist.items.get(stock="ETERNAL.NS").note == "food"
    assert PriceHistory.objects.get().stock_id == JobDetail.objects.get().stock_id == "ETERNAL.NS"
    assert set(IndexMember.objects.values_list("stock_id", flat=True)) == {"ETERNAL.NS", "TCS.NS"}


def test_a_list_that_has_the_new_ticker_already_gets_it_once_with_both_notes(tmp_path: Path) -> None:
    load(tmp_path, OLD)
    watchlist = make_list(make_user(), "ZOMATO.NS", "ETERNAL.NS")
    watchlist.items.filter(stock="ZOMATO.NS").update(note="old")
    watchlist.items.filter(stock="ETERNAL.NS").update(note="new")
    load(tmp_path, NEW)
    assert tickers_of(watchlist) == ["ETERNAL.NS"]
    assert watchlist.items.get().note == "new; old"


def test_a_rename_is_only_offered_where_both_have_results_and_done_by_the_command(tmp_path: Path) -> None:
    load(tmp_path, OLD)
    make_result(Stock.objects.get(pk="ZOMATO.NS"), date(2026, 11, 19), score=0.1)
    make_result(Stock.objects.get(pk="ZOMATO.NS"), date(2026, 11, 20), close=1.0)
    kept = make_result(make_stock("ETERNAL.NS"), date(2026, 11, 20), close=2.0, score=0.2)
    watchlist = make_list(make_user(), "ZOMATO.NS")
    _, err = load(tmp_path, NEW)
    assert "ZOMATO.NS and ETERNAL.NS have the same ISIN, INE758T01015, and both have been analysed." in err
    assert "manage.py load_stocks --rename ZOMATO.NS=ETERNAL.NS" in err
    assert tickers_of(watchlist) == ["ZOMATO.NS"]
    done = StringIO()
    call_command("load_stocks", rename=["zomato.ns=eternal.ns"], stdout=done)
    assert "ZOMATO.NS is ETERNAL.NS now: " in done.getvalue()
    assert tickers_of(watchlist) == ["ETERNAL.NS"]
    assert list(Result.objects.order_by("day").values_list("day", "close", "ratings__score")) == [
        (date(2026, 11, 19), 100.0, 0.1), (date(2026, 11, 20), 2.0, 0.2),
    ]  # fmt: skip
    assert Rating.objects.count() == 2
    assert Stock.objects.get(pk="ETERNAL.NS").last_result == kept


def test_a_stock_that_is_being_analysed_is_renamed_when_that_has_ended(tmp_path: Path) -> None:
    load(tmp_path, OLD)
    job = make_job("ZOMATO.NS")
    _, err = load(tmp_path, NEW)
    assert "ZOMATO.NS or ETERNAL.NS is being analysed and can be renamed when that has ended." in err
    assert job.details.get().stock_id == "ZOMATO.NS"
    cancel(job)
    out, _ = load(tmp_path, NEW)
    assert "ZOMATO.NS is ETERNAL.NS now" in out


@pytest.mark.parametrize(
    "text",
    [
        HEADING + "Zomato Ltd.,Services,ZOMATO,EQ,INE758T01015\nEternal Ltd.,Services,ETERNAL,EQ,INE758T01015\n",
        HEADING + "One,Services,ONE,EQ,INE758T01015\nTwo,Services,TWO,EQ,INE758T01015\n",
        "Security Id,Security Code,Name,ISIN No\nETERNAL,543320,Eternal,INE758T01015\n",
        "symbol,name\nETERNAL.NS,Eternal\n",
    ],
)
def test_a_list_that_does_not_tell_a_rename_moves_nothing(text: str, tmp_path: Path) -> None:
    load(tmp_path, OLD)
    (tmp_path / "other.csv").write_text(text)
    assert load_stocks(tmp_path / "other.csv").news == []
    assert Stock.objects.filter(pk="ZOMATO.NS").exists()


def test_a_rename_keeps_the_database_whole() -> None:
    make_finished_job("KAVERI.DEMO", "VANQUAY.DEMO")
    rename_stocks([Rename("KAVERI.DEMO", "SARVADA.DEMO")])
    assert JobDetail.objects.filter(stock="SARVADA.DEMO").exists()
    assert [finding.check.name for finding in check_integrity() if finding.count] == []


@pytest.mark.parametrize("pair", ["GHOST.NS=NEW.NS", "A.NS=A.NS", "A.NS", "A.NS=not a ticker"])
def test_a_rename_that_is_not_possible_is_refused_in_words(pair: str) -> None:
    make_stock("A.NS")
    with pytest.raises(CommandError) as refused:
        call_command("load_stocks", rename=[pair])
    assert str(refused.value).endswith(".")
    assert refused.value.returncode == 2


def test_a_stock_that_does_not_exist_is_not_renamed() -> None:
    with pytest.raises(RequestRejected, match=r"There is no stock GHOST\.NS to be renamed\."):
        rename_stocks([Rename("GHOST.NS", "NEW.NS")])


def test_notes_that_do_not_fit_into_one_are_shortened_where_that_is_seen_and_said(tmp_path: Path) -> None:
    load(tmp_path, OLD)
    watchlist = make_list(make_user(), "ZOMATO.NS", "ETERNAL.NS")
    watchlist.items.filter(stock="ZOMATO.NS").update(note="o" * NOTE_LENGTH)
    watchlist.items.filter(stock="ETERNAL.NS").update(note="new")
    out, _ = load(tmp_path, NEW)
    assert watchlist.items.get().note == f"new; {'o' * (NOTE_LENGTH - 6)}…"
    assert "1 note was shortened, because two did not fit into one." in out


def test_two_tickers_are_exchanged_by_one_command() -> None:
    make_result(make_stock("A.NS"), close=1.0)
    make_result(make_stock("B.NS"), close=2.0)
    watchlist = make_list(make_user(), "A.NS", "B.NS")
    watchlist.items.filter(stock="A.NS").update(note="of the first")
    call_command("load_stocks", rename=["A.NS=B.NS", "B.NS=A.NS"], stdout=StringIO())
    assert dict(Result.objects.values_list("stock_id", "close")) == {"A.NS": 2.0, "B.NS": 1.0}
    assert [(item.stock_id, item.note) for item in watchlist.items.all()] == [("B.NS", "of the first"), ("A.NS", "")]


def test_questions_beyond_twenty_are_only_counted(tmp_path: Path) -> None:
    rows = [(f"S{n}.NS", f"INE{n:03}A01011") for n in range(100, 130)]
    (tmp_path / "list.csv").write_text("\n".join(["ticker,isin", *(",".join(row) for row in rows)]))
    load_stocks(tmp_path / "list.csv")
    others = [f"S{n}.NS,GB0002374{n}" for n in range(100, 130)]
    (tmp_path / "list.csv").write_text("\n".join(["ticker,isin", *others]))
    err = StringIO()
    call_command("load_stocks", str(tmp_path / "list.csv"), stdout=StringIO(), stderr=err)
    assert err.getvalue().splitlines()[-1] == "10 more like these."
    assert len(err.getvalue().splitlines()) == 21
