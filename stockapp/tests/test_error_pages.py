"""The pages for what goes wrong: each says what happened in the application's own look, with DEBUG off."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from analysis.models import Job
from analysis.tests.make import PASSWORD, make_job, make_user

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def visitor(settings: Settings) -> Client:
    """Somebody whose browser shows what a server answers when a view raises."""
    settings.ROOT_URLCONF = "stockapp.tests.broken_urls"
    return Client(raise_request_exception=False)


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        ("/nowhere/", 404, "There is nothing at this address"),
        ("/broken/forbidden/", 403, "Your account may not do this."),
        ("/broken/odd/", 400, "The server could not read this request."),
        ("/broken/bug/", 500, "Running jobs go on; stored results are untouched."),
        ("/broken/database/", 503, "The database does not answer."),
        ("/broken/connection/", 503, "The database does not answer."),
    ],
)
@pytest.mark.parametrize("name", ["ann", "nobody"])
def test_each_failure_has_a_page_of_its_own(visitor: Client, name: str, address: str, status: int, said: str) -> None:
    if name == "ann":
        visitor.force_login(make_user("ann"))
    answer = visitor.get(address)
    assert answer.status_code == status
    assert said in answer.text
    assert "css/tokens.css" in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("address", ["/broken/bug/", "/broken/database/", "/broken/odd/"])
def test_the_page_of_a_failure_asks_nothing_of_the_database(
    visitor: Client, address: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    visitor.force_login(make_user("ann"))
    with django_assert_num_queries(0):
        assert visitor.get(address).status_code >= 400


def test_a_form_from_before_the_login_says_so_and_changes_nothing() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user("ann"))
    answer = client.post(reverse("theme"), {"theme": "dark"})
    assert answer.status_code == 403
    assert "The page is out of date" in answer.text
    assert "Nothing was changed." in answer.text


def test_a_program_is_told_in_json_that_the_database_is_away(visitor: Client) -> None:
    said, as_json = "The database does not answer.", {"Accept": "application/json"}
    problem = {"error": {"kind": "unavailable", "message": said}}
    for address, headers, told in (
        ("/api/broken/database/", {}, problem),
        ("/api/broken/database/", as_json, problem),
        ("/broken/database/", as_json, {"ok": False, "detail": said, "problems": [said]}),
    ):
        answer = visitor.get(address, headers=headers)
        assert (answer.status_code, answer.json()) == (503, told)
        assert answer.headers["Retry-After"] == "30"


def test_htmx_is_told_in_a_line_that_the_database_is_away(visitor: Client) -> None:
    answer = visitor.get("/broken/database/", headers=HTMX)
    assert (answer.status_code, answer.text) == (503, "The database does not answer.")


def test_only_a_page_that_was_read_loads_itself_again(visitor: Client) -> None:
    assert 'http-equiv="refresh"' in visitor.get("/broken/database/").text
    sent = visitor.post("/broken/database/").text
    assert 'http-equiv="refresh"' not in sent
    assert "What you sent may not have been saved" in sent


@pytest.mark.parametrize(("written", "said"), [("Upgrading; back at 14:00.", "Upgrading"), ("", "being worked on")])
def test_while_it_is_being_worked_on_every_address_says_so(
    client: Client, written: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "maintenance").write_text(written)
    for address in ("/", "/login/", "/admin/", "/healthz", "/api/jobs"):
        answer = client.get(address)
        assert answer.status_code == 503, address
        assert said in answer.text
        assert answer.headers["Retry-After"] == "30"
    (tmp_path / "maintenance").unlink()
    assert client.get("/login/").status_code == 200


def test_health_keeps_its_shape_while_it_is_being_worked_on(client: Client, tmp_path: Path) -> None:
    (tmp_path / "maintenance").write_text("Upgrading; back at 14:00.")
    for address in ("/healthz", "/api/health"):
        answer = client.get(address)
        assert (answer.status_code, answer.json()) == (503, {"ok": False, "problems": ["Upgrading; back at 14:00."]})
        assert client.get(address, REMOTE_ADDR="203.0.113.9").json() == {"ok": False}


def test_after_the_session_has_ended_the_login_says_so_and_leads_back(client: Client) -> None:
    ann = make_user("ann")
    client.force_login(ann)
    client.session.flush()
    answer = client.get("/jobs/?status=failed", follow=True)
    assert "Your session has ended." in answer.text
    login = answer.redirect_chain[0][0]
    back = client.post(login, {"username": "ann", "password": PASSWORD, "next": "/jobs/?status=failed"})
    assert back.headers["Location"] == "/jobs/?status=failed"


def test_a_form_sent_after_the_session_has_ended_leads_back_to_its_page(client: Client) -> None:
    ann = make_user("ann")
    job = make_job("KAVERI.DEMO", requested_by=ann)
    client.force_login(ann)
    client.session.flush()
    cancel = reverse("analysis:cancel_job", args=[job.pk])

    def sent(**headers: Any) -> str:
        return client.post(cancel, headers=headers).headers["Location"]

    client.cookies["sessionid"] = "gone"
    assert sent(referer=f"http://testserver{job.get_absolute_url()}?page=2") == (
        f"/login/?next={job.get_absolute_url()}%3Fpage%3D2&ended=1"
    )
    client.cookies["sessionid"] = "gone"
    assert sent(referer="https://evil.example/") == "/login/?next=/&ended=1"
    assert Job.objects.get().is_active


def test_a_stranger_is_not_told_of_a_session(client: Client) -> None:
    assert "session has ended" not in client.get("/jobs/", follow=True).text


def test_logging_out_says_nothing_of_an_ended_session(client: Client) -> None:
    client.force_login(make_user("ann"))
    assert "session has ended" not in client.post(reverse("logout"), follow=True).text


def test_a_fragment_asked_for_after_the_session_ended_reloads_the_page(client: Client) -> None:
    ann = make_user("ann")
    client.force_login(ann)
    client.session.flush()
    answer = client.get(reverse("analysis:jobs_live"), headers=HTMX)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["HX-Refresh"] == "true"
    assert "Your session has ended." in client.get(reverse("analysis:jobs"), follow=True).text
