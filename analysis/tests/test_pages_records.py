from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from analysis.engine.record_summary import Baseline, ForwardReturn, NotEnoughTrades, Performance, RecordSummary
from analysis.engine.strategies import STRATEGIES
from analysis.engine.track_record import HORIZONS
from analysis.engine.verdict import Verdict
from analysis.models import PriceHistory, StrategyRecord
from analysis.tests.make import make_finished_job, make_user
from analysis.track_records.refresh import compute_records, refresh, request_records

if TYPE_CHECKING:
    from stockapp.accounts.models import User

pytestmark = pytest.mark.django_db

PAGE = reverse("analysis:track_record")
REFRESH = reverse("analysis:refresh_record")
STOCKS = ("KAVERI.DEMO", "B&D.DEMO", "QUILLMERE.DEMO", "NILGAON.DEMO")


@pytest.fixture
def ann(client: Client) -> User:
    user = make_user("ann")
    client.force_login(user)
    return user


def test_before_the_first_record_the_page_says_what_makes_one(client: Client, ann: User) -> None:
    assert "No record yet" in client.get(PAGE).text


def test_a_record_is_shown_with_interval_baseline_session_and_caveat(client: Client, ann: User) -> None:
    make_finished_job(*STOCKS)
    [record] = compute_records(["technical_rating"])
    text = client.get(PAGE).text
    for shown in (
        'class="interval"',
        'class="baseline"',
        "entering at every session did so in",
        "What followed each verdict",
        "All sessions",
        f"over 4 stocks up to {record.as_of:%-d %b %Y}",
        "of the demo market: invented prices",
        "not what will be",
    ):
        assert shown in text, shown
    assert "has not been computed yet" in client.get(PAGE, {"strategy": "trend"}).text
    assert client.get(PAGE, {"strategy": "nonsense"}).status_code == 200


def test_bars_that_cannot_be_used_are_why_there_is_no_record(client: Client, ann: User) -> None:
    make_finished_job("KAVERI.DEMO")
    PriceHistory.objects.update(bars=b"damaged")
    compute_records(["technical_rating"])
    assert "The stored bars of 1 stock cannot be used, and there are no others." in client.get(PAGE).text


def test_each_record_says_whether_its_prices_are_invented(client: Client, ann: User, settings: Settings) -> None:
    make_finished_job("KAVERI.DEMO")
    compute_records(["trend"])
    PriceHistory.objects.update(source="csv")
    settings.PRICE_SOURCE = "csv"
    compute_records(["swing"])
    assert "invented prices" in client.get(PAGE, {"strategy": "trend"}).text
    assert "invented prices" not in client.get(PAGE, {"strategy": "swing"}).text


def test_too_few_signals_are_called_so(client: Client, ann: User) -> None:
    make_finished_job("NAVANKURA.DEMO")
    compute_records(["technical_rating"])
    text = client.get(PAGE).text
    assert "Not enough cases: 20 needed" in text
    assert text.count("Not enough cases</td>") == len(Verdict) + 1


def test_asking_shows_it_happening_until_all_are_done(client: Client, ann: User) -> None:
    make_finished_job("KAVERI.DEMO")
    text = client.post(REFRESH, follow=True).text
    assert "Computing 5 records" in text
    assert 'hx-trigger="every 2s"' in text
    live = reverse("analysis:track_record_live")
    assert client.get(live).status_code == 200
    refresh()
    last = client.get(live)
    assert last.status_code == 286
    assert "every 2s" not in last.text
    assert "<html" not in last.text


def test_asking_again_too_soon_is_declined_in_words(client: Client, ann: User) -> None:
    compute_records(["trend"])
    assert "at most every ten minutes" in client.post(REFRESH, follow=True).text
    assert not StrategyRecord.objects.filter(requested_at__isnull=False).exists()


def test_asking_takes_a_post(client: Client, ann: User) -> None:
    assert client.get(REFRESH).status_code == 405


@pytest.mark.parametrize("name", ["track_record", "track_record_live", "strategies"])
def test_records_and_strategies_are_for_everybody_who_is_logged_in(client: Client, name: str) -> None:
    assert client.get(reverse(f"analysis:{name}")).headers["Location"].startswith(reverse("login"))
    for user in (make_user("ann"), make_user("bob"), make_user("boss", is_staff=True)):
        client.force_login(user)
        assert client.get(reverse(f"analysis:{name}")).status_code in {200, 286}


def test_nobody_asks_without_an_account(client: Client) -> None:
    assert client.post(REFRESH).headers["Location"].startswith(reverse("login"))
    assert not StrategyRecord.objects.exists()


def test_the_page_takes_a_few_queries(
    client: Client, ann: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    make_finished_job("KAVERI.DEMO")
    compute_records(STRATEGIES)
    with django_assert_max_num_queries(4):
        client.get(PAGE)


def test_the_strategies_page_describes_all_and_marks_ones_own(client: Client, ann: User) -> None:
    text = client.get(reverse("analysis:strategies")).text
    for strategy in STRATEGIES.values():
        assert strategy.name in text
        assert f"--strategy {strategy.key}" in text
    assert text.count("Yours</span>") == 1


def test_the_account_page_leads_to_the_strategies(client: Client, ann: User) -> None:
    assert (
        f'href="{reverse("analysis:strategies")}">Compare the strategies'
        in client.get(reverse("accounts:account")).text
    )


def test_a_refresh_that_was_asked_for_keeps_the_old_record_on_the_page(client: Client, ann: User) -> None:
    make_finished_job(*STOCKS)
    compute_records(["technical_rating"])
    request_records()
    text = client.get(PAGE).text
    assert "What is shown is the one before." in text
    assert "What followed each verdict" in text


def side(rate: float, interval: tuple[float, float], baseline: float) -> Performance:
    return Performance(400, rate, interval, 0.4, 0.0, 0.0, 1.0, 0.1, Baseline(9000, baseline, 0.4, 0.0, 1.0))


def keep(strategy: str, long: Performance | NotEnoughTrades, short: Performance | NotEnoughTrades) -> None:
    forward = tuple(ForwardReturn(sessions, verdict, 0, None) for sessions in HORIZONS for verdict in (None, *Verdict))
    summary = RecordSummary(4, long, short, forward)
    now = timezone.now()
    given = {"price_source": "demo", "as_of": now.date(), "stocks": 4, "computed_at": now, "summary": summary.as_dict()}
    StrategyRecord.objects.update_or_create(strategy=strategy, defaults=given)


def test_plain_words_say_which_signals_can_be_told_from_chance(client: Client, ann: User) -> None:
    alike = side(0.22, (0.2, 0.25), 0.21)
    keep("technical_rating", alike, alike)
    text = client.get(PAGE).text
    assert "None of the 2 kinds of signals below did better or worse than chance would" in text
    keep("trend", side(0.3, (0.27, 0.33), 0.21), side(0.1, (0.08, 0.12), 0.21))
    text = " ".join(client.get(PAGE).text.split())
    assert "2 of the 4 kinds of signals below cannot be told from chance" in text
    assert "Trend, long, reached its target more often than that." in text
    assert "Trend, short, reached its target less often than that." in text


def test_plain_words_say_when_there_are_too_few_cases_for_any(client: Client, ann: User) -> None:
    few = NotEnoughTrades(3, 20, "not enough cases: 3 signals, 20 needed", Baseline(0, None, None, None, None))
    keep("technical_rating", few, few)
    assert "There are not enough cases yet to say anything: 20 signals of a kind are needed." in client.get(PAGE).text
