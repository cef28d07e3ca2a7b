"""Schedules: on a frozen clock, when each exchange's stocks are analysed, once, and what happens in between."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from io import StringIO

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from analysis.calendars.learn import LEARN
from analysis.jobs.end import cancel, remove
from analysis.jobs.runs import submit_bulk
from analysis.jobs.schedules import submit_part
from analysis.jobs.submit import submit
from analysis.models import (
    DetailStatus,
    Ending,
    ExchangeSchedule,
    Job,
    JobDetail,
    JobStatus,
    ScheduledRun,
    Source,
    Stock,
    Worker,
)
from analysis.prices.exchanges import exchange_named
from analysis.prices.sessions import due_at, latest_due_session, session_after
from analysis.rejections import RequestRejected
from analysis.tests.calls import lose_waiting_calls, take_due_calls, waiting_calls
from analysis.tests.make import make_stock, make_user
from analysis.tests.together import together
from watchlist import services
from watchlist.models import Watchlist, WatchlistItem
from watchlist.schedules import PRUNE, RUN, run, setup_schedules

pytestmark = pytest.mark.django_db(transaction=True)  # the scheduler opens connections of its own

THURSDAY_NIGHT = datetime(2026, 1, 22, 22, tzinfo=UTC)
FRIDAY_DUE = datetime(2026, 1, 23, 10, 45, tzinfo=UTC)  # Mumbai closes at 10:00 UTC
TUESDAY_DUE = datetime(2026, 1, 27, 10, 45, tzinfo=UTC)  # Monday 26 January is Republic Day


def watch(*tickers: str) -> None:
    owner = get_user_model().objects.first() or make_user("ann")
    watchlist, _ = Watchlist.objects.get_or_create(owner=owner, name="Mine")
    for ticker in tickers:
        stock = Stock.objects.filter(pk=ticker).first() or make_stock(ticker)
        WatchlistItem.objects.get_or_create(watchlist=watchlist, stock=stock)


def let_the_queue_run() -> list[str]:
    """What a cluster does at this moment: queue the scheduled calls that are due, and run our own; their exchanges."""
    called = [exchange for arguments in take_due_calls(RUN) for exchange in arguments]
    for exchange in called:
        run(exchange)
    return called


def sessions_run() -> list[tuple[str, date]]:
    return list(ScheduledRun.objects.order_by("pk").values_list("schedule_id", "session"))


def test_a_weekend_and_a_holiday_in_mumbai() -> None:
    with time_machine.travel(THURSDAY_NIGHT, tick=False) as clock:
        watch("TCS.NS", "INFY.NS")
        make_stock("NOBODY.NS")
        setup_schedules()
        assert ExchangeSchedule.objects.get().next_run_at == FRIDAY_DUE
        assert let_the_queue_run() == []
        clock.move_to(FRIDAY_DUE - timedelta(minutes=1))
        setup_schedules()
        assert let_the_queue_run() == []
        clock.move_to(FRIDAY_DUE + timedelta(seconds=20))
        assert let_the_queue_run() == ["NSE"]
        job = Job.objects.get()
        assert (job.source, job.requested_by) == (Source.SCHEDULE, None)
        assert job.description == "National Stock Exchange of India after 23 January 2026"
        assert sorted(job.details.values_list("stock_id", flat=True)) == ["INFY.NS", "TCS.NS"]
        assert ExchangeSchedule.objects.get().next_run_at == TUESDAY_DUE
        Job.objects.update(status=JobStatus.COMPLETED, completed_at=FRIDAY_DUE)
        for moment in (FRIDAY_DUE + timedelta(days=days, minutes=1) for days in (1, 2, 3)):  # Saturday to the holiday
            clock.move_to(moment)
            setup_schedules()
            assert let_the_queue_run() == []
        clock.move_to(TUESDAY_DUE + timedelta(seconds=20))
        setup_schedules()
        let_the_queue_run()
    assert sessions_run() == [("NSE", date(2026, 1, 23)), ("NSE", date(2026, 1, 27))]


def test_runs_that_were_missed_are_run_once_and_for_the_newest_session() -> None:
    with time_machine.travel(THURSDAY_NIGHT, tick=False) as clock:
        watch("TCS.NS")
        setup_schedules()
        clock.move_to(datetime(2026, 2, 11, 3, tzinfo=UTC))  # the machine was off for nearly three weeks
        setup_schedules()
        assert let_the_queue_run() == ["NSE"]
        for _ in range(3):
            setup_schedules()
            let_the_queue_run()
    assert sessions_run() == [("NSE", date(2026, 2, 10))]
    assert Job.objects.count() == 1


def test_an_exchange_that_is_new_begins_with_its_next_session() -> None:
    with time_machine.travel(FRIDAY_DUE + timedelta(hours=3), tick=False):
        watch("TCS.NS")
        setup_schedules()
        let_the_queue_run()
        assert ExchangeSchedule.objects.get().next_run_at == TUESDAY_DUE
    assert sessions_run() == []


def test_new_york_keeps_its_own_clock_through_daylight_saving_time_and_half_days() -> None:
    york, delay = exchange_named("US"), timedelta(minutes=45)
    assert due_at(york, date(2026, 3, 6), delay) == datetime(2026, 3, 6, 21, 45, tzinfo=UTC)
    assert due_at(york, date(2026, 3, 9), delay) == datetime(2026, 3, 9, 20, 45, tzinfo=UTC)
    assert due_at(york, date(2025, 11, 28), delay) == datetime(2025, 11, 28, 18, 45, tzinfo=UTC)  # closes at 13:00
    assert session_after(york, date(2025, 11, 26)) == date(2025, 11, 28)
    with time_machine.travel(datetime(2026, 3, 6, 22, tzinfo=UTC), tick=False) as clock:
        watch("AAPL")
        setup_schedules()
        assert ExchangeSchedule.objects.get().next_run_at == datetime(2026, 3, 9, 20, 45, tzinfo=UTC)
        clock.move_to(datetime(2026, 3, 9, 20, 46, tzinfo=UTC))
        assert let_the_queue_run() == ["US"]
    assert sessions_run() == [("US", date(2026, 3, 9))]


@pytest.mark.parametrize(("minutes", "due"), [(44, date(2026, 1, 22)), (45, date(2026, 1, 23))])
def test_a_session_is_due_once_the_delay_has_passed_to_the_minute(minutes: int, due: date) -> None:
    now = datetime(2026, 1, 23, 10, minutes, tzinfo=UTC)
    assert latest_due_session(exchange_named("NSE"), now, timedelta(minutes=45)) == due


def test_setting_up_again_changes_nothing() -> None:
    with time_machine.travel(THURSDAY_NIGHT, tick=False):
        watch("TCS.NS", "AAPL", "VOD.L")
        setup_schedules()
        before = waiting_calls(), list(ExchangeSchedule.objects.values())
        assert {path for _, path, _ in before[0]} == {RUN, PRUNE, LEARN}
        assert len(before[0]) == 5
        setup_schedules()
        assert before == (waiting_calls(), list(ExchangeSchedule.objects.values()))


def test_what_was_called_twice_runs_once() -> None:
    with time_machine.travel(THURSDAY_NIGHT, tick=False) as clock:
        watch("TCS.NS")
        setup_schedules()
        clock.move_to(FRIDAY_DUE)
        assert run("NSE") is not None
        assert [run("NSE") for _ in range(3)] == [None, None, None]
        assert run("NOWHERE") is None
        ExchangeSchedule.objects.update(last_session=date(2026, 1, 22))  # as if it had been forgotten
        assert run("NSE") is None
        with pytest.raises(IntegrityError), transaction.atomic():
            ScheduledRun.objects.create(schedule_id="NSE", session=date(2026, 1, 23))
    assert Job.objects.count() == 1


def test_all_active_stocks_when_the_exchange_says_so_and_nothing_when_nobody_watches() -> None:
    with time_machine.travel(THURSDAY_NIGHT, tick=False) as clock:
        for ticker in ("TCS.NS", "INFY.NS", "AAPL"):
            make_stock(ticker)
        make_stock("GONE.NS", is_active=False)
        setup_schedules()
        ExchangeSchedule.objects.filter(pk="NSE").update(all_active=True)
        clock.move_to(FRIDAY_DUE + timedelta(hours=12))
        setup_schedules()
        assert sorted(let_the_queue_run()) == ["NSE", "US"]
    assert sorted(Job.objects.get().details.values_list("stock_id", flat=True)) == ["INFY.NS", "TCS.NS"]
    assert ScheduledRun.objects.get(schedule="US").note == "Nobody watches a stock of this exchange."


def test_a_schedule_that_is_switched_off_runs_nothing_and_misses_nothing() -> None:
    with time_machine.travel(THURSDAY_NIGHT, tick=False) as clock:
        watch("TCS.NS")
        setup_schedules()
        ExchangeSchedule.objects.update(is_enabled=False)
        setup_schedules()
        assert [path for _, path, _ in waiting_calls()] == [PRUNE, LEARN]
        clock.move_to(FRIDAY_DUE + timedelta(hours=1))
        setup_schedules()
        assert run("NSE") is None
        ExchangeSchedule.objects.update(is_enabled=True)
        setup_schedules()
        assert let_the_queue_run() == []
        assert ExchangeSchedule.objects.get().next_run_at == TUESDAY_DUE
    assert sessions_run() == []


def test_a_clock_that_was_years_ahead_stops_no_schedule() -> None:
    with time_machine.travel(datetime(2030, 5, 6, 22, tzinfo=UTC), tick=False) as clock:
        watch("TCS.NS")
        setup_schedules()
        clock.move_to(FRIDAY_DUE + timedelta(hours=1))
        setup_schedules()
        assert let_the_queue_run() == []
        clock.move_to(TUESDAY_DUE + timedelta(minutes=1))
        setup_schedules()
        let_the_queue_run()
        assert sessions_run() == [("NSE", date(2026, 1, 27))]


def test_a_clock_that_is_put_back_runs_no_session_twice() -> None:
    with time_machine.travel(THURSDAY_NIGHT, tick=False) as clock:
        watch("TCS.NS")
        setup_schedules()
        clock.move_to(FRIDAY_DUE + timedelta(minutes=1))
        let_the_queue_run()
        clock.move_to(FRIDAY_DUE - timedelta(hours=2))
        setup_schedules()
        assert let_the_queue_run() == []
        for later in (FRIDAY_DUE, FRIDAY_DUE + timedelta(hours=2), TUESDAY_DUE + timedelta(minutes=1)):
            clock.move_to(later)
            setup_schedules()
            let_the_queue_run()
        assert sessions_run() == [("NSE", date(2026, 1, 23)), ("NSE", date(2026, 1, 27))]


def test_a_run_that_is_refused_for_now_says_why_and_is_tried_again(client: Client, settings: Settings) -> None:
    settings.MAX_WAITING_STOCKS = 1
    Worker.objects.create(host="a", pid=1, seen_at=THURSDAY_NIGHT + timedelta(days=2))
    submit(["WAITING.NS"], source=Source.COMMAND)
    client.force_login(make_user("bob"))
    with time_machine.travel(THURSDAY_NIGHT, tick=False) as clock:
        watch("TCS.NS", "INFY.NS")
        setup_schedules()
        clock.move_to(FRIDAY_DUE)
        assert run("NSE") is None
        problem = "1 stock is waiting to be analysed already; the limit is 1. Try again when there are fewer."
        schedule = ExchangeSchedule.objects.get()
        assert (schedule.problem, schedule.last_session) == (problem, date(2026, 1, 22))
        assert sessions_run() == []
        assert problem in client.get(reverse("analysis:jobs")).text
        sentence = f"The scheduled run of National Stock Exchange of India was refused. {problem}"
        assert sentence in client.get("/healthz").json()["problems"]
        assert 'stockapp_schedule_refused{exchange="NSE"} 1.0' in client.get("/metrics").text
        settings.MAX_WAITING_STOCKS = 10
        clock.shift(timedelta(minutes=6))
        setup_schedules()
        let_the_queue_run()
        assert 'stockapp_schedule_refused{exchange="NSE"} 0.0' in client.get("/metrics").text
    assert sessions_run() == [("NSE", date(2026, 1, 23))]
    assert ExchangeSchedule.objects.get().problem == ""


MANY = [f"T{number}.NS" for number in range(5)]
TITLE = "National Stock Exchange of India after 23 January 2026"


@contextmanager
def many_due_on_friday(settings: Settings) -> Iterator[time_machine.Traveller]:
    """Five watched stocks, two of which fit into a job, at the moment at which their session is due."""
    settings.MAX_STOCKS_PER_JOB = 2
    with time_machine.travel(THURSDAY_NIGHT, tick=False) as clock:
        watch(*MANY)
        setup_schedules()
        clock.move_to(FRIDAY_DUE)
        yield clock


def test_a_run_of_more_stocks_than_a_job_may_have_becomes_several_jobs_with_one_end(settings: Settings) -> None:
    settings.MAX_WAITING_STOCKS = 3  # a run is never refused for its own size
    with many_due_on_friday(settings):
        assert run("NSE")
        jobs = list(Job.objects.order_by("description"))
        assert [(job.description, job.total) for job in jobs] == [
            (TITLE, 2), (f"{TITLE}, part 2 of 3", 2), (f"{TITLE}, part 3 of 3", 1),
        ]  # fmt: skip
        assert sorted(JobDetail.objects.values_list("stock_id", flat=True)) == MANY
        scheduled = ScheduledRun.objects.get()
        assert (scheduled.job, scheduled.is_whole, scheduled.note) == (jobs[0], True, "")
        assert ExchangeSchedule.objects.get().next_run_at == TUESDAY_DUE
        assert run("NSE") is None
        for job in (jobs[2], jobs[0]):
            assert cancel(job)
            assert not Ending.objects.exists()
        assert cancel(jobs[1])
    assert Ending.objects.get().job == jobs[0]


def test_a_run_that_was_broken_off_goes_on_with_what_is_left(settings: Settings) -> None:
    """A worker died between two jobs of a run, the first of which has ended."""
    with many_due_on_friday(settings) as clock:
        first = submit_part("NSE", MANY)
        assert first
        assert first.job
        assert not first.is_whole
        cancel(first.job)
        assert not Ending.objects.exists()
        assert ExchangeSchedule.objects.get().last_session == date(2026, 1, 22)
        clock.shift(timedelta(minutes=1))
        setup_schedules()
        assert let_the_queue_run() == ["NSE"]
        assert [job.total for job in Job.objects.of_run(first.job.pk).order_by("description")] == [2, 2, 1]
        assert sorted(JobDetail.objects.values_list("stock_id", flat=True)) == MANY
        for job in Job.objects.active():
            assert not Ending.objects.exists()
            cancel(job)
    assert Ending.objects.get().job == first.job
    assert sessions_run() == [("NSE", date(2026, 1, 23))]


def test_a_run_that_is_refused_half_way_keeps_its_session_until_the_rest_is_submitted(settings: Settings) -> None:
    with many_due_on_friday(settings):
        first = submit_part("NSE", MANY)
        assert first
        other = submit(["WAITING.NS"], source=Source.COMMAND).job
        settings.MAX_WAITING_STOCKS = 1
        assert run("NSE") is None
        schedule = ExchangeSchedule.objects.get()
        assert (schedule.last_session, schedule.problem[:18]) == (date(2026, 1, 22), "1 stock is waiting")
        cancel(other)
        assert run("NSE") == str(first.job_id)
    assert ExchangeSchedule.objects.get().last_session == date(2026, 1, 23)
    assert JobDetail.objects.of_run(first.job_id).count() == 5


def test_a_run_that_was_refused_until_the_next_session_ends_with_what_it_had(settings: Settings) -> None:
    with many_due_on_friday(settings) as clock:
        first = submit_part("NSE", MANY)
        assert first
        assert first.job
        cancel(first.job)
        clock.move_to(TUESDAY_DUE)
        assert run("NSE")
    assert sessions_run() == [("NSE", date(2026, 1, 23)), ("NSE", date(2026, 1, 27))]
    first.refresh_from_db()
    assert first.is_whole
    assert first.note.startswith("The queue was full until the next session")
    assert Ending.objects.get().job == first.job


def test_a_strategy_that_is_gone_is_a_problem_and_costs_no_session() -> None:
    with time_machine.travel(THURSDAY_NIGHT, tick=False) as clock:
        watch("TCS.NS")
        setup_schedules()
        ExchangeSchedule.objects.update(strategy="luck")
        clock.move_to(FRIDAY_DUE)
        assert run("NSE") is None
        assert "There is no strategy “luck”" in ExchangeSchedule.objects.get().problem
        ExchangeSchedule.objects.update(strategy="momentum")
        assert run("NSE")
    assert sessions_run() == [("NSE", date(2026, 1, 23))]


def test_jobs_of_a_run_that_end_together_write_one_end(settings: Settings) -> None:
    settings.MAX_STOCKS_PER_JOB = 1
    tickers = [f"T{number}.NS" for number in range(8)]
    with time_machine.travel(THURSDAY_NIGHT, tick=False) as clock:
        watch(*tickers)
        setup_schedules()
        clock.move_to(FRIDAY_DUE)
        run("NSE")
    jobs = list(Job.objects.all())
    answers = together([partial(cancel, job) for job in jobs])
    assert answers == [True] * 8
    assert Ending.objects.get().job == ScheduledRun.objects.get().job


def test_thousands_of_invented_tickers_do_not_stop_the_evening(settings: Settings) -> None:
    """Six lists of invented tickers were enough to make the run of everybody refuse itself, and bulk jobs with it."""
    settings.MAX_STOCKS_PER_JOB = 50
    settings.MAX_WAITING_STOCKS = 250
    settings.RESERVED_WAITING_STOCKS = 100
    settings.MAX_WAITING_STOCKS_PER_USER = 50
    settings.MAX_WATCHED_STOCKS_PER_USER = 120
    mallory = make_user("mallory")
    with time_machine.travel(THURSDAY_NIGHT, tick=False) as clock:
        watch("TCS.NS", "INFY.NS")
        setup_schedules()
        refused = 0
        for number in range(6):
            invented = {f"L{number}X{n}.NS": "" for n in range(50)}
            watchlist = Watchlist.objects.create(owner=mallory, name=f"List {number}")
            try:
                services.add_all(watchlist, invented)
                services.analyze(watchlist, list(invented))
            except RequestRejected:
                refused += 1
        assert refused == 5  # one job fits; of the other lists one is watched
        clock.move_to(FRIDAY_DUE)
        assert run("NSE")
        assert JobDetail.objects.filter(stock="TCS.NS").exists()
        assert ExchangeSchedule.objects.get().last_session == date(2026, 1, 23)
        boss = make_user("boss", is_staff=True)
        assert [one.job.total for one in submit_bulk(None, requested_by=boss)] == [2]


def test_a_call_that_was_lost_is_made_again() -> None:
    with time_machine.travel(THURSDAY_NIGHT, tick=False) as clock:
        watch("TCS.NS")
        setup_schedules()
        clock.move_to(FRIDAY_DUE + timedelta(seconds=1))
        lose_waiting_calls()
        setup_schedules()
        lose_waiting_calls()  # and again, which is noticed after a while
        clock.shift(timedelta(minutes=6))
        setup_schedules()
        assert let_the_queue_run() == ["NSE"]


def test_a_lost_call_is_made_again_after_a_clock_that_was_years_ahead() -> None:
    with time_machine.travel(datetime(2030, 5, 6, 22, tzinfo=UTC), tick=False) as clock:
        watch("TCS.NS")
        setup_schedules()
        clock.shift(timedelta(days=1))
        lose_waiting_calls()
        setup_schedules()
        assert ExchangeSchedule.objects.get().woken_at == datetime(2030, 5, 7, 22, tzinfo=UTC)
        lose_waiting_calls()
        clock.move_to(FRIDAY_DUE - timedelta(hours=1))
        setup_schedules()
        clock.move_to(FRIDAY_DUE + timedelta(minutes=1))
        lose_waiting_calls()
        setup_schedules()
        assert let_the_queue_run() == ["NSE"]
        assert sessions_run() == [("NSE", date(2026, 1, 23))]


def test_the_end_of_a_scheduled_job_is_written_when_it_ends_and_of_no_other_job() -> None:
    with time_machine.travel(THURSDAY_NIGHT, tick=False) as clock:
        watch("TCS.NS")
        setup_schedules()
        clock.move_to(FRIDAY_DUE)
        run("NSE")
        job = Job.objects.get()
        assert not Ending.objects.exists()
        assert cancel(job)
        assert Ending.objects.get().job == job
        assert cancel(submit(["INFY.NS"], source=Source.COMMAND).job)
        assert Ending.objects.count() == 1
        remove([job])
        assert run("NSE") is None
    assert not Ending.objects.exists()
    assert ScheduledRun.objects.get().job is None


def test_a_run_takes_over_the_same_request_that_is_running_already() -> None:
    with time_machine.travel(THURSDAY_NIGHT, tick=False) as clock:
        watch("TCS.NS")
        setup_schedules()
        clock.move_to(FRIDAY_DUE)
        job = submit(["TCS.NS"], source=Source.COMMAND).job
        run("NSE")
        assert ScheduledRun.objects.get().job == job
        cancel(job)
    assert Ending.objects.get().job == job
    assert job.details.get().status == DetailStatus.CANCELLED


def test_the_command_says_when_each_exchange_is_next() -> None:
    said = StringIO()
    call_command("setup_schedules", stdout=said)
    assert said.getvalue().startswith("There are no stocks yet")
    with time_machine.travel(THURSDAY_NIGHT, tick=False):
        watch("TCS.NS", "AAPL")
        setup_schedules()
        ExchangeSchedule.objects.filter(pk="US").update(is_enabled=False)
        said = StringIO()
        call_command("setup_schedules", stdout=said)
    assert said.getvalue().splitlines() == ["NSE: next on 2026-01-23 at 10:45 UTC", "US: switched off"]


def test_the_jobs_page_shows_what_runs_next(client: Client) -> None:
    client.force_login(make_user("ann"))
    assert "Next by schedule" not in client.get(reverse("analysis:jobs")).text
    with time_machine.travel(THURSDAY_NIGHT, tick=False):
        watch("TCS.NS")
        setup_schedules()
    ExchangeSchedule.objects.update(problem="Too much waits.")
    text = client.get(reverse("analysis:jobs")).text
    assert "Next by schedule" in text
    assert "National Stock Exchange of India" in text
    assert "Fri 23 Jan, 10:45 UTC" in text
    assert "Too much waits." in text


def test_schedules_are_switched_in_the_admin_by_who_may_change_them(client: Client) -> None:
    watch("TCS.NS")
    setup_schedules()
    address = reverse("admin:analysis_exchangeschedule_changelist")
    form = {
        "form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "form-0-exchange": "NSE",
        "form-0-all_active": "on", "form-0-delay_minutes": "90", "_save": "Save",
    }  # fmt: skip
    assert client.get(address).status_code == 302
    client.force_login(make_user("bob"))
    assert client.get(address).status_code == 302
    looks = make_user("cat", is_staff=True)
    looks.user_permissions.set(Permission.objects.filter(codename="view_exchangeschedule"))
    client.force_login(looks)
    assert "National Stock Exchange of India" in client.get(address).text
    client.post(address, form)
    assert ExchangeSchedule.objects.get().is_enabled
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    assert client.post(address, {**form, "form-0-delay_minutes": "5"}).status_code == 200  # refused beside its field
    assert client.post(address, form).status_code == 302
    schedule = ExchangeSchedule.objects.get()
    assert (schedule.is_enabled, schedule.all_active, schedule.delay_minutes) == (False, True, 90)
    change = reverse("admin:analysis_exchangeschedule_change", args=["NSE"])
    assert client.get(change).status_code == 200
    for name in ("scheduledrun", "ending"):
        assert client.get(reverse(f"admin:analysis_{name}_changelist")).status_code == 200
