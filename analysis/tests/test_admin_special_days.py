"""Special days in the admin: staff add, change and delete them, see what ends soon, and cannot enter nonsense."""

from datetime import UTC, date, datetime, time

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from analysis.models import ExchangeSchedule, SpecialDay
from analysis.prices.exchanges import exchange_named
from analysis.prices.sessions import calendar_end, sessions_between
from analysis.prices.special_days import DaySource
from analysis.tests.make import make_special_day, make_user

pytestmark = pytest.mark.django_db

LIST = reverse("admin:analysis_specialday_changelist")
ADD = reverse("admin:analysis_specialday_add")
DAY = date(2027, 1, 26)
FORM = {"exchange": "NSE", "day": "2027-01-26", "name": "Republic Day", "opens_at": "", "closes_at": ""}


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    return client


def is_session(day: date = DAY) -> bool:
    return bool(sessions_between(exchange_named("NSE"), day, day))


def test_a_day_is_added_changed_and_deleted_and_counts_at_once(staff: Client) -> None:
    assert is_session()
    assert staff.post(ADD, FORM).status_code == 302
    day = SpecialDay.objects.get()
    assert (day.exchange, day.day, day.is_session, day.source) == ("NSE", DAY, False, DaySource.ADMIN)
    assert not is_session()
    change = reverse("admin:analysis_specialday_change", args=[day.pk])
    assert staff.post(change, {**FORM, "is_session": "on", "closes_at": "13:00"}).status_code == 302
    assert is_session()
    assert SpecialDay.objects.get().closes_at == time(13)
    assert staff.post(change, FORM).status_code == 302
    assert not is_session()
    staff.post(LIST, {"action": "delete_selected", "_selected_action": [str(day.pk)], "post": "yes"})
    assert is_session()


def test_a_day_of_a_list_that_is_changed_becomes_the_administrators(staff: Client) -> None:
    day = make_special_day("NSE", DAY, source=DaySource.LIST)
    staff.post(reverse("admin:analysis_specialday_change", args=[day.pk]), FORM)
    assert SpecialDay.objects.get().source == DaySource.ADMIN
    staff.post(reverse("admin:analysis_specialday_delete", args=[day.pk]), {"post": "yes"})
    assert is_session()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"day": "1996-12-31"}, "Enter a day from 1997-01-01 to 2059-12-31"),
        ({"closes_at": "13:00"}, "A day with hours is a session"),
        ({"exchange": "ATHENS", "is_session": "on"}, "the usual one of Athens is not known"),
        ({"exchange": "DEMO-IN"}, "is not one of the available choices"),
        ({"day": "2027-03-22"}, "already exists"),
    ],
)
def test_a_day_that_cannot_be_is_refused_in_words(staff: Client, fields: dict[str, str], sentence: str) -> None:
    make_special_day("NSE", date(2027, 3, 22))
    answer = staff.post(ADD, {**FORM, **fields})
    assert answer.status_code == 200
    assert sentence in answer.text
    assert SpecialDay.objects.count() == 1


def test_days_are_found_by_exchange_year_and_source(staff: Client) -> None:
    make_special_day("NSE", DAY, name="Republic Day")
    make_special_day("US", date(2026, 1, 9), name="Mourning", source=DaySource.LEARNED)
    for query, found in (
        ({"exchange": "US"}, "Mourning"),
        ({"exchange": "NSE"}, "Republic Day"),
        ({"day__year": "2026"}, "Mourning"),
        ({"source": "learned"}, "Mourning"),
        ({"q": "republic"}, "Republic Day"),
    ):
        text = staff.get(LIST, query).text
        assert found in text
        assert ("Mourning" if found == "Republic Day" else "Republic Day") not in text


def test_calendars_that_end_soon_stand_above_the_list(staff: Client) -> None:
    ExchangeSchedule.objects.create(exchange="NSE")
    sentence = "The holidays of National Stock Exchange of India are known until 2026-12-31"
    reader = make_user("later", is_staff=True, is_superuser=True)
    for moment, is_shown in ((datetime(2026, 11, 10, tzinfo=UTC), False), (datetime(2026, 12, 10, tzinfo=UTC), True)):
        with time_machine.travel(moment):
            staff.force_login(reader)
            assert (sentence in staff.get(LIST).text) is is_shown


def test_staff_that_may_only_view_change_nothing(client: Client) -> None:
    day = make_special_day("NSE", DAY, source=DaySource.LIST)
    viewer = make_user("viewer", is_staff=True)
    viewer.user_permissions.set(Permission.objects.filter(codename="view_specialday"))
    client.force_login(viewer)
    change = reverse("admin:analysis_specialday_change", args=[day.pk])
    assert client.get(LIST).status_code == client.get(change).status_code == 200
    assert [client.post(path, FORM).status_code for path in (ADD, change)] == [403, 403]
    assert client.post(reverse("admin:analysis_specialday_delete", args=[day.pk]), {"post": "yes"}).status_code == 403
    assert calendar_end(exchange_named("NSE")) == date(2027, 12, 31)
    assert SpecialDay.objects.get().source == DaySource.LIST
