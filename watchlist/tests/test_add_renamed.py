"""Adding and analysing a stock by the ticker that it had: it is never made a second time under that one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.test import Client

from analysis.jobs.submit import submit
from analysis.models import Job, JobDetail, Source, Stock
from analysis.stock_lists.renames import Rename, rename_stocks
from analysis.tests.make import make_stock, make_user
from analysis.tests.together import together
from watchlist import services
from watchlist.models import Watchlist
from watchlist.screener.services import add_stocks
from watchlist.services import AddResult
from watchlist.tests.make import make_list, tickers_of, url

if TYPE_CHECKING:
    from stockapp.accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def mine(ann: User) -> Watchlist:
    """A list of Ann's; ZOMATO.NS and FB were renamed."""
    make_stock("ZOMATO.NS", name="Eternal", isin="INE758T01015")
    make_stock("FB", name="Meta Platforms, Inc.", currency="USD")
    rename_stocks([Rename("ZOMATO.NS", "ETERNAL.NS"), Rename("FB", "META")])
    return make_list(ann, "TCS.NS")


def stocks() -> set[str]:
    return set(Stock.objects.values_list("pk", flat=True))


@pytest.mark.parametrize(
    "form", [{"ticker": "zomato.ns"}, {"choose": "ZOMATO.NS"}, {"ticker": "FOO?", "choose": "ZOMATO.NS"}]
)
def test_the_field_adds_the_renamed_stock(client: Client, mine: Watchlist, form: dict[str, str]) -> None:
    answer = client.post(url("add", mine), form, follow=True)
    assert "ETERNAL.NS is on “Mine” now." in answer.text
    assert tickers_of(mine) == ["TCS.NS", "ETERNAL.NS"]
    assert "ETERNAL.NS is on “Mine” already." in client.post(url("add", mine), form, follow=True).text
    assert stocks() == {"ETERNAL.NS", "META", "TCS.NS"}
    assert client.get("/stocks/ZOMATO.NS/").headers["Location"] == "/stocks/ETERNAL.NS/"


def test_an_import_of_before_the_rename_is_confirmed_for_the_renamed_stock(client: Client, mine: Watchlist) -> None:
    form = {"text": "ZOMATO.NS, INFY.NS", "tickers": ["ZOMATO.NS", "INFY.NS"], "analyse": "on"}
    assert client.post(url("confirm_import", mine), form).status_code == 302
    assert tickers_of(mine) == ["TCS.NS", "ETERNAL.NS", "INFY.NS"]
    assert set(JobDetail.objects.values_list("stock_id", flat=True)) == {"ETERNAL.NS", "INFY.NS"}
    assert "ZOMATO.NS" not in stocks()


def test_programs_and_commands_add_and_analyse_the_renamed_stock(client: Client, mine: Watchlist) -> None:
    address = f"/api/watchlists/{mine.pk}/stocks"
    answer = client.post(address, {"ticker": "ZOMATO.NS"}, content_type="application/json")
    assert (answer.status_code, answer.json()["ticker"]) == (201, "ETERNAL.NS")
    answer = client.post("/api/stocks/analyze-all-stocks", {"symbols": ["FB"]}, content_type="application/json")
    assert answer.status_code == 201
    call_command("analyze", "ZOMATO.NS", "FB", stdout=StringIO())
    assert set(JobDetail.objects.values_list("stock_id", flat=True)) == {"ETERNAL.NS", "META"}
    assert stocks() == {"ETERNAL.NS", "META", "TCS.NS"}


def test_no_caller_makes_the_former_ticker_a_stock(mine: Watchlist) -> None:
    job = submit(["ZOMATO.NS", "ETERNAL.NS", "FB"], source=Source.COMMAND).job
    assert (job.total, job.description) == (2, "ETERNAL.NS, META")
    assert submit(["ZOMATO.NS", "META"], source=Source.COMMAND).job == job
    result = services.add_all(mine, {"ZOMATO.NS": "old", "ETERNAL.NS": "new", "TCS.NS": ""})
    assert result == AddResult(["ETERNAL.NS"], ["TCS.NS"])
    assert mine.items.get(stock="ETERNAL.NS").note == "old; new"
    assert add_stocks(mine, ["ZOMATO.NS", "FB"]) == AddResult(["META"], ["ETERNAL.NS"])
    assert stocks() == {"ETERNAL.NS", "META", "TCS.NS"}
    assert Job.objects.count() == 1


def test_another_company_that_has_the_ticker_by_now_is_added_where_the_person_says_so(
    client: Client, mine: Watchlist
) -> None:
    table = {"text": "ticker,name\nFB,ProShares FB ETF\nMETA,Meta Platforms\n", "exchange": "US"}
    text = client.post(url("import", mine), table).text
    assert "FB is META now, “Meta Platforms, Inc.”, or it is another company’s by now. Which do you mean?" in text
    client.post(url("confirm_import", mine), table | {"tickers": ["META", "FB"]})
    assert tickers_of(mine) == ["TCS.NS", "META", "FB"]
    client.post(url("confirm_import", mine), {"text": "symbol,isin\nZOMATO.NS,INE999T01019", "tickers": ["ZOMATO.NS"]})
    assert tickers_of(mine) == ["TCS.NS", "META", "FB", "ZOMATO.NS"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(3))
def test_a_stock_that_is_renamed_at_the_same_moment_is_made_once(turn: int) -> None:
    ann = make_user()
    watchlist = make_list(ann, "C.NS", "Z.NS")
    make_list(ann, *(f"O{n}.NS" for n in range(5)), name="Other")  # which give the rename something to do
    make_stock("OLD.NS")
    acts: list[Callable[[], object]] = [
        partial(rename_stocks, [Rename("OLD.NS", "A.NS")]),
        partial(services.add_all, watchlist, {"OLD.NS": "mine", "Z.NS": ""}),
        partial(submit, ["OLD.NS", "Z.NS"], source=Source.WATCHLIST, requested_by=ann),
    ]
    answers = together(acts)
    # The rename is refused if the job came first; then nothing is renamed.
    expected = "OLD.NS" if isinstance(answers[0], Exception) else "A.NS"
    assert not [answer for answer in answers[1:] if isinstance(answer, Exception)], answers
    assert tickers_of(watchlist) == ["C.NS", "Z.NS", expected]
    assert set(JobDetail.objects.values_list("stock_id", flat=True)) == {expected, "Z.NS"}
    assert Stock.objects.filter(pk__in=["OLD.NS", "A.NS"]).count() == 1


def test_a_list_acts_on_a_stock_by_its_former_ticker(client: Client, ann: User, mine: Watchlist) -> None:
    services.add_all(mine, {"ETERNAL.NS": "note", "META": ""})
    other = make_list(ann, name="Other")
    body = {"tickers": ["ZOMATO.NS", "GONE.NS"], "target": other.pk}
    address = f"/api/watchlists/{mine.pk}"
    copied = client.post(f"{address}/copy", body, content_type="application/json").json()
    assert (copied["tickers"], copied["not_on_list"]) == (["ETERNAL.NS"], ["GONE.NS"])
    assert tickers_of(other) == ["ETERNAL.NS"]
    assert client.delete(f"{address}/stocks/ZOMATO.NS").status_code == 204
    assert client.delete(f"{address}/stocks/FB").status_code == 204
    assert tickers_of(mine) == ["TCS.NS"]
