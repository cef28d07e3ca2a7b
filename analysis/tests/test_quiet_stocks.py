"""Quiet stocks: delisted tickers are requested ever less often, and each job says when the next request is."""

import itertools
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from analysis.jobs.estimate import estimate
from analysis.models import ErrorKind, JobDetail, QuietStock, RawData, Stock
from analysis.prices.instruments import exchange_of
from analysis.prices.port import PriceError, PriceErrorKind
from analysis.prices.trading_calendar import library_calendar_of
from analysis.stock_lists.renames import Rename, rename_stocks
from analysis.tests.make import details_of, make_finished_job, make_job
from analysis.worker.quiet_stocks import days_until_next, record_nothing_new
from analysis.worker.slice import run_job
from tests.yahoo_standin.behaviours import BEHAVIOURS, Asked, Reply, as_json
from tests.yahoo_standin.server import YahooStandIn

pytestmark = pytest.mark.django_db
INDIA = ZoneInfo("Asia/Kolkata")
SESSIONS: list[date] = [
    day for day in library_calendar_of(exchange_of("TCS.NS")).sessions.astype(object) if date(2026, 1, 1) <= day
]
GONE = "LEAVING.NS"


def evening(day: date, *tickers: str) -> dict[str, JobDetail]:
    """The details of an evening's job."""
    with time_machine.travel(datetime(day.year, day.month, day.day, 20, tzinfo=INDIA), tick=False):
        return details_of(make_finished_job(*tickers))


@pytest.fixture
def delisted(standin: YahooStandIn) -> YahooStandIn:
    """A stock that was analysed, and is unknown to Yahoo since."""
    evening(SESSIONS[9], GONE, "TCS.NS")
    standin.behaviours[GONE] = BEHAVIOURS["UNKNOWN"]
    return standin


def until_left_alone() -> date:
    """The first evening on which the stock is not requested, after those before it."""
    for day in SESSIONS[10:]:
        quiet = QuietStock.objects.filter(stock=GONE).first()
        if quiet and quiet.next_request > day:
            return day
        evening(day, GONE, "TCS.NS")
    raise AssertionError("it is requested every day")


def requested(standin: YahooStandIn, days: list[date], *tickers: str) -> list[date]:
    """The days on which a job of these stocks requested the first of them."""
    found = []
    for day in days:
        before = standin.requests[tickers[0]]
        evening(day, *tickers)
        if standin.requests[tickers[0]] > before:
            found.append(day)
    return found


def test_a_delisted_stock_is_requested_ever_less_often(delisted: YahooStandIn) -> None:
    days = requested(delisted, SESSIONS[10:130], GONE, "TCS.NS")
    apart = [(after - before).days for before, after in itertools.pairwise(days)]
    assert len(days) <= 12, days
    assert apart[-1] >= 30
    assert apart[:2] == [(SESSIONS[11] - SESSIONS[10]).days, (SESSIONS[12] - SESSIONS[11]).days]
    assert delisted.requests["TCS.NS"] == 121


def test_a_job_in_between_says_when_it_is_requested_again(delisted: YahooStandIn) -> None:
    next_day = until_left_alone()
    quiet = QuietStock.objects.get()
    before = delisted.requests[GONE]
    detail = evening(next_day, GONE, "TCS.NS")[GONE]
    assert delisted.requests[GONE] == before
    assert (detail.status, detail.error_kind) == ("failed", ErrorKind.NO_DATA)
    assert detail.error_message.startswith(f"Yahoo has no prices for the symbol {GONE}")
    assert (
        f"was requested on {quiet.requests} days without a new price, and will be again from {quiet.next_request}"
        in detail.error_message
    )
    stock = Stock.objects.get(pk=GONE)
    assert stock.last_result
    assert stock.last_result.day == SESSIONS[9]


def test_a_job_of_the_stock_alone_requests_it_and_a_price_ends_the_wait(delisted: YahooStandIn) -> None:
    for day in SESSIONS[10:15]:
        evening(day, GONE, "TCS.NS")
    del delisted.behaviours[GONE]
    assert evening(SESSIONS[15], GONE)[GONE].status == "completed"
    assert not QuietStock.objects.exists()
    assert requested(delisted, SESSIONS[16:18], GONE, "TCS.NS") == SESSIONS[16:18]


def test_old_prices_are_nothing_new_either(standin: YahooStandIn) -> None:
    standin.market.until = lambda symbol: SESSIONS[9] if symbol == GONE else SESSIONS[-1]
    days = requested(standin, SESSIONS[10:60], GONE, "TCS.NS")
    assert len(days) <= 13, days
    detail = evening(SESSIONS[60], GONE, "TCS.NS")[GONE]
    assert detail.status == "completed"
    assert detail.day == SESSIONS[9]


def test_a_source_that_is_late_for_a_whole_exchange_is_requested_every_evening(standin: YahooStandIn) -> None:
    """Else its first new session would find all stocks left alone."""
    late = ("TCS.NS", "INFY.NS", GONE)
    standin.market.until = lambda symbol: SESSIONS[9] if symbol.endswith(".NS") else SESSIONS[-1]
    days = requested(standin, SESSIONS[9:25], *late, "AAPL")
    assert days == SESSIONS[9:25]
    standin.market.until = lambda symbol: SESSIONS[9] if symbol == GONE else SESSIONS[-1]
    assert all(detail.day == SESSIONS[25] for ticker, detail in evening(SESSIONS[25], *late).items() if ticker != GONE)
    assert len(requested(standin, SESSIONS[26:66], GONE, "TCS.NS")) <= 12  # this one has left


def test_an_analysis_of_old_prices_says_when_newer_ones_are_requested(standin: YahooStandIn) -> None:
    standin.market.until = lambda symbol: SESSIONS[9] if symbol == GONE else SESSIONS[-1]
    for day in SESSIONS[10:30]:
        evening(day, GONE, "TCS.NS")
    quiet = QuietStock.objects.get()
    evening(quiet.next_request - timedelta(days=1), GONE, "TCS.NS")
    found = RawData.objects.filter(result__stock=GONE).latest("result__day").evidence["data_quality"]
    (message,) = [finding["message"] for finding in found if finding["code"] == "requested_less"]
    assert f"will be again from {quiet.next_request}" in message


def test_a_source_that_is_away_for_days_does_not_count(delisted: YahooStandIn) -> None:
    delisted.behaviours["TCS.NS"] = BEHAVIOURS["RESET"]
    with time_machine.travel(datetime(2026, 2, 2, 20, tzinfo=INDIA)) as traveller:
        job = make_job("TCS.NS")
        run_job(str(job.pk), on_wait=lambda: traveller.shift(timedelta(minutes=7)))
    assert details_of(job)["TCS.NS"].status == "failed"
    assert not QuietStock.objects.filter(stock="TCS.NS").exists()


def test_two_jobs_of_a_day_count_once(delisted: YahooStandIn) -> None:
    for _ in range(3):
        evening(SESSIONS[10], GONE)
    assert QuietStock.objects.get().requests == 1


def test_an_estimate_leaves_out_those_that_are_not_requested(delisted: YahooStandIn) -> None:
    next_day = until_left_alone()
    stocks = Stock.objects.filter(pk__in=[GONE, "TCS.NS"])
    with time_machine.travel(datetime.combine(next_day, datetime.min.time(), INDIA) + timedelta(hours=20)):
        found = estimate(stocks, price_source="yahoo")
    assert found
    assert found.requests == 1


def test_the_days_between_requests_double_up_to_a_month() -> None:
    assert [days_until_next(requests).days for requests in range(1, 11)] == [1, 1, 1, 2, 4, 8, 16, 30, 30, 30]


def test_a_job_that_is_run_again_requests_it(delisted: YahooStandIn) -> None:
    next_day = until_left_alone()
    with time_machine.travel(datetime(next_day.year, next_day.month, next_day.day, 20, tzinfo=INDIA), tick=False):
        first = make_finished_job(GONE, "TCS.NS", "INFY.NS")
        before = delisted.requests[GONE]
        make_finished_job(GONE, "TCS.NS", parent=first)
    assert delisted.requests[GONE] == before + 1


def test_one_evening_without_prices_stops_no_later_job_of_the_day(delisted: YahooStandIn) -> None:
    evening(SESSIONS[10], GONE, "TCS.NS")
    del delisted.behaviours[GONE]
    assert evening(SESSIONS[10], GONE, "TCS.NS")[GONE].status == "completed"


def test_a_stock_that_was_renamed_is_requested_at_once(delisted: YahooStandIn) -> None:
    def under_the_new_name(asked: Asked) -> Reply:
        chart = asked.market.chart(GONE, asked.first, asked.last)
        chart["chart"]["result"][0]["meta"]["symbol"] = "NEWNAME.NS"
        return as_json(chart)

    delisted.behaviours["NEWNAME.NS"] = under_the_new_name
    next_day = until_left_alone()
    rename_stocks([Rename(GONE, "NEWNAME.NS", isin="")])
    assert not QuietStock.objects.exists()
    detail = evening(next_day, "NEWNAME.NS", "TCS.NS")["NEWNAME.NS"]
    assert (detail.status, detail.error_message) == ("completed", "")


def test_nothing_is_stored_of_a_stock_that_was_deleted_meanwhile() -> None:
    error = PriceError(PriceErrorKind.NO_DATA, "Nothing. " * 100, permanent=False)
    assert record_nothing_new(None, "GONE.NS", "yahoo", error, SESSIONS[0]).requests == 1
    assert not QuietStock.objects.exists()
