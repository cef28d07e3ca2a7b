from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from analysis.tests.make import PASSWORD, make_user

pytestmark = pytest.mark.django_db

SETTINGS = {
    "capital": "250000",
    "risk_percent": "2",
    "position_limit_percent": "10",
    "min_risk_reward": "2",
    "strategy": "technical_rating",
}


def test_login_leads_to_the_watchlist(client: Client) -> None:
    make_user("ann")
    answer = client.post(reverse("login"), {"username": "ann", "password": PASSWORD}, follow=True)
    assert answer.redirect_chain[0] == ("/", 302)
    assert answer.templates[0].name == "watchlist/watchlist.html"


def test_a_wrong_password_keeps_the_name_and_says_so(client: Client) -> None:
    make_user("ann")
    answer = client.post(reverse("login"), {"username": "ann", "password": "wrong"})
    assert answer.status_code == 422
    assert 'value="ann"' in answer.text
    assert "correct username and password" in answer.text


@pytest.mark.parametrize("name", ["accounts:account", "password_change", "watchlist:home", "analysis:jobs"])
def test_pages_ask_strangers_to_log_in(client: Client, name: str) -> None:
    address = reverse(name)
    assert client.get(address).headers["Location"] == f"{reverse('login')}?next={address}"


def test_a_fragment_asked_for_after_the_session_ended_reloads_the_page(client: Client) -> None:
    answer = client.get(reverse("analysis:jobs_live"), headers={"HX-Request": "true"})
    assert answer.status_code == 204
    assert answer.headers["HX-Refresh"] == "true"


def test_risk_settings_are_saved(client: Client) -> None:
    ann = make_user("ann")
    client.force_login(ann)
    assert client.post(reverse("accounts:account"), SETTINGS).status_code == 302
    ann.refresh_from_db()
    assert (ann.capital, ann.risk_percent, ann.long_only) == (Decimal(250_000), Decimal(2), False)


def test_a_capital_that_could_not_be_read_again_is_refused_and_its_owner_stays_logged_in(client: Client) -> None:
    ann = make_user("ann")
    client.force_login(ann)
    answer = client.post(reverse("accounts:account"), SETTINGS | {"capital": "9999999999999999.99"})
    assert answer.status_code == 422
    assert "less than or equal to 1000000000000" in answer.text
    assert client.post(reverse("accounts:account"), SETTINGS | {"capital": "999999999999.99"}).status_code == 302
    assert client.get(reverse("accounts:account")).status_code == 200
    ann.refresh_from_db()
    assert ann.capital == Decimal("999999999999.99")


def test_impossible_risk_settings_are_refused_beside_their_field(client: Client) -> None:
    ann = make_user("ann")
    client.force_login(ann)
    answer = client.post(reverse("accounts:account"), SETTINGS | {"risk_percent": "250"})
    assert answer.status_code == 422
    assert 'value="250"' in answer.text
    assert "less than or equal to 100" in answer.text
    ann.refresh_from_db()
    assert ann.risk_percent == Decimal(1)


def test_the_password_can_be_changed(client: Client) -> None:
    ann = make_user("ann")
    client.force_login(ann)
    new = "staple battery horse"
    form = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    answer = client.post(reverse("password_change"), form, follow=True)
    assert "Your password is changed." in answer.text
    ann.refresh_from_db()
    assert ann.check_password(new)


def test_a_wrong_old_password_changes_nothing(client: Client) -> None:
    client.force_login(make_user("ann"))
    form = {"old_password": "wrong", "new_password1": "staple battery", "new_password2": "staple battery"}
    assert client.post(reverse("password_change"), form).status_code == 422


def test_the_theme_is_kept_and_leads_back(client: Client) -> None:
    client.force_login(make_user("ann"))
    answer = client.post(reverse("theme"), {"theme": "dark", "next": "/jobs/"})
    assert answer.headers["Location"] == "/jobs/"
    assert 'data-theme="dark"' in client.get("/jobs/").text


def test_the_theme_switch_leads_to_no_other_site(client: Client) -> None:
    client.force_login(make_user("ann"))
    answer = client.post(reverse("theme"), {"theme": "dark", "next": "https://evil.example/"})
    assert answer.headers["Location"] == "/"
    assert client.post(reverse("theme"), {"theme": "pink"}).status_code == 400


def test_logging_out_takes_a_post(client: Client) -> None:
    client.force_login(make_user("ann"))
    assert client.get(reverse("logout")).status_code == 405
    assert client.post(reverse("logout")).headers["Location"] == reverse("login")


def test_pages_allow_no_inline_script_or_style(client: Client) -> None:
    client.force_login(make_user("ann"))
    answer = client.get(reverse("analysis:jobs"))
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "unsafe" not in policy
    assert "<style" not in answer.text
    assert " style=" not in answer.text
    assert " onclick=" not in answer.text
    assert "<script>" not in answer.text


def test_an_address_that_is_not_there_says_so(client: Client) -> None:
    client.force_login(make_user("ann"))
    answer = client.get("/nowhere/")
    assert answer.status_code == 404
    assert "There is nothing at this address" in answer.text


def test_the_pages_for_failures_need_no_context() -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post(reverse("login"), {"username": "ann"})
    assert answer.status_code == 403
    assert "The page is out of date" in answer.text
