from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from analysis.engine.significance.family import Judgement
from analysis.engine.strategies import STRATEGIES
from analysis.engine.verdict import Side, Verdict
from analysis.models import PriceHistory, StrategyRecord
from analysis.tests.make import make_finished_job, make_user
from analysis.tests.make_records import (
    FEW,
    make_calibration,
    make_different,
    make_evidence,
    make_kind,
    make_not_judged,
    make_record,
    make_records,
)
from analysis.track_records.refresh import compute_records, refresh, request_records

if TYPE_CHECKING:
    from stockapp.accounts.models import User

pytestmark = pytest.mark.django_db

PAGE = reverse("analysis:track_record")
REFRESH = reverse("analysis:refresh_record")
STOCKS = ("KAVERI.DEMO", "B&D.DEMO", "QUILLMERE.DEMO", "NILGAON.DEMO")
NOTHING_DIFFERENT = "No strategy’s signals did better or worse than entering the same stocks on any other day."
PICTURE = 'class="effects"'


@pytest.fixture
def ann(client: Client) -> User:
    user = make_user("ann")
    client.force_login(user)
    return user


def read(client: Client, **query: str) -> str:
    """The page's text, with every run of blanks as one."""
    return " ".join(client.get(PAGE, query).text.split())


def test_before_the_first_record_the_page_says_what_makes_one(client: Client, ann: User) -> None:
    text = read(client)
    assert "<h2>No results yet</h2> <p>Calculated from stored prices after each full run, or on request.</p>" in text
    assert ">Calculate</button>" in text


def test_a_computed_record_is_compared_described_and_dated(client: Client, ann: User) -> None:
    make_finished_job(*STOCKS)
    record = next(record for record in compute_records() if record.strategy == "technical_rating")
    text = read(client)
    for shown in (
        f"Technical rating over 4 stocks up to {record.as_of:%-d %b %Y}",
        "of the demo market: invented prices",
        "10 signal types compared; the tests allow for that.",
        "Comparison with any other day",
        "Described, not judged",
        "Forward returns by verdict",
        "All days",
        "4 of 4 stocks are still listed.",
        "Past performance does not predict future results.",
    ):
        assert shown in text, shown
    assert client.get(PAGE, {"strategy": "nonsense"}).status_code == 200


def test_the_first_sentence_says_that_nothing_is_different(client: Client, ann: User) -> None:
    make_records()
    text = read(client)
    assert f'<p class="headline">{NOTHING_DIFFERENT}</p>' in text
    assert "<p>10 signal types compared; the tests allow for that.</p>" in text
    assert text.count('<p class="effect-words">No different from entering on any other day.</p>') == 10
    assert "is-different" not in text.replace('<span class="is-different">', "")


def test_what_is_different_is_named_first_with_direction_and_size(client: Client, ann: User) -> None:
    better = make_different("mean_reversion", Side.LONG, 0.0083)
    worse = make_different("mean_reversion", Side.SHORT, -0.0051)
    make_records(mean_reversion=make_evidence("mean_reversion", [better, worse]))
    text = read(client)
    named = "Mean reversion (long) earned 0.8% more and Mean reversion (short) 0.5% less"
    assert f'<p class="headline">{named} a trade than entering on any other day.</p>' in text
    assert "10 signal types compared; the tests allow for that. 8 of them were no different." in text
    assert '<p class="effect-words">Earned 0.8% more a trade than entering on any other day.</p>' in text
    assert text.count('class="effect is-different"') == 2
    assert "<strong>+0.83%</strong>" in text
    assert "&lt;0.001" in text


def test_an_effect_is_drawn_on_one_scale_and_has_a_text_alternative(client: Client, ann: User) -> None:
    kinds = [make_kind("trend", Side.LONG, 0.003, 0.001), make_kind("trend", Side.SHORT, -0.002, 0.004)]
    make_records(trend=make_evidence("trend", kinds))
    text = read(client)
    assert (
        'aria-label="Trend, long: +0.30% a trade, 95% interval +0.10% to +0.50%; smallest visible effect 0.36%."'
    ) in text
    assert '<rect class="unseen" x="39.05%" y="1" width="21.89%" height="20" />' in text
    assert '<circle class="dot" cx="59.00%" cy="11" r="5" />' in text
    assert "<span>−1.50%</span> <span>0</span> <span>+1.50%</span>" in text


def test_the_table_has_effect_interval_smallest_visible_p_and_both_periods(client: Client, ann: User) -> None:
    kinds = [make_kind("trend", Side.LONG, 0.003, 0.001, p=0.061), make_kind("trend", Side.SHORT)]
    make_records(trend=make_evidence("trend", kinds))
    text = read(client)
    for label, cell in (
        ("Effect a trade", "+0.30%"),
        ("95% interval", "+0.10% to +0.50%"),
        ("Smallest visible", "±0.36%"),
        ("p (adjusted)", "0.061"),
        ("First 60%", "+0.40% <small>±0.20%, 240 trades</small>"),
        ("Last 40%", "+0.20% <small>±0.20%, 160 trades</small>"),
        ("Hit rate", "22.0% <small>baseline 21.0%</small>"),
        ("Avg. return", "+0.65% <small>baseline +0.40%</small>"),
        ("Profit factor", "1.15 <small>baseline 1.10</small>"),
        ("Max. drawdown", "31.0%"),
    ):
        assert f'data-label="{label}">{cell}</td>' in text.replace("> ", ">").replace(" </td>", "</td>"), label
    assert "1 Jan 2021 to 29 Dec 2023, then to 31 Dec 2025." in text


def test_too_little_history_is_the_answer_and_nothing_is_drawn(client: Client, ann: User) -> None:
    for strategy in STRATEGIES:
        kinds = [make_not_judged(strategy, side, Judgement.NOT_ENOUGH_HISTORY, 200) for side in Side]
        calibration = make_calibration(expected=None, p=None)
        make_record(strategy, make_evidence(strategy, kinds, sessions=612, overfitting=None, calibration=calibration))
    text = read(client)
    assert '<p class="headline">Not enough history: 612 trading days, 750 needed.</p>' in text
    assert PICTURE not in text
    assert "10 signal types compared" not in text
    assert "Described, not judged" in text
    assert "After a Strong Buy the price stood higher 20 days later in 55.1% of cases; there is not enough" in text
    assert "Not enough history to say whether the best signal type is the best later" in text


def test_too_few_trades_of_one_kind_are_said_beside_the_others(client: Client, ann: User) -> None:
    few = make_not_judged("swing", Side.LONG, Judgement.NOT_ENOUGH_TRADES)
    make_records(trend=make_evidence("trend"))
    StrategyRecord.objects.filter(strategy="swing").delete()
    make_record("swing", make_evidence("swing", [few, make_kind("swing", Side.SHORT)]), long=FEW)
    text = read(client)
    assert "The 9 signal types that can be judged did no better or worse" in text
    assert "1 of them cannot be judged yet." in text
    assert text.count("Not enough trades: 3, 20 needed") == 3
    assert "baseline: hit rate 21.0%" in text


def test_too_few_trades_of_every_kind_are_the_answer(client: Client, ann: User) -> None:
    for strategy in STRATEGIES:
        kinds = [make_not_judged(strategy, side, Judgement.NOT_ENOUGH_TRADES) for side in Side]
        make_record(strategy, make_evidence(strategy, kinds), long=FEW, short=FEW)
    assert '<p class="headline">Not enough trades: 20 of a signal type are needed.</p>' in read(client)


def test_a_record_of_an_earlier_version_shows_its_numbers_until_it_is_compared(client: Client, ann: User) -> None:
    for strategy in STRATEGIES:
        make_record(strategy, None)
    text = read(client)
    assert '<p class="headline">The comparison follows with the next calculation.</p>' in text
    assert PICTURE not in text
    assert "22.0% <small>baseline 21.0%</small>" in text
    assert "still listed" not in text
    StrategyRecord.objects.exclude(strategy="trend").delete()
    make_record("swing", make_evidence("swing"))
    text = read(client)
    assert text.count('<p class="effect-words">The comparison follows with the next calculation.</p>') == 2
    assert "The 2 signal types that can be judged did no better or worse" in text


def test_a_strategy_without_a_record_says_so(client: Client, ann: User) -> None:
    make_record("swing", make_evidence("swing"))
    text = read(client, strategy="trend")
    assert "This strategy has no results yet." in text
    assert "The 2 signal types that can be judged did no better or worse" in text


def test_calibration_is_drawn_and_in_words_against_shifted_verdicts(client: Client, ann: User) -> None:
    make_records()
    text = read(client)
    assert "No verdict was followed by higher closes more or less often than expected." in text
    sentence = "After a Strong Buy the price stood higher 20 days later in 55.1% of cases; "
    assert f"{sentence}expected: 55.9%." in text
    assert "+20 days: Brier score 0.2494, no better than the base rate alone (0.2492)." in text
    label = "Strong Buy, +5 days: 55.1% stood higher, 95% interval 52.2% to 58.0%; shifted in time 55.9%."
    assert f'aria-label="{label}"' in text
    assert text.count('class="horizon"') == 3


def test_a_verdict_that_differs_from_its_shifts_is_named(client: Client, ann: User) -> None:
    calibration = make_calibration(share=0.62, p=0.004)
    make_records(technical_rating=make_evidence("technical_rating", calibration=calibration))
    named = "more often 5 days after a Strong Buy, more often 10 days after a Strong Buy and more often 20 days"
    assert f"Higher closes came {named} after a Strong Buy than expected." in read(client)


def test_verdicts_without_enough_cases_are_not_drawn(client: Client, ann: User) -> None:
    calibration = make_calibration(count=0, expected=None, p=None)
    horizons = tuple(replace(horizon, brier=None) for horizon in calibration.horizons)
    evidence = make_evidence("technical_rating", calibration=replace(calibration, horizons=horizons))
    make_records(technical_rating=evidence)
    text = read(client)
    assert "Strong Buy: not enough cases (0)." in text
    assert 'aria-label="Strong Buy, +5 days: Not enough cases."' in text
    assert "Brier score 0" not in text


def test_a_better_brier_score_is_no_claim(client: Client, ann: User) -> None:
    calibration = make_calibration()
    horizons = tuple(replace(horizon, brier=0.24) for horizon in calibration.horizons)
    evidence = make_evidence("technical_rating", calibration=replace(calibration, horizons=horizons))
    make_records(technical_rating=evidence)
    assert "Brier score 0.2400, not tested against the base rate alone (0.2492)." in read(client)


def test_overfitting_survivorship_and_what_is_left_out_are_said(client: Client, ann: User) -> None:
    make_record("technical_rating", make_evidence("technical_rating"), left_out_trades=7)
    StrategyRecord.objects.update(left_out=2)
    text = read(client)
    assert "Probability that the best signal type of the past is not better than most others afterwards: 53%." in text
    assert "Do not choose a strategy by this record." in text
    assert "58 of 60 stocks are still listed." in text
    assert "Excluded: 7 trades, because prices before and after cannot be compared" in text
    assert "2 stocks excluded: not enough usable price data." in text


def test_how_it_is_computed_names_costs_tests_limits_and_the_document(client: Client, ann: User) -> None:
    make_records()
    text = read(client)
    for said in (
        "Entered at the next open.",
        "Costs are 0.1% a side.",
        "One position at a time for each side",
        "Holm’s adjustment",
        "at least 0.2% a trade",
        "at least 750 trading days and 20 trades",
        "Not to be concluded",
        "among ten, one may miss zero by chance",
        "docs/evidence.md",
    ):
        assert said in text, said


def test_bars_that_cannot_be_used_are_why_there_is_no_record(client: Client, ann: User) -> None:
    make_finished_job("KAVERI.DEMO")
    PriceHistory.objects.update(bars=b"damaged")
    compute_records()
    assert "The stored prices of 1 stock cannot be used, and there are no others." in read(client)


def test_each_record_says_whether_its_prices_are_invented(client: Client, ann: User) -> None:
    make_record("trend", make_evidence("trend"))
    StrategyRecord.objects.update(price_source="demo")
    make_record("swing", make_evidence("swing"))
    assert "invented prices" in read(client, strategy="trend")
    assert "invented prices" not in read(client, strategy="swing")


def test_records_of_real_prices_replace_those_of_the_demo_market(client: Client, ann: User, settings: Settings) -> None:
    make_finished_job("KAVERI.DEMO")
    compute_records()
    assert "invented prices" in read(client)
    PriceHistory.objects.update(source="csv")
    settings.PRICE_SOURCE = "csv"
    compute_records()
    assert "invented prices" not in read(client)


def test_too_few_signals_are_called_so(client: Client, ann: User) -> None:
    make_finished_job("NAVANKURA.DEMO")
    compute_records()
    text = read(client)
    assert "Not enough trades: 0, 20 needed" in text
    assert text.count("Not enough cases</td>") == len(Verdict) + 1


def test_asking_shows_it_happening_until_all_are_done(client: Client, ann: User) -> None:
    make_finished_job("KAVERI.DEMO")
    text = client.post(REFRESH, follow=True).text
    assert "Calculating…" in text
    assert 'hx-trigger="every 2s"' in text
    live = reverse("analysis:track_record_live")
    assert client.get(live).status_code == 200
    refresh()
    last = client.get(live)
    assert last.status_code == 286
    assert "every 2s" not in last.text
    assert "<html" not in last.text


def test_asking_again_too_soon_is_declined_in_words(client: Client, ann: User) -> None:
    compute_records()
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
    make_records()
    with django_assert_max_num_queries(5):
        client.get(PAGE)
    StrategyRecord.objects.update(price_source="demo")  # so that there is no demo stock to be left out
    with django_assert_max_num_queries(4):
        client.get(PAGE)


def test_the_strategies_page_describes_all_and_marks_ones_own(client: Client, ann: User) -> None:
    text = client.get(reverse("analysis:strategies")).text
    for strategy in STRATEGIES.values():
        assert strategy.name in text
        assert f"--strategy {strategy.key}" in text
    assert text.count("Yours</span>") == 1
    assert f'See the <a href="{PAGE}">track record</a> before trusting any.' in text


def test_the_account_page_leads_to_the_strategies(client: Client, ann: User) -> None:
    assert (
        f'href="{reverse("analysis:strategies")}">Compare the strategies'
        in client.get(reverse("accounts:account")).text
    )


def test_a_refresh_that_was_asked_for_keeps_the_old_record_on_the_page(client: Client, ann: User) -> None:
    make_records()
    request_records()
    text = read(client)
    assert "Recalculating… Showing the previous results." in text
    assert NOTHING_DIFFERENT in text
