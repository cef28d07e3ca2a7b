"""System checks of the job engine's settings and the calendars."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine
from pytest_django import Settings

from analysis import checks, timing
from analysis.models import ExchangeSchedule
from analysis.prices.special_days import DaySource
from analysis.tests.make import make_special_day


def ids(messages: list[Any]) -> list[str]:
    return [message.id for message in messages]


def test_the_settings_agree() -> None:
    assert timing.retry_exceeds_what_a_message_can_wait() == []
    assert timing.a_slice_ends_before_its_timeout() == []


@pytest.mark.parametrize(
    ("everybody", "reserve", "one"), [(25_000, 10_000, 15_000), (25_000, 25_000, 1), (5_000, 0, 5_000)]
)
def test_one_user_who_could_fill_the_queue_stops_the_start(
    settings: Settings, everybody: int, reserve: int, one: int
) -> None:
    assert checks.one_user_cannot_fill_the_queue() == []
    settings.MAX_WAITING_STOCKS = everybody
    settings.RESERVED_WAITING_STOCKS = reserve
    settings.MAX_WAITING_STOCKS_PER_USER = one
    found = checks.one_user_cannot_fill_the_queue()
    assert ids(found) == ["analysis.E003"]
    assert "one user could fill the queue" in found[0].msg


@pytest.mark.parametrize(("workers", "retry", "expected"), [(2, 270, ["analysis.E001"]), (1, 300, ["analysis.E001"])])
def test_a_retry_that_is_too_short_stops_the_start(
    settings: Settings, workers: int, retry: int, expected: list[str]
) -> None:
    settings.Q_CLUSTER = {**settings.Q_CLUSTER, "workers": workers, "retry": retry}
    assert ids(timing.retry_exceeds_what_a_message_can_wait()) == expected


def test_a_timeout_that_is_too_short_stops_the_start(settings: Settings) -> None:
    settings.Q_CLUSTER = {**settings.Q_CLUSTER, "timeout": 60}
    assert ids(timing.a_slice_ends_before_its_timeout()) == ["analysis.E002"]


def test_a_pace_too_slow_for_the_deadlines_is_told(settings: Settings) -> None:
    assert checks.a_job_can_be_fetched_before_its_deadline() == []
    settings.REQUESTS_PER_SECOND = 0.05
    assert ids(checks.a_job_can_be_fetched_before_its_deadline()) == ["analysis.W002"]


@pytest.mark.django_db
def test_a_calendar_that_ends_is_reported_a_month_ahead_in_one_line_and_until_its_list_is_loaded() -> None:
    ExchangeSchedule.objects.bulk_create(ExchangeSchedule(exchange=code) for code in ("NSE", "BSE", "US", "DEMO-IN"))
    with time_machine.travel(datetime(2026, 11, 10, tzinfo=UTC), tick=False) as clock:
        assert checks.calendars_reach_into_the_future() == []
        clock.move_to(datetime(2026, 12, 10, tzinfo=UTC))
        found = checks.calendars_reach_into_the_future()
        assert ids(found) == ["analysis.W001"]
        assert found[0].msg == (
            "The holidays of BSE Mumbai and National Stock Exchange of India are known until 2026-12-31; after that "
            "every weekday counts as a session."
        )
        assert "load_holidays" in str(found[0].hint)
        clock.move_to(datetime(2027, 2, 1, tzinfo=UTC))
        assert ids(checks.calendars_reach_into_the_future()) == ["analysis.W001"]
        make_special_day("NSE", date(2027, 1, 26), source=DaySource.LIST)
        assert checks.calendars_reach_into_the_future() == []


@pytest.mark.django_db
def test_calendars_that_end_together_are_one_line_and_others_are_named_with_their_own_day() -> None:
    ExchangeSchedule.objects.bulk_create(ExchangeSchedule(exchange=code) for code in ("NSE", "SGX"))
    make_special_day("NSE", date(2027, 1, 26), source=DaySource.LIST)
    with time_machine.travel(datetime(2027, 12, 20, tzinfo=UTC), tick=False):
        sentence = checks.calendars_reach_into_the_future()[0].msg
    assert sentence == (
        "The holidays of Singapore are known until 2026-12-31, of National Stock Exchange of India until 2027-12-31; "
        "after that every weekday counts as a session."
    )
