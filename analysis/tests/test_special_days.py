"""Stored special days: what the database refuses, and when a process notices a change."""

import threading
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction
from pytest_django import DjangoAssertNumQueries

from analysis.calendars import current
from analysis.calendars.current import SPECIAL_DAYS, RowCache
from analysis.models import SpecialDay, Stock
from analysis.prices.instruments import exchange_of
from analysis.prices.sessions import last_closed_session, sessions_between
from analysis.prices.special_days import NO_SPECIAL_DAYS, CalendarEntry, DaySource, SpecialDays
from analysis.tests.make import make_special_day

pytestmark = pytest.mark.django_db

NSE = exchange_of("TCS.NS")
REPUBLIC_DAY = date(2027, 1, 26)
EVENING = datetime(2027, 1, 26, 20, tzinfo=ZoneInfo("Asia/Kolkata"))


def sessions_of_the_week() -> list[int]:
    return [day.day for day in sessions_between(NSE, date(2027, 1, 25), date(2027, 1, 29))]


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"exchange": ""}, "special_day_has_an_exchange"),
        ({"day": date(1996, 12, 31)}, "special_day_is_within_the_calendars"),
        ({"day": date(2060, 1, 1)}, "special_day_is_within_the_calendars"),
        ({"closes_at": time(12)}, "special_day_has_hours_only_as_a_session"),
        ({"is_session": True, "opens_at": time(18), "closes_at": time(17)}, "special_day_closes_after_it_opens"),
        ({"source": "guess"}, "special_day_source_is_known"),
    ],
)
def test_the_database_refuses_a_special_day_that_cannot_be(fields: dict[str, Any], constraint: str) -> None:
    given = {"exchange": "NSE", "day": REPUBLIC_DAY, **fields}
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        SpecialDay.objects.create(**given)


def test_a_day_of_an_exchange_is_special_once() -> None:
    make_special_day("NSE", REPUBLIC_DAY)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_special_day("NSE", REPUBLIC_DAY, is_session=True)


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"day": date(1996, 12, 31)}, "day", "Enter a day from 1997-01-01 to 2059-12-31"),
        ({"closes_at": time(12)}, "is_session", "A day with hours is a session"),
        ({"is_session": True, "opens_at": time(9)}, "closes_at", "Enter when the session closes, too."),
        ({"is_session": True, "opens_at": time(9), "closes_at": time(9)}, "closes_at", "has to close after it opens"),
        ({"exchange": "ATHENS", "is_session": True}, "closes_at", "the usual one of Athens is not known"),
        ({"exchange": "DEMO-IN"}, "exchange", "is not a valid choice"),
        ({"exchange": "CRYPTO"}, "exchange", "is not a valid choice"),
    ],
)
def test_a_form_says_why_a_special_day_cannot_be(fields: dict[str, Any], field: str, sentence: str) -> None:
    with pytest.raises(ValidationError) as caught:
        SpecialDay(**{"exchange": "NSE", "day": REPUBLIC_DAY, **fields}).full_clean()
    assert sentence in str(caught.value.message_dict[field])


def test_a_stored_day_counts_at_once_in_its_process_and_costs_no_query_afterwards(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    assert sessions_of_the_week() == [25, 26, 27, 28, 29]
    day = make_special_day("NSE", REPUBLIC_DAY)
    assert sessions_of_the_week() == [25, 27, 28, 29]
    with django_assert_num_queries(0):
        assert last_closed_session(NSE, EVENING) == date(2027, 1, 25)
    day.delete()
    SPECIAL_DAYS.forget()
    assert sessions_of_the_week() == [25, 26, 27, 28, 29]


def test_a_change_of_another_process_counts_after_a_minute() -> None:
    passed = [0.0]
    cache = RowCache(SpecialDay.objects.as_special_days, NO_SPECIAL_DAYS, lambda: passed[0])
    before = cache.current()
    SpecialDay.objects.create(exchange="NSE", day=REPUBLIC_DAY)
    passed[0] = current.READ_AGAIN - 1
    assert cache.current() is before
    passed[0] = current.READ_AGAIN
    after = cache.current()
    assert [entry.day for entry in after.entries] == [REPUBLIC_DAY]
    passed[0] = 3 * current.READ_AGAIN
    assert cache.current() is after  # the same rows are the same object, by which calendars are kept


def test_a_reading_that_began_before_a_change_is_not_kept() -> None:
    answers = [SpecialDays(), SpecialDays()]

    def read() -> SpecialDays:
        if len(answers) == 2:
            cache.forget()  # as another thread does that commits a change meanwhile
        return answers.pop()

    cache = RowCache(read, NO_SPECIAL_DAYS)
    cache.current()
    cache.current()
    assert answers == []


def test_threads_that_ask_together_get_the_same_days() -> None:
    days = SpecialDays()
    cache = RowCache(lambda: days, NO_SPECIAL_DAYS)
    found: list[SpecialDays] = []
    threads = [threading.Thread(target=lambda: found.append(cache.current())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.entries for one in found] == [()] * 8


def test_while_the_database_does_not_answer_the_last_days_count() -> None:
    passed, asked = [0.0], []
    days = SpecialDays([CalendarEntry("NSE", REPUBLIC_DAY, False, DaySource.LIST)])

    def read() -> SpecialDays:
        asked.append(passed[0])
        if passed[0]:
            raise DatabaseError("no such table: analysis_specialday")
        return days

    cache = RowCache(read, NO_SPECIAL_DAYS, lambda: passed[0])
    assert cache.current() is days
    passed[0] = 100.0
    assert cache.current() is days
    assert cache.current() is days
    assert asked == [0.0, 100.0]
    passed[0] += current.TRY_AGAIN
    assert cache.current() is days
    assert len(asked) == 3


def test_before_the_first_migration_calendars_are_those_of_the_library_and_a_transaction_goes_on() -> None:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE analysis_specialday")
        SPECIAL_DAYS.forget()
        assert sessions_of_the_week() == [25, 26, 27, 28, 29]
        assert Stock.objects.count() == 0
        transaction.set_rollback(True)


def test_a_rolled_back_change_is_read_again(transactional_db: None) -> None:
    with transaction.atomic():
        make_special_day("NSE", REPUBLIC_DAY)
        assert sessions_of_the_week() == [25, 27, 28, 29]
        transaction.set_rollback(True)
    SPECIAL_DAYS.forget()
    assert sessions_of_the_week() == [25, 26, 27, 28, 29]
    assert last_closed_session(NSE, EVENING + timedelta(days=1)) == date(2027, 1, 27)
