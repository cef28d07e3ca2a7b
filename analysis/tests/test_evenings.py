"""Evenings: which session an analysis is about, for each kind of instrument, over a weekend and a holiday."""

from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings

from analysis.models import PriceHistory, RawData, Result, Stock
from analysis.prices.instruments import exchange_of
from analysis.prices.sessions import sessions_between
from analysis.tests.make import make_finished_job, make_user
from tests.yahoo_standin.behaviours import changed
from tests.yahoo_standin.server import YahooStandIn

pytestmark = pytest.mark.django_db
INDIA, LONDON, NEW_YORK = ZoneInfo("Asia/Kolkata"), ZoneInfo("Europe/London"), ZoneInfo("America/New_York")
FRIDAY, THANKSGIVING = date(2026, 11, 20), date(2026, 11, 26)


def at(zone: tzinfo, day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of November 2026."""
    return datetime(2026, 11, day, hour, minute, tzinfo=zone)


@pytest.mark.parametrize(
    ("ticker", "evenings"),
    [
        # Guru Nanak's birthday, Tuesday 24 November, is a holiday in India.
        (
            "TCS.NS",
            [(at(INDIA, 20, 16), 20), (at(INDIA, 22, 12), 20), (at(INDIA, 24, 20), 23), (at(INDIA, 25, 16), 25)],
        ),
        ("^NSEI", [(at(INDIA, 20, 15, 59), 19), (at(INDIA, 20, 16), 20), (at(INDIA, 24, 20), 23)]),
        ("AAPL", [(at(NEW_YORK, 20, 16, 30), 20), (at(NEW_YORK, 26, 20), 25), (at(NEW_YORK, 27, 13, 30), 27)]),
        ("VWILX", [(at(NEW_YORK, 20, 16, 30), 20), (at(NEW_YORK, 26, 20), 25)]),
        ("AV.L", [(at(LONDON, 20, 17), 20), (at(LONDON, 22, 17), 20), (at(LONDON, 26, 17), 26)]),
        (
            "EURUSD=X",
            [(at(LONDON, 20, 22), 19), (at(LONDON, 21, 1), 20), (at(LONDON, 22, 23), 20), (at(LONDON, 27, 1), 26)],
        ),
        ("GC=F", [(at(NEW_YORK, 20, 18, 30), 20), (at(NEW_YORK, 22, 20), 20), (at(NEW_YORK, 26, 18, 30), 26)]),
        (
            "BTC-EUR",
            [(at(UTC, 20, 21, 45), 19), (at(UTC, 21, 0, 30), 20), (at(UTC, 22, 12), 21), (at(UTC, 23, 0, 30), 22)],
        ),
    ],
)
def test_an_evening_of_each_kind_is_of_its_last_session(
    standin: YahooStandIn, ticker: str, evenings: list[tuple[datetime, int]]
) -> None:
    for moment, day in evenings:
        with time_machine.travel(moment, tick=False):
            make_finished_job(ticker)
            result = Result.objects.filter(stock=ticker).latest("day")
            assert (result.day, result.status, result.error_message) == (date(2026, 11, day), "completed", "")
            findings = RawData.objects.get(result=result).evidence["data_quality"]
            assert findings == []
            requests = standin.requests[ticker]
            make_finished_job(ticker)
            assert standin.requests[ticker] == requests, "bars up to the last closed session are fresh"


def test_a_stock_learns_what_it_is_from_its_source(standin: YahooStandIn) -> None:
    with time_machine.travel(at(UTC, 21, 12)):
        for ticker in ("^NSEI", "^OMXH25", "VWILX", "GBPUSD=X", "BTC-EUR", "AV.L", "TCS.NS", "SHIB-USD"):
            make_finished_job(ticker)
    rows = Stock.objects.values_list("ticker", "kind", "exchange", "currency", "source_decimals")
    assert sorted(rows) == [
        ("AV.L", "share", "LSE", "GBp", 2),
        ("BTC-EUR", "crypto", "CRYPTO", "EUR", 2),
        ("GBPUSD=X", "pair", "FOREX", "USD", 4),
        ("SHIB-USD", "crypto", "CRYPTO", "USD", 2),
        ("TCS.NS", "share", "NSE", "INR", 2),
        ("VWILX", "fund", "US", "USD", 2),
        ("^NSEI", "index", "NSE", "INR", 2),
        ("^OMXH25", "index", "OTHER", "USD", 2),
    ]
    pair = Stock.objects.get(pk="GBPUSD=X")
    assert pair.last_result
    assert pair.last_result.close
    assert pair.decimals == (5 if pair.last_result.close >= 1 else 6)


def test_a_history_keeps_what_its_source_last_said_of_the_instrument(standin: YahooStandIn) -> None:
    with time_machine.travel(at(INDIA, 19, 20)):
        make_finished_job("TCS.NS")
    history = PriceHistory.objects.get()
    assert history.about == {
        "symbol": "TCS.NS",
        "currency": "INR",
        "instrument_type": "share",
        "exchange": "NSE",
        "exchange_name": "NSE",
        "price_hint": 2,
        "first_trade_date": "2015-01-01",
    }
    standin.market.dividends["TCS.NS"][FRIDAY] = 0.00005  # too small for another adjustment
    meta = {"firstTradeDate": 1029123900, "fullExchangeName": "National\u2009Exchange", "instrumentType": ["?"]}
    standin.behaviours["TCS.NS"] = changed(lambda result: result["meta"].update(meta))
    with time_machine.travel(at(INDIA, 20, 20)):
        make_finished_job("TCS.NS")
    assert standin.requests["TCS.NS"] == 2
    again = PriceHistory.objects.get()
    assert again.read_metadata().first_trade_date == date(2002, 8, 12)
    assert again.about["exchange_name"] == "National Exchange"
    assert again.about["instrument_type"] == "share", "what an answer does not say stays as it was said last"
    traded = again.as_history().traded
    assert traded
    assert list(traded.dividends) == [FRIDAY]


def test_dividends_in_pence_are_shown_in_pence(standin: YahooStandIn, client: Client) -> None:
    standin.market.dividends["AV.L"] = {date(2026, 5, 7): 0.02, date(2026, 11, 19): 0.01}
    standin.market.splits["AV.L"][date(2026, 11, 18)] = 2.0
    with time_machine.travel(at(LONDON, 18, 20)):
        make_finished_job("AV.L")
    with time_machine.travel(at(LONDON, 20, 20)):
        make_finished_job("AV.L")
        client.force_login(make_user("ann"))
        text = client.get("/stocks/AV.L/").text
    traded = PriceHistory.objects.get().unpack_traded()
    assert traded
    first, last = traded.dividends.values()
    listing = " ".join(text.partition('id="listing-title"')[2].partition("</section>")[0].split())
    assert f"{last:,.2f} GBp <small>ex-date 19 Nov 2026</small>" in listing
    assert f"{first + last:,.2f} GBp <small>yield {(first + last) / traded.close[-1]:.2%}</small>" in listing
    assert "2:1 <small>18 Nov 2026</small>" in listing
    assert "First trade</dt> <dd> 1 Jan 2015" in listing
    assert "As reported by Yahoo." in listing


def test_a_close_before_a_split_is_shown_in_todays_shares(standin: YahooStandIn, client: Client) -> None:
    with time_machine.travel(at(INDIA, 19, 20)):
        make_finished_job("TCS.NS")
        before = Result.objects.get().close
    standin.market.splits["TCS.NS"][FRIDAY] = 2.0
    with time_machine.travel(at(INDIA, 20, 20)):
        make_finished_job("TCS.NS")
        client.force_login(make_user("ann"))
        text = client.get("/stocks/TCS.NS/").text
    assert before
    latest = Result.objects.latest("day")
    assert latest.previous_close == pytest.approx(before / 2)
    assert latest.ratings.get().caution == ""
    assert f"computed as ₹{before:,.2f}, before a split" in text


def test_a_jump_in_the_prices_marks_the_verdict_everywhere(settings: Settings, client: Client, tmp_path: Path) -> None:
    settings.PRICE_SOURCE, settings.CSV_PRICES_DIR = "csv", tmp_path
    days = sessions_between(exchange_of("JUMP.NS"), date(2024, 1, 1), FRIDAY)[-400:]
    level = [1000.0 - n for n in range(390)] + [300.0 - n for n in range(10)]
    rows = [f"{day},{p},{p + 5},{p - 5},{p - 1},{1000 + p}" for day, p in zip(days, level, strict=True)]
    (tmp_path / "JUMP.NS.csv").write_text("\n".join(["date,open,high,low,close,volume", *rows]))
    with time_machine.travel(at(INDIA, 20, 20)):
        make_finished_job("JUMP.NS")
        result = Result.objects.get().ratings.get()
        assert result.caution.startswith("The price jumped on 2026-11-0")
        assert result.no_trade_reason.startswith("no plan: its stop would rest on the price jump of 2026-11-0")
        assert result.plan is None
        client.force_login(make_user("ann"))
        assert "Price jump" in client.get("/stocks/JUMP.NS/").text
        assert "Price jump" in client.get("/screener/").text


def test_a_result_computed_after_a_split_is_in_todays_shares_already(standin: YahooStandIn, client: Client) -> None:
    standin.market.splits["TCS.NS"][FRIDAY] = 2.0
    with time_machine.travel(at(INDIA, 20, 20)):
        make_finished_job("TCS.NS", as_of=date(2026, 11, 18))
        make_finished_job("TCS.NS")
        client.force_login(make_user("ann"))
        text = client.get("/stocks/TCS.NS/").text
    assert Result.objects.count() == 2
    assert "before a split" not in text


def test_an_index_stored_by_an_earlier_version_learns_its_exchange(standin: YahooStandIn) -> None:
    Stock.objects.create(ticker="^NSEI", exchange="OTHER", currency="", kind="index")
    with time_machine.travel(at(INDIA, 20, 20)):
        make_finished_job("^NSEI")
    stock = Stock.objects.get()
    assert (stock.exchange, stock.currency) == ("NSE", "INR")
