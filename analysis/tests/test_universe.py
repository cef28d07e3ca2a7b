"""The universe: lists of stocks in their many shapes, imported again and again."""

import os
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from analysis.engine.bars import Bars
from analysis.histories import learn_about, row_of, store
from analysis.models import Index, IndexMember, Stock
from analysis.prices.instruments import exchange_of
from analysis.prices.pacer import ProcessPacer
from analysis.prices.port import History, StockMetadata, TradedPrices
from analysis.rejections import RequestRejected
from analysis.stock_lists.load import load_demo_market, load_from_yahoo, load_stocks
from analysis.tests.make import make_stock
from tests.yahoo_standin.server import YahooStandIn

pytestmark = pytest.mark.django_db

EQUITY_L = """SYMBOL,NAME OF COMPANY, SERIES, DATE OF LISTING, PAID UP VALUE, MARKET LOT, ISIN NUMBER, FACE VALUE
20MICRONS,20 Microns Limited,EQ,06-OCT-2008,5,1,INE144J01027,5
M&M,Mahindra & Mahindra Limited,EQ,03-JAN-1996,5,1,INE101A01026,5
BAJAJ-AUTO,Bajaj Auto Limited,BE,26-MAY-2008,10,1,INE917I01010,10
"""
NIFTY = """Company Name,Industry,Symbol,Series,ISIN Code
Mahindra & Mahindra Ltd.,Automobile and Auto Components,M&M,EQ,INE101A01026
DUMMYVEDL1 Ltd.,Metals & Mining,DUMMYVEDL1,EQ,DUM101A01026
"Bajaj Auto Ltd.",Automobile and Auto Components,BAJAJ-AUTO,EQ,INE917I01010

"""


def write(folder: Path, content: str, name: str = "list.csv") -> Path:
    file = folder / name
    file.write_text(content, encoding="utf-8", newline="\r\n")
    return file


def members(index: str) -> set[str]:
    return set(Index.objects.get(name=index).stocks.values_list("pk", flat=True))


def active() -> set[str]:
    return set(Stock.objects.active().values_list("pk", flat=True))


def test_nses_list_of_equities_is_read_as_downloaded(tmp_path: Path) -> None:
    done = load_stocks(write(tmp_path, EQUITY_L, "EQUITY_L.csv"))
    assert (done.added, done.problems) == (3, [])
    assert members("EQUITY_L") == {"20MICRONS.NS", "M&M.NS", "BAJAJ-AUTO.NS"}
    stock = Stock.objects.get(pk="M&M.NS")
    assert (stock.name, stock.exchange, stock.currency) == ("Mahindra & Mahindra Limited", "NSE", "INR")


def test_an_index_file_brings_industries_and_members_and_no_placeholders(tmp_path: Path) -> None:
    load_stocks(write(tmp_path, EQUITY_L))
    done = load_stocks(write(tmp_path, NIFTY), index="NIFTY 50")
    assert (done.added, done.updated, done.deactivated, done.problems) == (0, 2, 0, [])
    assert members("NIFTY 50") == {"M&M.NS", "BAJAJ-AUTO.NS"}
    assert Stock.objects.get(pk="M&M.NS").industry == "Automobile and Auto Components"


@pytest.mark.parametrize(("given", "name"), [(" NIFTY 50 ", "NIFTY 50"), ("  ", "list"), ("", "list")])
def test_blanks_around_the_name_of_a_list_are_left_out(tmp_path: Path, given: str, name: str) -> None:
    load_stocks(write(tmp_path, NIFTY, "list.csv"), index=given)
    assert [index.name for index in Index.objects.all()] == [name]


def test_a_list_without_industries_takes_none_away(tmp_path: Path) -> None:
    load_stocks(write(tmp_path, NIFTY), index="NIFTY 50")
    load_stocks(write(tmp_path, EQUITY_L))
    stock = Stock.objects.get(pk="M&M.NS")
    assert (stock.industry, stock.name) == ("Automobile and Auto Components", "Mahindra & Mahindra Limited")


def test_a_plain_list_needs_a_suffix_only_for_symbols(tmp_path: Path) -> None:
    load_stocks(write(tmp_path, "symbol,name\nTCS,Tata\n"), suffix=".BO")
    load_stocks(write(tmp_path, "Ticker,Name,Currency\nvod.l,Vodafone,GBX\nSAP.DE,SAP,\n", "mine.csv"), suffix=".BO")
    assert set(Stock.objects.values_list("pk", "currency")) == {
        ("TCS.BO", "INR"), ("VOD.L", "GBp"), ("SAP.DE", "EUR"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("ticker", "exchange", "currency", "decimals"),
    [
        ("TCS.NS", "NSE", "INR", 2),
        ("500325.BO", "BSE", "INR", 2),
        ("AAPL", "US", "USD", 2),
        ("VOD.L", "LSE", "GBp", 2),
        ("SAP.DE", "XETRA", "EUR", 2),
        ("SAP.F", "FRANKFURT", "EUR", 2),
        ("7203.T", "TSE", "JPY", 1),
        ("0700.HK", "HKEX", "HKD", 3),
    ],
)
def test_a_ticker_tells_exchange_currency_and_decimals(
    ticker: str, exchange: str, currency: str, decimals: int, tmp_path: Path
) -> None:
    load_stocks(write(tmp_path, f"ticker\n{ticker}\n"))
    stock = Stock.objects.get()
    assert (stock.exchange, stock.currency, stock.decimals) == (exchange, currency, decimals)


def test_pence_are_not_pounds(tmp_path: Path) -> None:
    load_stocks(write(tmp_path, "ticker,currency\nVOD.L,GBp\nBP.L,\nHSBA.L,gbp\n"))
    assert dict(Stock.objects.values_list("pk", "currency")) == {"VOD.L": "GBp", "BP.L": "GBp", "HSBA.L": "GBP"}
    assert exchange_of("VOD.L").currency == "GBp"


def test_what_left_its_list_becomes_inactive_and_stays(tmp_path: Path) -> None:
    load_stocks(write(tmp_path, "ticker\nA.NS\nB.NS\nC.NS\n"))
    done = load_stocks(write(tmp_path, "ticker\nA.NS\nC.NS\nD.NS\n"))
    assert (done.added, done.updated, done.deactivated) == (1, 2, 1)
    assert active() == members("list") == {"A.NS", "C.NS", "D.NS"}
    assert Stock.objects.count() == 4


def test_what_comes_back_is_active_again(tmp_path: Path) -> None:
    for tickers in ("A.NS\nB.NS", "A.NS", "A.NS\nB.NS"):
        load_stocks(write(tmp_path, f"ticker\n{tickers}\n"))
    assert active() == {"A.NS", "B.NS"}


def test_leaving_an_index_is_no_delisting_while_another_list_has_the_stock(tmp_path: Path) -> None:
    load_stocks(write(tmp_path, EQUITY_L))
    load_stocks(write(tmp_path, NIFTY), index="NIFTY 50")
    done = load_stocks(write(tmp_path, "\n".join(NIFTY.splitlines()[:2])), index="NIFTY 50")
    assert done.deactivated == 0
    assert members("NIFTY 50") == {"M&M.NS"}
    assert "BAJAJ-AUTO.NS" in active()


def test_a_stock_that_no_list_brought_is_left_alone(tmp_path: Path) -> None:
    make_stock("MINE.NS")
    make_stock("OFF.NS", is_active=False)
    for tickers in ("A.NS\nB.NS", "A.NS"):
        load_stocks(write(tmp_path, f"ticker\n{tickers}\n"))
    assert active() == {"A.NS", "MINE.NS"}


def test_a_member_that_was_switched_off_by_hand_stays_so(tmp_path: Path) -> None:
    file = write(tmp_path, "ticker\nA.NS\nB.NS\n")
    load_stocks(file)
    Stock.objects.filter(pk="A.NS").update(is_active=False)
    load_stocks(file)
    assert active() == {"B.NS"}


def test_a_list_with_broken_rows_does_not_tell_who_left(tmp_path: Path) -> None:
    load_stocks(write(tmp_path, "ticker\nA.NS\nB.NS\n"))
    done = load_stocks(write(tmp_path, "ticker\nA.NS\nB NS\n"))
    assert done.problems == ["list.csv, line 3: “B NS” is not a ticker. A ticker looks like TCS.NS or AAPL."]
    assert (done.deactivated, active()) == (0, {"A.NS", "B.NS"})


def test_a_broken_row_takes_no_other_with_it(tmp_path: Path) -> None:
    rows = [
        '"TCS.NS,Tata,',
        "INFY.NS,Infosys,INR",
        "VOD.L,Vodafone,pounds",
        "X.NS," + "x" * 200_000 + ",",
        "AAPL,Apple,USD",
    ]
    file = tmp_path / "list.csv"
    file.write_text("\n".join(["ticker,name,currency", *rows]))
    done = load_stocks(file)
    assert set(Stock.objects.values_list("pk", flat=True)) == {"INFY.NS", "AAPL"}
    assert [problem.partition(":")[0] for problem in done.problems] == [f"list.csv, line {line}" for line in (2, 4, 5)]
    assert done.problems[1] == "list.csv, line 4: “pounds” is not a currency like INR."


def test_half_a_download_makes_nobody_inactive(tmp_path: Path) -> None:
    tickers = [f"T{number}.NS" for number in range(60)]
    load_stocks(write(tmp_path, "\n".join(["ticker", *tickers])))
    done = load_stocks(write(tmp_path, "\n".join(["ticker", *tickers[:25]])))
    assert len(active()) == 60
    assert "taken for incomplete" in done.problems[-1]


def test_the_demo_market_is_a_list_too() -> None:
    tickers = load_demo_market()
    load_demo_market()
    assert members("Demo market") == active() == set(tickers)
    assert Stock.objects.get(pk="QUILLMERE.DEMO").currency == "USD"


def quote(number: int, **about: Any) -> dict[str, Any]:
    return {"symbol": f"S{number}.NS", "longName": f"Stock {number}", "currency": "INR", "quoteType": "EQUITY"} | about


def from_yahoo(region: str = "in") -> Any:
    return load_from_yahoo(region, pacer=ProcessPacer(float("inf")))


def test_yahoos_screener_is_read_page_by_page(standin: YahooStandIn) -> None:
    standin.listed = [quote(number) for number in range(600)] + [quote(1, symbol="TWO WORDS")]
    done = from_yahoo()
    assert (done.added, done.problems) == (600, ["Yahoo: “TWO WORDS” is not a ticker."])
    assert standin.others["/v1/finance/screener"] == 3
    stock = Stock.objects.get(pk="S7.NS")
    assert (stock.name, stock.exchange, stock.currency) == ("Stock 7", "NSE", "INR")
    standin.listed = standin.listed[:590]
    done = from_yahoo()
    assert (done.added, done.updated, done.deactivated, done.problems) == (0, 590, 10, [])


def test_nothing_changes_when_yahoo_does_not_give_all(standin: YahooStandIn) -> None:
    standin.listed = [quote(number) for number in range(300)]
    from_yahoo()
    standin.limit(60)
    with pytest.raises(RequestRejected, match=r"Yahoo limits our requests: .* Nothing was changed\."):
        from_yahoo()
    assert len(active()) == 300
    standin.come_back()
    standin.listed = []
    with pytest.raises(RequestRejected, match="found no stocks"):
        from_yahoo()


def test_an_unknown_region_is_refused_without_a_request(standin: YahooStandIn) -> None:
    with pytest.raises(RequestRejected, match="“mars” is not a region"):
        from_yahoo("mars")
    assert not standin.others


def run(*args: str) -> tuple[str, str, int]:
    out, err = StringIO(), StringIO()
    try:
        call_command("load_stocks", *args, stdout=out, stderr=err)
    except CommandError as error:
        return out.getvalue(), err.getvalue() + str(error), error.returncode
    return out.getvalue(), err.getvalue(), 0


def test_the_command_loads_an_index_and_tells_who_left(tmp_path: Path) -> None:
    file = write(tmp_path, NIFTY, "ind_nifty50list.csv")
    assert run(str(file), "--index", "NIFTY 50") == ("ind_nifty50list.csv: 2 stocks added, 0 updated.\n", "", 0)
    write(tmp_path, "\n".join(NIFTY.splitlines()[:2]), "ind_nifty50list.csv")
    out, _, _ = run(str(file), "--index", "NIFTY 50")
    assert out == "ind_nifty50list.csv: 0 stocks added, 1 updated, 1 made inactive.\n"
    assert members("NIFTY 50") == {"M&M.NS"}


@pytest.mark.parametrize("args", [(), ("one.csv", "two.csv", "--index", "NIFTY 50"), ("--from-yahoo", "mars")])
def test_the_command_says_what_it_needs(args: tuple[str, ...]) -> None:
    out, err, code = run(*args)
    assert (out, code) == ("", 2)
    assert err.endswith(".")


def test_the_command_asks_yahoo(standin: YahooStandIn) -> None:
    standin.listed = [quote(number) for number in range(5)]
    assert run("--from-yahoo", "in") == ("Yahoo: 5 stocks added, 0 updated.\n", "", 0)


@pytest.mark.real
def test_nses_real_lists_are_read_without_a_problem() -> None:
    if "REAL_BARS_DIR" not in os.environ:
        pytest.skip("REAL_BARS_DIR names no folder of real bars.")
    folder = Path(os.environ["REAL_BARS_DIR"]).parent
    if not (folder / "nse_equities.csv").exists():
        pytest.skip("There are no lists of stocks beside the folder that REAL_BARS_DIR names.")
    counts = {"nse_equities": 2132, "nifty500": 500, "nifty50": 50}
    for name in counts:
        assert load_stocks(folder / f"{name}.csv").problems == []
    found = {index.name: IndexMember.objects.filter(index=index).count() for index in Index.objects.all()}
    assert found == counts
    assert Stock.objects.exclude(pk__endswith=".NS").count() == 0


def test_a_lists_currency_counts_until_a_source_reports_one(tmp_path: Path) -> None:
    listed = tmp_path / "list.csv"
    listed.write_text("ticker,name,currency\nAV.L,Insurer,GBP\nMWRL.L,Fund,GBP\n")
    load_stocks(listed)
    assert dict(Stock.objects.values_list("pk", "currency")) == {"AV.L": "GBP", "MWRL.L": "GBP"}
    day = np.array(["2026-11-20"], dtype="datetime64[D]")
    price = np.array([560.0])
    history = History(
        Bars(day, price, price, price, price, price), adjusted=True, metadata=StockMetadata(currency="GBp")
    )
    stock = Stock.objects.get(pk="AV.L")
    now = timezone.now()
    store([row_of("AV.L", "yahoo", history, date(2026, 11, 20), now)], {"AV.L": learn_about(stock, history)})
    load_stocks(listed)
    assert dict(Stock.objects.values_list("pk", "currency")) == {"AV.L": "GBp", "MWRL.L": "GBP"}


def test_a_stock_has_the_latest_split_that_its_source_knows(tmp_path: Path) -> None:
    stock = Stock.of_ticker("AV.L")
    days = np.array(["2026-11-18", "2026-11-19", "2026-11-20"], dtype="datetime64[D]")
    price = np.array([560.0, 280.0, 281.0])
    bars = Bars(days, price, price, price, price, price)
    split = History(bars, adjusted=True, traded=TradedPrices(days, price, np.array([1.0, 2.0, 1.0]), np.zeros(3)))
    assert learn_about(stock, split)["last_split"] == date(2026, 11, 19)
    assert "last_split" not in learn_about(stock, History(bars, adjusted=True))  # says nothing of splits
    corrected = History(bars, adjusted=True, traded=TradedPrices(days, price, np.ones(3), np.zeros(3)))
    assert learn_about(stock, corrected)["last_split"] is None
