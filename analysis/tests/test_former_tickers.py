"""A ticker that a stock had before it was renamed leads to the stock: in addresses, searches, lists and the API."""

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from analysis.directory import check_symbols, read_securities
from analysis.models import Stock
from analysis.prices.security_columns import SecuritySpelling
from analysis.stock_lists.renames import Rename, rename_stocks
from analysis.tests.make import make_result, make_stock, make_user

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 20)


@pytest.fixture(autouse=True)
def eternal() -> Stock:
    """A stock that was called ZOMATO."""
    make_result(make_stock("ZOMATO.NS", name="Eternal", isin="INE758T01015"), DAY)
    rename_stocks([Rename("ZOMATO.NS", "ETERNAL.NS", "INE758T01015")])
    return Stock.objects.get()


@pytest.fixture
def client(client: Client) -> Client:
    client.force_login(make_user())
    return client


def test_an_old_address_leads_to_the_stock(client: Client) -> None:
    answer = client.get("/stocks/zomato.ns/?list=3")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/stocks/ETERNAL.NS/?list=3")
    assert client.get("/stocks/ZOMATO.NS/live/").status_code == 286  # of a page that was open meanwhile
    assert client.post("/stocks/ZOMATO.NS/analyze/").headers["Location"] == "/stocks/ETERNAL.NS/"
    assert client.get("/stocks/GHOST.NS/").status_code == 404


def test_the_search_finds_a_stock_by_its_old_ticker(client: Client) -> None:
    address = reverse("analysis:stock_search")
    for text in ("zomato.ns", "NSE:ZOMATO"):
        assert client.get(address, {"q": text}).headers["Location"] == "/stocks/ETERNAL.NS/"
    assert "ETERNAL.NS" in client.get(address, {"q": "zoma"}).text
    assert "ETERNAL.NS" in client.get(address, {"q": "zoma"}, headers={"HX-Request": "true"}).text


@pytest.mark.parametrize("path", ["", "/results", f"/results/{DAY}", "/plan"])
def test_programs_get_the_stock_by_its_old_ticker(client: Client, path: str) -> None:
    assert client.get(f"/api/stocks/ZOMATO.NS{path}").json() == client.get(f"/api/stocks/ETERNAL.NS{path}").json()
    assert client.get(f"/api/stocks/GHOST.NS{path}").status_code == 404


@pytest.mark.parametrize(
    ("symbol", "isin", "default", "ticker"),
    [
        ("ZOMATO.NS", "", "", "ETERNAL.NS"),
        ("NSE:ZOMATO", "", "", "ETERNAL.NS"),
        ("ZOMATO", "", "NSE", "ETERNAL.NS"),
        ("ZOMATO.NS", "INE758T01015", "", "ETERNAL.NS"),
        ("ZOMATO.NS", "INE999T01019", "", "ZOMATO.NS"),  # of a company that has the ticker by now
        ("ZOMATO.BO", "", "", "ZOMATO.BO"),
    ],
)
def test_a_former_ticker_is_read_as_the_present_one(symbol: str, isin: str, default: str, ticker: str) -> None:
    assert read_securities([SecuritySpelling(symbol, isin=isin)], default=default)[0].ticker == ticker


@pytest.mark.parametrize(
    ("spelling", "ticker", "tickers", "reused"),
    [
        (SecuritySpelling("ZOMATO.NS", name="Eternal Limited"), "ETERNAL.NS", ("ETERNAL.NS",), ()),
        (SecuritySpelling("ZOMATO.NS", name="ZOMATO.NS"), "ETERNAL.NS", ("ETERNAL.NS",), ()),
        (SecuritySpelling("ZOMATO.NS", name="Zomato Foods"), "", ("ETERNAL.NS", "ZOMATO.NS"), ("ZOMATO.NS",)),
        (SecuritySpelling("ZOMATO", name="Zomato Foods", exchange="NSE"), "", ("ETERNAL.NS", "ZOMATO.NS"),
         ("ZOMATO.NS",)),
        (SecuritySpelling("ZOMATO.NS", name="Zomato Foods", isin="INE758T01015"), "ETERNAL.NS", ("ETERNAL.NS",), ()),
        (SecuritySpelling("ZOMATO.NS", name="Eternal", isin="INE999T01019"), "ZOMATO.NS", ("ZOMATO.NS",),
         ("ZOMATO.NS",)),
        (SecuritySpelling("FB", isin="US30303M1027"), "", ("META", "FB"), ("FB",)),  # Meta's ISIN is not known here
        (SecuritySpelling("FB", name="Meta Platforms", isin="US30303M1027"), "META", ("META",), ()),
        (SecuritySpelling("FB", name="ProShares FB ETF"), "", ("META", "FB"), ("FB",)),
    ],
)  # fmt: skip
def test_a_name_or_isin_beside_a_former_ticker_that_is_not_the_stocks_is_asked_about(
    spelling: SecuritySpelling, ticker: str, tickers: tuple[str, ...], reused: tuple[str, ...]
) -> None:
    make_stock("FB", name="Meta Platforms, Inc.", currency="USD")
    rename_stocks([Rename("FB", "META")])
    reading = read_securities([spelling], default="US")[0]
    assert (reading.ticker, reading.tickers, reading.reused) == (ticker, tickers, reused)
    assert bool(reading.reason) == (not ticker)


def test_a_question_names_the_present_ticker() -> None:
    reading = read_securities([SecuritySpelling("ZOMATO")], default="US")[0]
    assert "ETERNAL.NS" in reading.candidates
    assert reading.reason == "“ZOMATO” is not known here. Did you mean ETERNAL.NS? ZOMATO.NS is ETERNAL.NS now."


def test_commands_and_programs_take_a_former_ticker() -> None:
    assert check_symbols(["zomato.ns"]) == ["ETERNAL.NS"]


def test_a_stock_that_has_the_ticker_now_comes_first(client: Client) -> None:
    make_stock("ZOMATO.NS", name="Another company")
    assert client.get("/stocks/ZOMATO.NS/").status_code == 200
    assert check_symbols(["ZOMATO.NS"]) == ["ZOMATO.NS"]
    assert Stock.objects.find("ZOMATO.NS") == Stock.objects.get(pk="ZOMATO.NS")
