"""A second source: it answers while the first is unavailable, is named, never mixed, and compared with the first."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings

from analysis.models import Job, JobDetail, PriceHistory, RawData, RequestPace, Result, Stock
from analysis.prices.source_order import SourceOrder, parse_sources, parse_sources_by_exchange
from analysis.prices.two_sources import LastSession
from analysis.tests.make import details_of, make_finished_job, make_job, make_user
from analysis.worker.slice import run_slice
from tests.yahoo_standin.behaviours import BEHAVIOURS
from tests.yahoo_standin.server import YahooStandIn

pytestmark = pytest.mark.django_db
INDIA = ZoneInfo("Asia/Kolkata")
TODAY, YESTERDAY = date(2026, 4, 24), date(2026, 4, 23)
TICKER = "TCS.NS"


@pytest.fixture
def folder(standin: YahooStandIn, settings: Settings, tmp_path: Path) -> Iterator[Path]:
    """Yahoo first and an empty folder of price files beside it, on an evening."""
    settings.PRICE_ORDER = SourceOrder(("yahoo", "csv"))
    settings.CSV_PRICES_DIR = tmp_path / "prices"
    settings.CSV_PRICES_DIR.mkdir()
    with time_machine.travel(datetime(2026, 4, 24, 20, tzinfo=INDIA), tick=False):
        yield settings.CSV_PRICES_DIR


def bars_of(standin: YahooStandIn, last: date = TODAY) -> list[list[float | str]]:
    """The stand-in's bars as the rows of a file."""
    result = standin.market.chart(TICKER, date(2024, 1, 1), last)["chart"]["result"][0]
    quote = result["indicators"]["quote"][0]
    days = [datetime.fromtimestamp(stamp, INDIA).date().isoformat() for stamp in result["timestamp"]]
    columns = (days, *(quote[name] for name in ("open", "high", "low", "close", "volume")))
    return [list(row) for row in zip(*columns, strict=True)]


def write(folder: Path, rows: list[list[float | str]]) -> None:
    lines = [",".join(str(cell) for cell in row) for row in rows]
    (folder / f"{TICKER}.csv").write_text("\n".join(["date,open,high,low,close,volume", *lines]))


def run_once(*tickers: str) -> JobDetail:
    """The detail of the first stock after one slice; nothing is waited for."""
    job = make_job(*(tickers or (TICKER,)))
    run_slice(str(job.pk))
    return details_of(job)[(tickers or (TICKER,))[0]]


def findings(code: str, ticker: str = TICKER) -> list[str]:
    evidence = RawData.objects.filter(result__stock=ticker).latest("result__day").evidence
    return [finding["message"] for finding in evidence["data_quality"] if finding["code"] == code]


@pytest.mark.parametrize("behaviour", ["BROKEN", "RESET", "HTML", "REFUSED"])
def test_a_file_answers_at_once_while_yahoo_is_unavailable(
    folder: Path, standin: YahooStandIn, behaviour: str, client: Client
) -> None:
    write(folder, bars_of(standin))
    standin.behaviours[TICKER] = BEHAVIOURS[behaviour]
    detail = run_once()
    assert (detail.status, detail.error_message) == ("completed", "")
    result = Result.objects.get()
    assert (result.price_source, result.day) == ("csv", TODAY)
    assert detail.found["fingerprints"]["source"] == "csv"  # type: ignore[index]
    client.force_login(make_user("ann"))
    text = client.get(f"/stocks/{TICKER}/").text
    assert "Prices from CSV folder, because Yahoo gave none that could be used." in text
    Job.objects.update(price_source="csv")  # submitted when files were first
    assert "that could be used" not in client.get(f"/stocks/{TICKER}/").text


def test_yahoo_answers_again_when_it_is_back_and_the_histories_are_two(folder: Path, standin: YahooStandIn) -> None:
    write(folder, bars_of(standin))
    standin.behaviours[TICKER] = BEHAVIOURS["BROKEN"]
    run_once()
    del standin.behaviours[TICKER]
    assert run_once().status == "completed"
    assert Result.objects.get().price_source == "yahoo"
    assert {row.source: row.first_session for row in PriceHistory.objects.all()} == {
        "yahoo": date(2021, 4, 23),
        "csv": date(2024, 1, 1),
    }


@pytest.mark.parametrize("behaviour", ["NULLRESULT", "BADREQUEST", "OTHERSYMBOL", "OTHERCURRENCY"])
def test_a_file_answers_for_a_stock_that_yahoo_is_odd_about(
    folder: Path, standin: YahooStandIn, behaviour: str
) -> None:
    standin.market.until = lambda symbol: YESTERDAY if symbol == TICKER else TODAY
    make_finished_job(TICKER)
    standin.market.until = lambda _: TODAY
    write(folder, bars_of(standin))
    standin.behaviours[TICKER] = BEHAVIOURS[behaviour]
    assert run_once().status == "completed"
    assert Result.objects.get(day=TODAY).price_source == "csv"


@pytest.mark.parametrize("behaviour", ["NULLRESULT", "BADREQUEST", "OTHERSYMBOL"])
def test_it_answers_on_every_evening_and_says_why_also_where_yahoo_is_requested_ever_less_often(
    folder: Path, standin: YahooStandIn, behaviour: str
) -> None:
    make_finished_job(TICKER)
    standin.behaviours[TICKER] = BEHAVIOURS[behaviour]
    start = datetime(2026, 4, 24, 20, tzinfo=INDIA)
    evenings = [evening for days in range(1, 17) if (evening := start + timedelta(days=days)).weekday() < 5]
    before = standin.requests[TICKER]
    for evening in evenings:
        today = evening.date()
        standin.market.until = lambda _, today=today: today  # type: ignore[misc]
        with time_machine.travel(evening, tick=False):
            write(folder, bars_of(standin, today))
            assert run_once(TICKER, "INFY.NS").status == "completed", evening
            assert Result.objects.filter(stock=TICKER).latest("day").price_source == "csv"
            (message,) = findings("answer_not_used")
            assert message.endswith("The prices are those of CSV folder instead.")
    assert standin.requests[TICKER] - before < len(evenings) - 3


def test_a_file_that_is_as_before_is_not_read_again_while_yahoo_is_down(folder: Path, standin: YahooStandIn) -> None:
    write(folder, bars_of(standin))
    standin.go_down(3600)
    tomorrow = clock_of(folder / f"{TICKER}.csv") + timedelta(days=1)
    with time_machine.travel(tomorrow, tick=False) as traveller:
        job = make_job(TICKER)
        run_slice(str(job.pk))
        stored, tried = PriceHistory.objects.get(source="csv"), standin.requests[TICKER]
        for _ in range(3):
            traveller.shift(timedelta(minutes=10))
            JobDetail.objects.update(not_before=None, wait_reason="")
            run_slice(str(job.pk))
    assert standin.requests[TICKER] > tried
    assert PriceHistory.objects.get(source="csv").fetched_at == stored.fetched_at == tomorrow


def clock_of(path: Path) -> datetime:
    """The time at which the file system says that a file was written; the test's clock is another."""
    return datetime.fromtimestamp(path.stat().st_ctime, UTC)


def test_a_ticker_that_no_source_has_is_requested_once_while_the_folder_is_away(
    folder: Path, standin: YahooStandIn, settings: Settings
) -> None:
    settings.PRICE_SOURCE, settings.PRICE_ORDER = "csv", SourceOrder(("csv", "yahoo"))
    folder.rmdir()
    standin.behaviours[TICKER] = BEHAVIOURS["UNKNOWN"]
    detail = run_once()
    assert detail.status == "failed"
    assert detail.error_message.startswith("The folder of price files cannot be found.")
    assert "Yahoo has no prices for the symbol" in detail.error_message
    assert standin.requests[TICKER] == 1


@pytest.mark.parametrize("behaviour", ["UNKNOWN", "ALLNULL"])
def test_an_unknown_ticker_is_no_matter_of_another_source(folder: Path, standin: YahooStandIn, behaviour: str) -> None:
    write(folder, bars_of(standin))
    standin.behaviours[TICKER] = BEHAVIOURS[behaviour]
    assert run_once().status == "failed"
    assert not Result.objects.completed().exists()


def test_a_stock_without_a_file_waits_for_yahoo(folder: Path, standin: YahooStandIn) -> None:
    standin.behaviours[TICKER] = BEHAVIOURS["BROKEN"]
    detail = run_once()
    assert (detail.status, detail.unanswered) == ("queued", 1)


def test_an_old_file_answers_only_when_yahoo_is_given_up(folder: Path, standin: YahooStandIn) -> None:
    write(folder, bars_of(standin, YESTERDAY))
    standin.behaviours[TICKER] = BEHAVIOURS["BROKEN"]
    job = make_job(TICKER)
    run_slice(str(job.pk))
    assert details_of(job)[TICKER].status == "queued"
    JobDetail.objects.update(unanswered=4, not_before=None, wait_reason="")
    RequestPace.objects.all().delete()
    run_slice(str(job.pk))
    assert details_of(job)[TICKER].status == "completed"
    result = Result.objects.get()
    assert (result.price_source, result.day) == ("csv", YESTERDAY)
    assert findings("stale")


def test_files_answer_for_all_while_requests_are_paused(folder: Path, standin: YahooStandIn) -> None:
    write(folder, bars_of(standin))
    standin.go_down(3600)
    run_once("AAA.NS", "BBB.NS", "CCC.NS", "DDD.NS")
    assert RequestPace.objects.get().reason == "silent"
    before = standin.requests.total()
    assert run_once().status == "completed"
    assert standin.requests.total() == before
    assert Result.objects.get().price_source == "csv"


def test_a_short_limit_is_waited_for(folder: Path, standin: YahooStandIn) -> None:
    write(folder, bars_of(standin))
    standin.limit(3600)
    assert run_once().status == "queued"


def test_files_first_and_yahoo_while_their_folder_is_away(
    folder: Path, standin: YahooStandIn, settings: Settings
) -> None:
    settings.PRICE_SOURCE, settings.PRICE_ORDER = "csv", SourceOrder(("csv", "yahoo"))
    folder.rmdir()
    assert run_once().status == "completed"
    assert Result.objects.get().price_source == "yahoo"
    folder.mkdir()
    write(folder, bars_of(standin))
    assert run_once().status == "completed"
    assert Result.objects.get().price_source == "csv"
    assert standin.requests.total() == 1


def test_the_order_may_be_another_for_an_exchange(folder: Path, standin: YahooStandIn, settings: Settings) -> None:
    settings.PRICE_ORDER = SourceOrder(("yahoo",), {"NSE": ("csv", "yahoo")})
    write(folder, bars_of(standin))
    make_finished_job(TICKER, "AAPL")
    assert dict(Result.objects.values_list("stock", "price_source")) == {TICKER: "csv", "AAPL": "yahoo"}


@pytest.mark.parametrize(("close", "volume", "count"), [(1.0005, 1.9, 0), (1.002, 1.0, 1), (1.0, 2.1, 1)])
def test_sources_that_differ_about_the_last_session_are_both_shown(
    folder: Path, standin: YahooStandIn, close: float, volume: float, count: int
) -> None:
    rows = bars_of(standin)
    *before, last = rows
    day, open_, high, low, own_close, own_volume = last
    changed = [day, open_, float(high) * 1.01, low, float(own_close) * close, int(float(own_volume) * volume)]
    write(folder, [*before, changed])
    assert run_once().status == "completed"
    assert Result.objects.get().price_source == "yahoo"
    told = findings("sources_differ")
    assert len(told) == count
    if told:
        assert f"about {TODAY}" in told[0]
        assert "at Yahoo" in told[0]
        assert "at CSV folder" in told[0]
        assert told[0].endswith("Yahoo is used.")


def test_the_same_session_is_compared_only() -> None:
    one = LastSession("Yahoo", TODAY, 100.0, 1000.0)
    assert one.compare(LastSession("CSV folder", YESTERDAY, 90.0, 10.0)) is None
    assert one.compare(LastSession("CSV folder", TODAY, 100.0, float("nan"))) is None
    assert one.compare(LastSession("CSV folder", TODAY, 100.0, 0.0)) is not None


@pytest.mark.parametrize("text", ["", "yahoo,", "oracle", "yahoo,yahoo", "yahoo;csv"])
def test_a_setting_that_names_no_sources_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"price source|named twice"):
        parse_sources(text)


def test_a_setting_of_exchanges_is_read_or_refused() -> None:
    assert parse_sources_by_exchange(" NSE = csv, yahoo ; us=yahoo") == {"NSE": ("csv", "yahoo"), "US": ("yahoo",)}
    assert parse_sources_by_exchange("") == {}
    for text in ("NSE", "NOWHERE=csv", "NSE=csv;NSE=yahoo", "NSE=oracle"):
        with pytest.raises(ValueError, match=r"NSE|NOWHERE|oracle"):
            parse_sources_by_exchange(text)


def test_only_the_latest_session_of_both_is_compared(folder: Path, standin: YahooStandIn) -> None:
    """Prices of an earlier one may be adjusted at one source and not at the other, or not be there at all."""
    rows = bars_of(standin)
    write(folder, [[day, *(float(cell) * 1.05 for cell in prices), volume] for day, *prices, volume in rows[-200:]])
    make_finished_job(TICKER)
    assert findings("sources_differ")
    for as_of in (YESTERDAY, date(2024, 6, 3)):
        job = make_finished_job(TICKER, as_of=as_of)
        assert details_of(job)[TICKER].status == "completed"
        result = Result.objects.get(day=as_of)
        codes = {finding["code"] for finding in RawData.objects.get(result=result).evidence["data_quality"]}
        assert "sources_differ" not in codes


@pytest.mark.parametrize("damage", ["zero", "blob"])
def test_what_cannot_be_compared_fails_nobody(folder: Path, standin: YahooStandIn, damage: str) -> None:
    write(folder, bars_of(standin))
    make_finished_job(TICKER)
    if damage == "zero":
        assert LastSession("Yahoo", TODAY, 100.0, 1.0).compare(LastSession("CSV folder", TODAY, 0.0, 1.0)) is None
    else:
        PriceHistory.objects.filter(source="csv").update(bars=b"nothing")
        assert details_of(make_finished_job(TICKER))[TICKER].status == "completed"


def test_a_file_that_is_only_compared_teaches_nothing(folder: Path, standin: YahooStandIn) -> None:
    standin.market.splits[TICKER][date(2025, 6, 10)] = 2.0
    write(folder, bars_of(standin))
    make_finished_job(TICKER)
    assert Stock.objects.get().last_split == date(2025, 6, 10)


def test_an_older_file_than_the_stored_prices_is_not_used(folder: Path, standin: YahooStandIn) -> None:
    standin.market.until = lambda _: YESTERDAY
    make_finished_job(TICKER)
    write(folder, bars_of(standin, date(2026, 4, 10)))
    standin.behaviours[TICKER] = BEHAVIOURS["BROKEN"]
    job = make_job(TICKER)
    JobDetail.objects.filter(job=job).update(unanswered=4)
    run_slice(str(job.pk))
    assert details_of(job)[TICKER].status == "failed"
    assert set(Result.objects.completed().values_list("price_source", flat=True)) == {"yahoo"}
