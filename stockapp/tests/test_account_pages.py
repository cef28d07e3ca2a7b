from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from analysis.tests.make import PASSWORD, make_user

pytestmark = pytest.mark.django_db

SETTINGS = {
    "capital": "250000",
    "risk_percent": "2",
    "position_limit_percent": "10",
    "min_risk_reward": "2",
    "strategy": "technical_rating",
    "number_format": "indian",
    "default_exchange": "NSE",
    "theme": "dark",
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


@pytest.mark.parametrize("name", ["accounts:account", "accounts:account_example", "password_change", "analysis:jobs"])
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
    assert (ann.number_format, ann.theme, ann.default_exchange) == ("indian", "dark", "NSE")


def test_the_settings_of_one_user_are_not_anothers(client: Client) -> None:
    bob = make_user("bob")
    client.force_login(make_user("ann"))
    client.post(reverse("accounts:account"), SETTINGS)
    assert client.get(reverse("accounts:account")).text.count('value="250000.00"') == 1
    bob.refresh_from_db()
    assert bob.capital == Decimal(100_000)


def test_the_example_is_computed_from_what_stands_in_the_form_and_nothing_is_saved(client: Client) -> None:
    ann = make_user("ann")
    client.force_login(ann)
    kept = client.get(reverse("accounts:account")).text
    for shown in ("40 shares", "1,000.00", "the largest position decides", "as they are saved"):
        assert shown in kept, shown
    asked = client.get(reverse("accounts:account_example"), SETTINGS).text
    # 2 % of 250,000 is 5,000, at 20 a share 250 shares; 10 % of it buys 50.
    for shown in ("50 shares", "5,000.00", "so 250 shares", "25,000.00", "not saved yet"):
        assert shown in asked, shown
    ann.refresh_from_db()
    assert ann.capital == Decimal(100_000)


def test_the_example_says_what_decides(client: Client) -> None:
    client.force_login(make_user("ann"))
    address = reverse("accounts:account_example")
    risky = client.get(address, SETTINGS | {"position_limit_percent": "100", "risk_percent": "0.1"}).text
    assert "the risk per trade decides" in risky
    demanding = client.get(address, SETTINGS | {"min_risk_reward": "3"}).text
    assert "No trade: 2.0 &lt; 3.0, your minimum risk:reward" in demanding
    poor = client.get(address, SETTINGS | {"capital": "10"}).text
    assert "Quantity 0" in poor


def test_the_example_says_what_is_wrong_with_a_setting(client: Client) -> None:
    client.force_login(make_user("ann"))
    answer = client.get(reverse("accounts:account_example"), SETTINGS | {"risk_percent": "250", "capital": ""})
    assert answer.status_code == 422
    assert "Risk per trade, %: Ensure this value is less than or equal to 100" in answer.text
    assert "Capital: This field is required." in answer.text


def test_digits_are_grouped_as_the_user_chose(client: Client) -> None:
    ann = make_user("ann", number_format="indian", capital=Decimal(50_000_000))
    client.force_login(ann)
    text = client.get(reverse("accounts:account")).text
    assert "5,00,000.00" in text
    assert 'data-numbers="indian"' in text
    client.force_login(make_user("bob", capital=Decimal(50_000_000)))
    text = client.get(reverse("accounts:account")).text
    assert "500,000.00" in text
    assert "data-numbers" not in text


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
    assert "Your password was changed" in answer.text
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


def test_the_theme_is_left_in_a_cookie_for_pages_that_know_no_user(client: Client) -> None:
    make_user("ann", theme="dark")
    client.post(reverse("login"), {"username": "ann", "password": PASSWORD})
    assert client.cookies["theme"].value == "dark"
    client.post(reverse("theme"), {"theme": "light"})
    assert client.cookies["theme"].value == "light"
    client.post(reverse("theme"), {"theme": "auto"})
    assert client.cookies["theme"].value == ""
    client.post(reverse("accounts:account"), SETTINGS)
    assert client.cookies["theme"].value == "dark"


def test_the_rules_of_a_password_are_told_before_and_after_it_breaks_them(client: Client) -> None:
    client.force_login(make_user("ann"))
    assert "at least 12 characters" in client.get(reverse("password_change")).text
    form = {"old_password": PASSWORD, "new_password1": "short", "new_password2": "short"}
    answer = client.post(reverse("password_change"), form)
    assert answer.status_code == 422
    assert "This password is too short" in answer.text


def test_changing_the_password_ends_the_other_sessions(client: Client) -> None:
    ann, other = make_user("ann"), Client()
    client.force_login(ann)
    other.force_login(ann)
    new = "staple battery horse"
    client.post(reverse("password_change"), {"old_password": PASSWORD, "new_password1": new, "new_password2": new})
    assert client.get(reverse("accounts:account")).status_code == 200
    assert other.get(reverse("accounts:account")).status_code == 302


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


def test_a_user_s_exchange_comes_before_the_installation_s(settings: Settings) -> None:
    settings.DEFAULT_EXCHANGE = "NSE"
    assert make_user("ann").bare_exchange == "NSE"
    assert make_user("bob", default_exchange="LSE").bare_exchange == "LSE"


def test_an_exchange_that_does_not_exist_is_refused(client: Client) -> None:
    client.force_login(make_user("ann"))
    answer = client.post(reverse("accounts:account"), SETTINGS | {"default_exchange": "MOON"})
    assert answer.status_code == 422
    assert "MOON is not one of the available choices" in answer.text


def test_a_capital_has_a_currency_and_others_beside_it(client: Client) -> None:
    ann = make_user("ann")
    client.force_login(ann)
    address = reverse("accounts:account")
    money = {"capital_currency": "INR", "other_capitals": "usd 5,000.50; GBP: 2000"}
    assert client.post(address, SETTINGS | money).status_code == 302
    ann.refresh_from_db()
    assert (ann.capital_currency, ann.other_capitals) == ("INR", {"USD": "5000.50", "GBP": "2000"})
    assert "GBP 2,000; USD 5,000.50" in client.get(address).text
    for wrong in ("5000", "USD", "USD five", "XYZ 5", "USD 99999999999999", "EUR 2000,50", "USD 1; USD 2"):
        answer = client.post(address, SETTINGS | {"capital_currency": "INR", "other_capitals": wrong})
        assert answer.status_code == 422, wrong
    answer = client.post(address, SETTINGS | {"capital_currency": "XYZ"})
    assert answer.status_code == 422
    ann.refresh_from_db()
    assert ann.other_capitals == {"USD": "5000.50", "GBP": "2000"}
