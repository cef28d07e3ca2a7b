"""As-of runs: what would have been given on a past day, whichever day it was and whatever came later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from analysis.jobs.submit import submit
from analysis.models import Job, JobStatus, PriceHistory, Rating, RawData, Result, Source, Stock
from analysis.prices.arrow import pack_bars
from analysis.prices.port import UNADJUSTED_SPLIT, Finding
from analysis.rejections import RequestRejected
from analysis.tests.make import make_finished_job
from analysis.tests.test_backfill import TICKER, found_by_day, sessions
from analysis.tests.test_commands import run

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    """Let "today" be a day whose holidays are known: later ones have a finding more."""
    with time_machine.travel(NOW):
        yield


@pytest.mark.parametrize(
    ("asked", "session"),
    [
        (date(2026, 1, 26), date(2026, 1, 23)),  # Republic Day, a Monday
        (date(2026, 8, 15), date(2026, 8, 14)),  # Independence Day, a Saturday
        (date(2026, 11, 15), date(2026, 11, 13)),  # a Sunday
        (date(2026, 11, 13), date(2026, 11, 13)),
    ],
)
def test_a_day_without_trading_is_answered_with_the_session_before_it(asked: date, session: date) -> None:
    make_finished_job(TICKER, as_of=asked)
    first, evidence = found_by_day(), RawData.objects.get().evidence
    assert set(first) == {session}
    make_finished_job(TICKER, as_of=session)
    assert found_by_day() == first
    assert RawData.objects.get().evidence == evidence


def test_a_day_before_the_listing_fails_in_words_and_leaves_the_present_alone() -> None:
    live = make_finished_job("FRESHWICK.DEMO")
    result = live.results.get()
    job = make_finished_job("FRESHWICK.DEMO", as_of=date(2025, 6, 2))
    assert job.status == JobStatus.FAILED
    assert job.details.get().error_message == "FRESHWICK.DEMO has no bars up to 2025-06-02."
    stock = Stock.objects.get()
    assert (stock.last_status, stock.last_error, stock.last_result) == ("completed", "", result)


@pytest.mark.parametrize("day", ["2026-11-21", "2027-12-25"])
@time_machine.travel("2026-11-20T09:00:00+00:00")
def test_a_day_to_come_is_refused_in_words(day: str) -> None:
    out, err, code = run("analyze", TICKER, "--as-of", day, "--inline")
    assert (out, err, code) == ("", f"{day} is in the future; give a day that is past.", 2)


AT_TWO_IN_MUMBAI = "2026-11-25T20:30:00+00:00"


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/New_York"])
@time_machine.travel(AT_TWO_IN_MUMBAI)
def test_a_day_has_come_where_it_has_begun_on_the_stocks_exchange(zone: str, settings: Settings) -> None:
    """The server's time zone does not matter: at two in Mumbai it is the 26th there, in New York the 25th."""
    settings.TIME_ZONE = zone
    today = date(2026, 11, 26)
    for tickers in (["TCS.NS"], [TICKER], ["TCS.NS", "^NSEI"], ["7203.T"]):
        assert submit(tickers, source=Source.COMMAND, as_of=today).job.as_of == today
    for tickers, sentence in (
        (["AAPL"], "2026-11-26 is in the future for AAPL: it is still 2026-11-25 on its exchange."),
        (["TCS.NS", "MSFT", "AAPL"], "2026-11-26 is in the future for AAPL and 1 more: it is still 2026-11-25"),
    ):
        with pytest.raises(RequestRejected, match=sentence):
            submit(tickers, source=Source.COMMAND, as_of=today)
    with pytest.raises(RequestRejected, match=r"2026-11-27 is in the future; give a day that is past\."):
        submit(["TCS.NS"], source=Source.COMMAND, as_of=date(2026, 11, 27))
    backfill = submit(["AAPL"], source=Source.COMMAND, since=date(2026, 11, 24), as_of=date(2026, 11, 25))
    assert backfill.job.as_of == date(2026, 11, 25)


def test_today_is_answered_with_the_newest_session_that_has_closed() -> None:
    make_finished_job(TICKER, as_of=timezone.localdate())
    assert set(found_by_day()) == {sessions(1)[0]}


def test_bars_after_the_day_change_nothing() -> None:
    day = sessions(6)[2]
    make_finished_job(TICKER)
    make_finished_job(TICKER, as_of=day)
    before = found_by_day()[day]
    history = PriceHistory.objects.get()
    bars = history.unpack()
    later = bars.session > np.datetime64(day)
    history.bars = pack_bars(
        replace(
            bars,
            close=np.where(later, 3 * bars.close, bars.close),
            high=np.where(later, 3 * bars.high, bars.high),
        )
    )
    history.save(update_fields=["bars"])
    make_finished_job(TICKER, as_of=day)
    assert found_by_day()[day] == before


def test_what_the_source_noticed_of_later_sessions_is_not_told_of_the_day() -> None:
    newest, day = sessions(6)[5], sessions(6)[2]
    make_finished_job(TICKER)
    noticed = [
        Finding("range_widened", "A price of the day before.", "repair", day - timedelta(days=1)),
        Finding("unreadable", "A price of a day after.", "repair", newest),
        Finding("unadjusted", "A word on all of them.", "warning"),
    ]
    PriceHistory.objects.update(findings=[finding.as_dict() for finding in noticed])
    make_finished_job(TICKER, as_of=day)
    result = Result.objects.get(day=day)
    told = [finding["message"] for finding in RawData.objects.get(result=result).evidence["data_quality"]]
    assert told == ["A price of the day before.", "A word on all of them."]
    assert result.finding_count == 2
    make_finished_job(TICKER)
    assert Result.objects.get(day=newest).finding_count == 3


def test_a_split_that_the_source_does_not_adjust_for_forbids_a_plan_from_its_day_on() -> None:
    before, split = sessions(6)[2], sessions(6)[4]
    make_finished_job(TICKER)
    finding = Finding(UNADJUSTED_SPLIT, "The file names a split.", "warning", split)
    PriceHistory.objects.update(findings=[finding.as_dict()])
    make_finished_job(TICKER, as_of=before)
    make_finished_job(TICKER)
    earlier, newest = Rating.objects.order_by("result__day")
    assert (earlier.caution, newest.caution[:30]) == ("", f"The price jumped on {split}"[:30])
    assert newest.no_trade_reason == f"no plan: its stop would rest on the price jump of {split}"


def test_the_same_question_waits_for_no_second_answer() -> None:
    for _ in range(2):
        assert run("analyze", TICKER, "--as-of", str(sessions(3)[0]))[2] == 0
    assert Job.objects.count() == 1


@pytest.mark.parametrize("ticker", ["2222.SR", "TCS.NS", "X.NOWHERE", "VOD.L"])
def test_a_failure_of_a_day_long_ago_is_about_a_day_of_then(ticker: str) -> None:
    job = make_finished_job(ticker, as_of=date(2003, 5, 5))
    detail = job.details.get()
    assert detail.day is not None
    assert date(2003, 4, 28) <= detail.day <= date(2003, 5, 5)
