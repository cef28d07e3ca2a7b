"""Unknown query parameters and fields are refused by name, and pages show a sentence."""

from __future__ import annotations

from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from analysis.names import unknown_name
from analysis.tests.make import make_result, make_stock, make_user
from stockapp.accounts.models import User
from stockapp.tests.api_world import World, call, key_of, make_world, program
from stockapp.tests.test_api_contract import TABLE, Row
from watchlist.models import Watchlist
from watchlist.tests.make import make_list

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.mark.parametrize("name", TABLE)
def test_every_operation_refuses_a_parameter_that_it_does_not_know_and_changes_nothing(name: str, world: World) -> None:
    row: Row = TABLE[name]
    address = "/api/" + row.address.format(**world.places)
    address += ("&" if "?" in address else "?") + "utterly_unknown=1"
    lists = list(Watchlist.objects.values_list("pk", "name"))
    answer = call(program(key_of(world.ann)), row.method, address, row.body)
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error["kind"] == "invalid"
    assert error["fields"]["utterly_unknown"][0].startswith("utterly_unknown is not a parameter; there")
    assert list(Watchlist.objects.values_list("pk", "name")) == lists
    nobody = 422 if name == "get_health" else 401  # a failed authentication is reported first
    assert call(Client(), row.method, address, row.body).status_code == nobody


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("screener?min_score=20", "min_score: min_score is not a parameter; did you mean score_min?"),
        ("screener?max_changes=2&score_min=0", "max_changes: max_changes is not a parameter; did you mean change_max?"),
        ("stocks?query=kav", "query: query is not a parameter; there are: q, cursor, limit."),
        ("jobs?state=failed", "state: state is not a parameter; did you mean status?"),
        ("jobs?limit=1&limit=2", "limit: It is given more than once; give one value."),
        ("track-record?strategy=swing", "strategy: strategy is not a parameter; there is: none."),
        ("stocks?" + "x" * 5_000 + "=1", None),
        ("stocks?%00%ff=1", None),
    ],
)
def test_a_slip_is_named_with_what_was_meant(address: str, message: str | None, world: World) -> None:
    answer = program(key_of(world.ann)).get(f"/api/{address}")
    assert answer.status_code == 422
    assert message is None or answer.json()["error"]["message"] == message
    assert len(answer.content) < 1_000


def test_what_takes_several_values_takes_them(world: World) -> None:
    assert program(key_of(world.ann)).get("/api/screener?verdict=buy&verdict=sell").status_code == 200


def test_a_field_of_a_body_that_is_not_known_is_refused_by_name(world: World) -> None:
    payload = {"symbols": ["KAVERI.DEMO"], "symbol": "KAVERI.DEMO"}
    answer = call(program(key_of(world.ann)), "post", "/api/stocks/analyze-all-stocks", payload)
    assert answer.status_code == 422
    assert answer.json()["error"]["fields"] == {"symbol": ["This is not a field here."]}


def test_an_address_that_is_none_is_not_there_whatever_it_asks(world: World) -> None:
    assert program(key_of(world.ann)).get("/api/nowhere?x=1").status_code == 404


@pytest.fixture
def ann(client: Client) -> User:
    user = make_user("ann")
    client.force_login(user)
    make_result(make_stock("A.NS"))
    return user


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("/screener/?min_score=20", "min_score is not a filter of this page; did you mean score_min?"),
        (
            "/screener/?sector=Banks&utm=1",
            "sector is not a filter of this page; there are: q, verdict, weekly_verdict,",
        ),
        ("/jobs/?state=failed", "state is not a filter of this page; did you mean status?"),
        ("/jobs/?status=nonsense", "Status: “nonsense” cannot be used."),
        ("{list}?order=ticker", "order is not a filter of this page; there are: q, verdict, status, sort."),
        ("{list}?sort=size", "Order: “size” cannot be used."),
        ("{list}?<b>=1", "<b> is not a filter of this page;"),
    ],
)
def test_a_page_says_what_of_its_address_it_did_not_understand_and_shows_the_rest(
    client: Client, ann: User, address: str, sentence: str
) -> None:
    page = make_list(ann, "A.NS").get_absolute_url()
    answer = client.get(address.replace("{list}", page))
    assert sentence in unescape(answer.text)
    assert "The rest is shown." in answer.text
    assert "<b>" not in answer.text
    assert answer.status_code in {200, 422}


@pytest.mark.parametrize("address", ["/screener/?score_min=1&page=1&columns=close", "/jobs/?q=a&page=2&status=failed"])
def test_an_address_that_is_understood_has_no_sentence(client: Client, ann: User, address: str) -> None:
    assert "The rest is shown." not in client.get(address).text
    page = make_list(ann, "A.NS")
    assert "The rest is shown." not in client.get(f"{page.get_absolute_url()}?q=a&open=A.NS&sort=ticker").text


def test_a_file_is_not_written_from_an_address_that_is_not_understood(client: Client, ann: User) -> None:
    answer = client.get(reverse("screener:export", args=["csv"]) + "?min_score=20")
    assert (answer.status_code, "did you mean score_min?" in answer.text) == (422, True)
    rows = reverse("watchlist:export_csv", args=[make_list(ann, "A.NS").pk])
    for query, sentence in (("foo=1", "foo is not a filter"), ("verdict=zz", "“zz” cannot be used")):
        answer = client.get(f"{rows}?{query}")
        assert (answer.status_code, sentence in answer.text) == (422, True)
    assert client.get(f"{rows}?q=a&open=A.NS").headers["Content-Type"].startswith("text/csv")


def test_names_are_alike_whatever_the_order_of_their_words() -> None:
    assert unknown_name("risk_reward_min", ["q", "min_risk_reward"], "a filter").endswith(
        "did you mean min_risk_reward?"
    )
