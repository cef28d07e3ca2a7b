"""The time zone of an account: chosen, checked, applied to its own pages, and to nothing else."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from analysis.models import Job, Stock
from analysis.tests.make import make_job, make_user
from stockapp.accounts.models import User
from stockapp.templatetags.formats import clock_time
from stockapp.time_zones import time_zone_choices, zone_of
from watchlist.tests.make import make_list

pytestmark = pytest.mark.django_db
NOW = datetime.fromisoformat("2026-11-20T20:30:00+00:00")
SETTINGS = {
    "capital": "1", "risk_percent": "2", "position_limit_percent": "10", "min_risk_reward": "2", "theme": "dark",
    "strategy": "technical_rating", "number_format": "indian", "default_exchange": "NSE",
}  # fmt: skip


@pytest.fixture(autouse=True)
def at_a_fixed_moment() -> Any:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def kolkata(client: Client) -> User:
    """Ann, who is logged in and has her times in India's zone."""
    ann = make_user("ann", time_zone="Asia/Kolkata")
    client.force_login(ann)
    return ann


def test_a_zone_is_saved_for_its_user_alone(client: Client) -> None:
    ann, bob = make_user("ann"), make_user("bob", time_zone="Europe/Berlin")
    client.force_login(ann)
    address = reverse("accounts:account")
    assert client.post(address, SETTINGS | {"time_zone": "America/New_York"}).status_code == 302
    ann.refresh_from_db()
    bob.refresh_from_db()
    assert (ann.time_zone, bob.time_zone) == ("America/New_York", "Europe/Berlin")
    client.logout()
    assert client.post(address, SETTINGS | {"time_zone": "UTC"}).headers["Location"].startswith(reverse("login"))
    ann.refresh_from_db()
    assert ann.time_zone == "America/New_York"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"time_zone": "Asia/Kolkata"}, "Saved. Pages show times in Asia/Kolkata now."),
        ({"time_zone": ""}, "Saved. Pages show times in the time zone of the installation now."),
        ({"theme": "light"}, "Saved."),
        ({"capital": "2", "time_zone": "Asia/Kolkata"}, "Saved. Position sizes follow these settings from now on."),
    ],
)
def test_what_is_said_after_saving_fits_what_was_changed(
    client: Client, changes: dict[str, str], sentence: str
) -> None:
    client.force_login(make_user("ann"))
    address = reverse("accounts:account")
    client.post(address, SETTINGS | {"time_zone": "Europe/Berlin"})
    client.get(address)
    assert (
        f"<span>{sentence}</span>"
        in client.post(address, SETTINGS | {"time_zone": "Europe/Berlin"} | changes, follow=True).text
    )


def test_a_refused_zone_leaves_the_stored_one_selected(client: Client, kolkata: User) -> None:
    answer = client.post(reverse("accounts:account"), SETTINGS | {"time_zone": "Mars/Olympus", "capital": "7"})
    assert answer.status_code == 422
    assert '<option value="Asia/Kolkata" selected>' in answer.text
    assert 'value="7"' in answer.text


def test_an_unknown_zone_is_refused(client: Client) -> None:
    client.force_login(make_user("ann"))
    for zone in ("Mars/Olympus", "../../etc/passwd", "Etc/GMT+5", "x" * 500):
        assert client.post(reverse("accounts:account"), SETTINGS | {"time_zone": zone}).status_code == 422
    assert User.objects.get().time_zone == ""


def test_a_new_account_has_the_zone_of_the_installation(client: Client, settings: Settings) -> None:
    settings.TIME_ZONE = "Asia/Tokyo"
    client.force_login(make_user("ann"))
    text = client.get(reverse("accounts:account")).text
    assert '<option value="" selected>As the installation (Asia/Tokyo)</option>' in text
    assert 'data-installed="Asia/Tokyo"' in text


def test_zones_are_offered_by_area_and_with_the_names_that_browsers_report() -> None:
    areas: dict[str, Any] = {name: zones for name, zones in time_zone_choices() if isinstance(zones, list)}
    names = {name for zones in areas.values() for name, _ in zones}
    assert {"Asia/Kolkata", "Asia/Calcutta", "America/Argentina/Buenos_Aires", "Europe/Berlin"} <= names
    assert ("America/New_York", "New York") in areas["America"]
    assert all(zone_of(name) for name in names)


def test_a_zone_that_this_machine_does_not_know_is_that_of_the_installation(client: Client) -> None:
    client.force_login(make_user("ann", time_zone="Moon/Tranquillity"))
    assert zone_of("Moon/Tranquillity") is None
    assert client.get(reverse("analysis:jobs")).status_code == 200


def test_pages_show_times_in_the_zone_of_their_reader(client: Client, kolkata: User) -> None:
    job = make_job("KAVERI.DEMO", requested_by=kolkata)
    Stock.objects.update(last_wait="Yahoo limits our requests", last_wait_until=NOW.replace(hour=21))
    watchlist = make_list(kolkata, "KAVERI.DEMO")
    assert "21 Nov 2026, 02:00 IST" in client.get(reverse("analysis:jobs")).text
    for page in (watchlist.get_absolute_url(), reverse("analysis:stock", args=["KAVERI.DEMO"])):
        assert "next attempt at 03:00." in client.get(page).text
    Job.objects.update(deadline=NOW.replace(hour=22))
    assert "04:00" in client.get(job.get_absolute_url()).text


def test_the_zone_of_a_request_is_not_that_of_the_next(client: Client, kolkata: User) -> None:
    make_job("KAVERI.DEMO", requested_by=kolkata)
    assert "02:00 IST" in client.get(reverse("analysis:jobs")).text
    assert timezone.get_current_timezone_name() == "UTC"
    client.force_login(make_user("boss", is_staff=True))
    text = client.get(reverse("analysis:jobs")).text
    assert "20 Nov 2026, 20:30 UTC" in text
    assert "IST" not in text


def test_a_request_that_fails_leaves_no_zone_behind(client: Client, kolkata: User) -> None:
    assert client.get("/nowhere/").status_code == 404
    assert client.get(reverse("analysis:confirm_bulk")).status_code == 403
    assert timezone.get_current_timezone_name() == "UTC"


def test_the_admin_shows_times_in_the_zone_of_the_installation(client: Client) -> None:
    client.force_login(make_user("boss", is_staff=True, is_superuser=True, time_zone="Asia/Kolkata"))
    make_job("KAVERI.DEMO")
    assert "8:30 p.m." in client.get(reverse("admin:analysis_job_changelist")).text


def test_the_api_gives_times_with_their_offset_whatever_the_zone_of_the_caller(client: Client, kolkata: User) -> None:
    job = make_job("KAVERI.DEMO", requested_by=kolkata)
    Stock.objects.update(last_wait="Yahoo limits our requests", last_wait_until=NOW)
    job.details.update(wait_reason="Yahoo limits our requests", not_before=NOW)
    assert client.get("/api/stocks/KAVERI.DEMO").json()["last_wait_until"] == "2026-11-20T20:30:00Z"
    assert client.get(f"/api/jobs/{job.pk}").json()["details"]["items"][0]["not_before"] == "2026-11-20T20:30:00Z"


def test_a_time_of_another_day_has_its_day() -> None:
    with timezone.override(zone_of("Asia/Kolkata")):
        assert clock_time(NOW) == "02:00"
        assert clock_time(NOW.replace(hour=18, minute=0)) == "23:30 on 20 Nov"
    assert clock_time(None) == "–"
