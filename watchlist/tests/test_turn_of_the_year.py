"""The turn of the year 2026/27, where India's calendar ends: prices that are late and runs, with and without a list."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import time_machine
from django.core.management import call_command
from django.test import Client

from analysis.engine.bars import Bars
from analysis.models import ExchangeSchedule, Job, JobStatus, ScheduledRun, Source, Stock
from analysis.pages.stock_summary import StockSummary
from analysis.prices.instruments import instrument_of
from analysis.prices.quality import check_bars
from analysis.prices.special_days import DaySource
from analysis.tests.calls import take_due_calls
from analysis.tests.make import make_result, make_special_day, make_stock, make_user
from watchlist.models import Watchlist, WatchlistItem
from watchlist.schedules import RUN, run, setup_schedules

pytestmark = pytest.mark.django_db

INDIA = ZoneInfo("Asia/Kolkata")
LIST = [
    (date(2027, 1, 26), "Republic Day"),
    (date(2027, 3, 10), "Eid-Ul-Fitr"),
    (date(2027, 3, 22), "Holi"),
    (date(2027, 3, 26), "Good Friday"),
    (date(2027, 4, 14), "Dr. Ambedkar Jayanti"),
    (date(2027, 5, 17), "Bakri Id"),
    (date(2027, 10, 29), "Diwali Laxmi Pujan*"),
]
SUNDAY = date(2027, 1, 31)
NOTICE = "The holidays of National Stock Exchange of India are known until 2026-12-31"


@pytest.fixture
def load_list(tmp_path: Path) -> None:
    """Load the list of 2027; its budget session of 31 January is entered by staff."""
    rows = [f"{n},{day:%d-%b-%Y},{day:%A},{name}" for n, (day, name) in enumerate(LIST, 1)]
    file = tmp_path / "Holidays.csv"
    file.write_text("\n".join(["Sr. No,Date,Day,Description", *rows]))
    call_command("load_holidays", str(file))
    make_special_day("NSE", SUNDAY, is_session=True, closes_at=time(15, 30), name="Budget")


def watch(*tickers: str) -> None:
    watchlist = Watchlist.objects.create(owner=make_user("ann"), name="Mine")
    for ticker in tickers:
        WatchlistItem.objects.create(watchlist=watchlist, stock=make_stock(ticker))


def evening(day: date) -> datetime:
    return datetime.combine(day, time(18), INDIA)


def run_evenings(first: date, last: date) -> Iterator[date]:
    """Yield the sessions of the runs that the evenings from first to last bring, as a worker's minutes do."""
    with time_machine.travel(evening(first - timedelta(days=1)), tick=False) as clock:
        setup_schedules()
        for n in range((last - first).days + 1):
            clock.move_to(evening(first + timedelta(days=n)))
            setup_schedules()
            for (code,) in take_due_calls(RUN):
                run(code)
            Job.objects.update(status=JobStatus.COMPLETED, completed_at=evening(first))
    yield from ScheduledRun.objects.order_by("pk").values_list("session", flat=True)


def sessions_late(last: date, now: date) -> int:
    stock = Stock.objects.filter(pk="TCS.NS").first() or make_stock("TCS.NS")
    make_result(stock, last)
    stock.refresh_from_db()
    return StockSummary(stock, None, make_user("late"), evening(now)).sessions_late


@pytest.mark.parametrize(
    ("last", "now", "late"),
    [
        (date(2026, 12, 29), date(2026, 12, 30), 1),
        (date(2026, 12, 30), date(2026, 12, 30), 0),
        (date(2026, 12, 31), date(2027, 1, 4), 2),
        (date(2027, 1, 4), date(2027, 1, 4), 0),
        (date(2027, 1, 25), date(2027, 1, 26), 0),
        (date(2027, 1, 25), date(2027, 1, 27), 1),
        (date(2027, 1, 29), date(2027, 1, 31), 1),
    ],
)
def test_with_a_list_a_price_is_late_by_the_sessions_that_were(
    load_list: None, last: date, now: date, late: int
) -> None:
    assert sessions_late(last, now) == late


def test_without_a_list_republic_day_counts_as_a_session() -> None:
    assert sessions_late(date(2027, 1, 25), date(2027, 1, 26)) == 1


def test_runs_leave_out_a_listed_holiday_and_come_on_a_special_sunday(load_list: None) -> None:
    watch("TCS.NS")
    runs = list(run_evenings(date(2027, 1, 25), date(2027, 2, 2)))
    assert [day.day for day in runs] == [25, 27, 28, 29, 31, 1, 2]


def test_without_a_list_runs_come_on_every_weekday() -> None:
    watch("TCS.NS")
    runs = list(run_evenings(date(2027, 1, 25), date(2027, 2, 2)))
    assert [day.day for day in runs] == [25, 26, 27, 28, 29, 1, 2]


@pytest.mark.parametrize("is_listed", [False, True])
def test_runs_go_on_over_the_turn_of_the_year(is_listed: bool, request: pytest.FixtureRequest) -> None:
    if is_listed:
        request.getfixturevalue("load_list")
    watch("TCS.NS")
    runs = list(run_evenings(date(2026, 12, 30), date(2027, 1, 5)))
    assert runs == [date(2026, 12, 30), date(2026, 12, 31), date(2027, 1, 1), date(2027, 1, 4), date(2027, 1, 5)]


def test_a_run_that_is_planned_moves_when_a_holiday_is_entered() -> None:
    watch("TCS.NS")
    with time_machine.travel(evening(date(2027, 1, 25)), tick=False):
        setup_schedules()
        assert ExchangeSchedule.objects.get().next_run_at == datetime(2027, 1, 26, 10, 45, tzinfo=UTC)
        make_special_day("NSE", date(2027, 1, 26), source=DaySource.ADMIN)
        setup_schedules()
        assert ExchangeSchedule.objects.get().next_run_at == datetime(2027, 1, 27, 10, 45, tzinfo=UTC)


def test_a_session_that_was_run_and_turns_out_a_holiday_holds_no_later_run_up() -> None:
    watch("TCS.NS")
    assert list(run_evenings(date(2027, 1, 25), date(2027, 1, 26)))[-1] == date(2027, 1, 26)
    make_special_day("NSE", date(2027, 1, 26), source=DaySource.ADMIN)
    with time_machine.travel(evening(date(2027, 1, 26)), tick=False):
        setup_schedules()
        assert ExchangeSchedule.objects.get().next_run_at == datetime(2027, 1, 27, 10, 45, tzinfo=UTC)
        assert run("NSE") is None


@pytest.mark.parametrize("day", [date(2026, 12, 30), date(2027, 1, 4), date(2027, 1, 26)])
def test_no_stock_has_a_finding_because_its_calendar_has_ended(day: date) -> None:
    days = np.array([day - timedelta(days=n) for n in range(4, -1, -1)], dtype="datetime64[D]")
    sessions = days[np.is_busday(days)]
    price = np.full(len(sessions), 100.0)
    bars = Bars(sessions, price, price + 1, price - 1, price, np.full(len(sessions), 1000.0))
    checked = check_bars(bars, instrument=instrument_of("TCS.NS"), now=evening(day))
    assert checked.findings == ()


@pytest.mark.django_db(transaction=True)  # the health is inspected in a thread of its own
def test_staff_read_once_in_the_health_that_a_list_is_missing(client: Client) -> None:
    watch("TCS.NS", "INFY.NS")
    with time_machine.travel(evening(date(2027, 1, 4)), tick=False):
        setup_schedules()
        client.force_login(make_user("root", is_staff=True))
        health = client.get("/healthz").json()
        assert health["calendars"].startswith(NOTICE)
        assert not any(NOTICE in problem for problem in health["problems"])
        make_special_day("NSE", date(2027, 1, 26), source=DaySource.LIST)
        assert client.get("/healthz").json()["calendars"] is None


def test_a_stock_is_analysed_on_a_day_of_which_only_the_list_knows(load_list: None) -> None:
    """A scheduled job of the special Sunday is of that session."""
    watch("TCS.NS")
    list(run_evenings(SUNDAY, SUNDAY))
    job = Job.objects.get()
    assert (job.source, job.description) == (Source.SCHEDULE, "National Stock Exchange of India after 31 January 2027")
