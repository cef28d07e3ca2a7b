"""Changes: what a scheduled job found that was not so at the one before, for whom, and in which words."""

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest
from pytest_django import DjangoAssertNumQueries

from analysis.engine.bars import Bars
from analysis.engine.strategies import MOMENTUM, TECHNICAL_RATING, TREND
from analysis.models import (
    DetailStatus,
    ExchangeSchedule,
    Job,
    JobDetail,
    JobStatus,
    PriceHistory,
    Rating,
    Result,
    ScheduledRun,
    Source,
    Stock,
)
from analysis.prices.arrow import checksum, pack_bars
from analysis.tests.make import make_finished_job, make_rating, make_result, make_stock, make_user
from stockapp.digest.changes import Changes, changes_of
from stockapp.digest.compose import compose
from stockapp.digest.subscriptions import subscription_of

pytestmark = pytest.mark.django_db

DAYS = [date(2026, 1, day) for day in (19, 20, 21, 22, 23)]
NOTHING = Changes([], [], [])
STRATEGY, OTHER = TECHNICAL_RATING.key, TREND.key
NO_PLAN: dict[str, Any] = {"side": "", "entry": None, "stop": None, "target": None, "risk_reward": None}
SHORT: dict[str, Any] = {"side": "short", "entry": 100.0, "stop": 105.0, "target": 90.0, "risk_reward": 2.0}
NO_SCORE: dict[str, Any] = {"score": None, "verdict": "", "raw_verdict": "", **NO_PLAN}


def scheduled(session: date) -> Job:
    """A scheduled job of NSE for a session, that has ended."""
    now = datetime.combine(session, datetime.min.time(), UTC)
    job = Job.objects.create(
        source=Source.SCHEDULE, strategy=STRATEGY, price_source="csv", total=1, request_key=str(session),
        status=JobStatus.COMPLETED, completed_at=now, created_at=now, description=f"NSE after {session}",
    )  # fmt: skip
    schedule, _ = ExchangeSchedule.objects.get_or_create(exchange="NSE")
    ScheduledRun.objects.create(schedule=schedule, session=session, job=job)
    return job


def found(job: Job, stock: Stock, day: date, verdict: str = "buy", **fields: object) -> Result:
    """What a job found of a stock, with the plan of a Buy unless told otherwise."""
    plan = {} if verdict == "buy" else NO_PLAN
    given = {"verdict": verdict, "raw_verdict": verdict, **plan, **fields}
    result = make_result(stock, day, job=job, **given)
    JobDetail.objects.create(
        job=job, stock=stock, status=DetailStatus.COMPLETED, day=day, verdict=verdict, result=result
    )
    return result


def rated(result: Result, verdict: str, strategy: str = OTHER, **fields: Any) -> None:
    """Rate a result by a further strategy."""
    make_rating(result, **{"strategy": strategy, "verdict": verdict, "raw_verdict": verdict, **NO_PLAN, **fields})


def lacked_bars(job: Job, stock: Stock, day: date, verdict: str = "") -> Result:
    """Fail a detail for lack of bars for its job's strategy, with a verdict by another strategy if one is given.

    Its detail has failed as a job's does.
    """
    sentence = "Not enough history: 43 bars, 50 needed."
    result = make_result(stock, day, job=job, **NO_SCORE, no_score_reason=sentence)
    if verdict:
        rated(result, verdict)
    JobDetail.objects.create(
        job=job, stock=stock, status=DetailStatus.FAILED, day=day, error_kind="not_enough_history",
        error_message=sentence, result=result,
    )  # fmt: skip
    return result


def failed(job: Job, stock: Stock, kind: str = "no_data") -> None:
    JobDetail.objects.create(
        job=job, stock=stock, status=DetailStatus.FAILED, error_kind=kind, error_message=f"No bars of {stock}."
    )


def store_bars(stock: Stock, *rows: tuple[float, float, float, float]) -> None:
    """Bars (open, high, low, close) of the first DAYS."""
    opened, high, low, close = np.array(rows, dtype=float).T.copy()
    sessions = np.array(DAYS[: len(rows)], dtype="datetime64[D]")
    bars = Bars(sessions, opened, high, low, close, np.full(len(rows), 1000.0))
    packed = pack_bars(bars)
    PriceHistory.objects.create(
        stock=stock, source="csv", bars=packed, first_session=bars.first_session, last_session=bars.last_session,
        requested_since=bars.first_session, bar_count=len(bars), adjusted=True, fetched_at=datetime.now(UTC),
        checksum=checksum(packed),
    )  # fmt: skip


CALM = (100.0, 101.0, 99.0, 100.0)  # touches neither the stop at 95 nor the target at 110


def test_a_verdict_that_changed_is_told_with_the_old_one_and_why() -> None:
    stock = make_stock("TCS.NS", name="Tata Consultancy")
    found(scheduled(DAYS[0]), stock, DAYS[0], "neutral")
    job = scheduled(DAYS[1])
    found(job, stock, DAYS[1], "buy", what_changed="RSI 14 rose above 50")
    changes = changes_of(job, ["TCS.NS"], STRATEGY)
    (change,) = changes.verdicts
    assert (change.before, change.rating.verdict, change.why) == ("neutral", "buy", "RSI 14 rose above 50")
    composed = compose(job, changes, subscription_of(make_user("ann")))
    assert composed.subject == "NSE after 2026-01-20: 1 verdict changed"
    assert "TCS.NS Tata Consultancy: Neutral → Buy" in composed.text
    assert "Why: RSI 14 rose above 50" in composed.text
    assert "Plan (long): entry ₹100.00, stop ₹95.00, target ₹110.00" in composed.text
    assert "http://127.0.0.1:8000/stocks/TCS.NS/" in composed.text


def test_a_changed_verdict_is_told_with_the_weekly_one_of_the_readers_strategy() -> None:
    week: dict[str, Any] = {"weekly_verdict": "sell", "weekly_since": date(2025, 12, 19)}
    stock, without = make_stock("A.NS"), make_stock("B.NS")
    earlier, job = scheduled(DAYS[0]), scheduled(DAYS[1])
    for one in (stock, without):
        rated(found(earlier, one, DAYS[0], "neutral"), "neutral")
    rated(found(job, stock, DAYS[1], "buy", **week), "buy", **week | {"weekly_verdict": "strong_buy"})
    rated(found(job, without, DAYS[1], no_weekly_reason="Not enough history: 9 completed weeks, 50 needed."), "buy")
    for strategy, said in (
        (STRATEGY, "Daily Buy, weekly Sell: against the larger move."),
        (OTHER, "Daily Buy, weekly Strong Buy: with the larger move."),
    ):
        changes = changes_of(job, ["A.NS", "B.NS"], strategy)
        assert [change.week for change in changes.verdicts] == [said, ""]
        composed = compose(job, changes, subscription_of(make_user(f"reader of {strategy}", strategy=strategy)))
        assert f"  {said}\n" in composed.text
        assert f"<br>{said}" in composed.html
        for text in (composed.text, composed.html):
            assert text.count("weekly") == 1
            assert "completed weeks" not in text
            assert "next analysis" not in text


def test_another_weekly_verdict_alone_is_no_change() -> None:
    stock = make_stock()
    earlier, job = scheduled(DAYS[0]), scheduled(DAYS[1])
    found(earlier, stock, DAYS[0], weekly_verdict="sell", weekly_since=date(2025, 12, 19))
    found(job, stock, DAYS[1], weekly_verdict="buy", weekly_since=DAYS[1])
    assert changes_of(job, [stock.pk], STRATEGY) == NOTHING


def test_the_same_verdict_a_first_one_and_another_strategys_are_no_changes() -> None:
    same, first, other = make_stock("A.NS"), make_stock("B.NS"), make_stock("C.NS")
    earlier, job = scheduled(DAYS[0]), scheduled(DAYS[1])
    found(earlier, same, DAYS[0], "neutral")
    found(earlier, other, DAYS[0], "sell", strategy="swing")
    for stock in (same, first, other):
        found(job, stock, DAYS[1], "neutral")
    assert changes_of(job, ["A.NS", "B.NS", "C.NS"], STRATEGY) == NOTHING


def test_a_verdict_is_compared_with_the_scheduled_run_before_not_with_what_was_run_by_hand_since() -> None:
    stock = make_stock("TCS.NS")
    found(scheduled(DAYS[0]), stock, DAYS[0], "neutral")
    make_result(stock, DAYS[1])  # a buy, by hand
    job = scheduled(DAYS[2])
    found(job, stock, DAYS[2], "buy")
    assert [change.before for change in changes_of(job, ["TCS.NS"], STRATEGY).verdicts] == ["neutral"]


def test_a_source_without_a_new_session_is_no_news() -> None:
    stock = make_stock("TCS.NS")
    found(scheduled(DAYS[0]), stock, DAYS[0], "neutral")
    found(scheduled(DAYS[1]), stock, DAYS[1], "buy")
    job = scheduled(DAYS[2])
    JobDetail.objects.create(job=job, stock=stock, status=DetailStatus.COMPLETED, day=DAYS[1], verdict="buy")
    assert changes_of(job, ["TCS.NS"], STRATEGY) == NOTHING


@pytest.mark.parametrize(
    ("bar", "is_target", "level"),
    [
        ((100, 110.5, 99, 109), True, 110.0),
        ((100, 101, 94.5, 96), False, 95.0),
        ((100, 111, 94, 100), False, 95.0),  # both in one bar: the stop counts
        ((112, 113, 94, 95), True, 110.0),  # opened beyond the target: it was reached first
        ((90, 91, 89, 90), False, 95.0),
    ],
)
def test_a_plan_that_was_hit_is_told_once(
    bar: tuple[float, float, float, float], is_target: bool, level: float
) -> None:
    stock = make_stock("TCS.NS")
    jobs = [scheduled(day) for day in DAYS[:4]]
    bars = (CALM, CALM, bar, CALM)
    for job, day, (*_, close) in zip(jobs, DAYS, bars, strict=False):
        # A day's new plan does not replace the one that is open.
        later: dict[str, Any] = {} if day == DAYS[0] else {"entry": 101.0, "stop": 96.0, "target": 111.0}
        found(job, stock, day, close=close, **later)
    store_bars(stock, *bars)
    assert changes_of(jobs[1], ["TCS.NS"], STRATEGY) == NOTHING
    (hit,) = changes_of(jobs[2], ["TCS.NS"], STRATEGY).hits
    assert (hit.is_target, hit.level, hit.session, hit.result.day) == (is_target, level, DAYS[2], DAYS[0])
    assert changes_of(jobs[3], ["TCS.NS"], STRATEGY) == NOTHING
    word = "target" if is_target else "stop"
    composed = compose(jobs[2], changes_of(jobs[2], ["TCS.NS"], STRATEGY), subscription_of(make_user("ann")))
    assert composed.subject.endswith(": 1 plan hit")
    assert f"the {word} ₹{level:.2f} was touched on 21 Jan 2026. The long plan of 19 Jan 2026" in composed.text


def test_a_short_plan_is_hit_the_other_way_round() -> None:
    stock = make_stock("TCS.NS")
    jobs = [scheduled(day) for day in DAYS[:2]]
    for job, day in zip(jobs, DAYS, strict=False):
        found(job, stock, day, "sell", **SHORT)
    store_bars(stock, CALM, (100, 101, 89, 92))
    (hit,) = changes_of(jobs[1], ["TCS.NS"], STRATEGY).hits
    assert (hit.is_target, hit.level) == (True, 90.0)


def test_a_plan_whose_verdict_has_left_its_side_is_not_hit_any_more() -> None:
    stock = make_stock("TCS.NS")
    jobs = [scheduled(day) for day in DAYS[:3]]
    for job, day, verdict in zip(jobs, DAYS, ("buy", "neutral", "neutral"), strict=False):
        found(job, stock, day, verdict)
    store_bars(stock, CALM, CALM, (100, 120, 99, 119))
    assert changes_of(jobs[2], ["TCS.NS"], STRATEGY) == NOTHING


def test_a_plan_moves_with_prices_that_were_adjusted_since() -> None:
    stock = make_stock("TCS.NS")
    jobs = [scheduled(day) for day in DAYS[:3]]
    for job, day in zip(jobs, DAYS, strict=False):
        found(job, stock, day)
    halved = (50.0, 50.5, 49.5, 50.0)  # a split: a low of 49.5 is no touch of the stop at 95
    store_bars(stock, halved, halved, (50.0, 55.5, 49.0, 55.0))
    assert changes_of(jobs[1], ["TCS.NS"], STRATEGY) == NOTHING
    (hit,) = changes_of(jobs[2], ["TCS.NS"], STRATEGY).hits
    assert (hit.is_target, hit.level) == (True, 55.0)


def test_failures_are_grouped_by_kind_and_only_new_ones_are_news() -> None:
    a, b, c = (make_stock(ticker) for ticker in ("A.NS", "B.NS", "C.NS"))
    first, second, third = (scheduled(day) for day in DAYS[:3])
    failed(first, a)
    for stock, kind in ((a, "no_data"), (b, "no_data"), (c, "timeout")):
        failed(second, stock, kind)
    for stock, kind in ((a, "no_data"), (b, "no_data"), (c, "timeout")):
        failed(third, stock, kind)
    changes = changes_of(second, ["A.NS", "B.NS", "C.NS"], STRATEGY)
    assert {kind: [one.stock.pk for one in some] for kind, some in changes.new_failures.items()} == {
        "No data": ["B.NS"],
        "Timed out": ["C.NS"],
    }
    text = compose(second, changes, subscription_of(make_user("ann"))).text
    assert "No data (1 stock): B.NS\n  No bars of B.NS." in text
    assert "1 stock failed as before." in text
    assert changes_of(third, ["A.NS", "B.NS", "C.NS"], STRATEGY).is_empty


def test_what_the_deadline_cut_off_is_told_and_what_somebody_cancelled_is_not() -> None:
    stock = make_stock("A.NS")
    job = scheduled(DAYS[0])
    JobDetail.objects.create(job=job, stock=stock, status=DetailStatus.CANCELLED)
    assert changes_of(job, ["A.NS"], STRATEGY).is_empty
    Job.objects.filter(pk=job.pk).update(error_message="Its deadline passed at 14:05.")
    text = compose(job, changes_of(job, ["A.NS"], STRATEGY), subscription_of(make_user("ann"))).text
    assert "Timed out (1 stock): A.NS\n  The job was ended before it got there. Its deadline passed at 14:05." in text


def test_each_user_is_told_of_the_own_stocks_only() -> None:
    a, b = make_stock("A.NS"), make_stock("B.NS")
    first, second = scheduled(DAYS[0]), scheduled(DAYS[1])
    for stock in (a, b):
        found(first, stock, DAYS[0], "neutral")
        found(second, stock, DAYS[1], "sell")
    changes = changes_of(second, ["A.NS", "B.NS"], STRATEGY)
    assert [change.stock.pk for change in changes.of({"B.NS"}).verdicts] == ["B.NS"]
    assert changes.of(set()).is_empty


def test_a_short_that_was_hit_is_no_news_to_who_trades_long_only() -> None:
    stock = make_stock("A.NS")
    first, second = scheduled(DAYS[0]), scheduled(DAYS[1])
    found(first, stock, DAYS[0], "sell", **SHORT)
    found(second, stock, DAYS[1], "sell", **SHORT)
    store_bars(stock, CALM, (100.0, 101.0, 89.0, 91.0))
    changes = changes_of(second, ["A.NS"], STRATEGY)
    assert [hit.level for hit in changes.of({"A.NS"}).hits] == [90.0]
    assert changes.of({"A.NS"}, long_only=True).is_empty


def test_names_cannot_break_the_html() -> None:
    stock = make_stock("A.NS", name="<script>alert(1)</script> & Sons")
    first, second = scheduled(DAYS[0]), scheduled(DAYS[1])
    found(first, stock, DAYS[0], "neutral")
    found(second, stock, DAYS[1], "sell")
    composed = compose(second, changes_of(second, ["A.NS"], STRATEGY), subscription_of(make_user("ann")))
    assert "<script>" not in composed.html
    assert "<script>alert(1)</script> & Sons" in composed.text


@pytest.mark.parametrize(("count", "queries"), [(1, 6), (50, 6), (500, 10)])  # two for each two hundred stocks
def test_what_changed_takes_as_many_queries_for_fifty_stocks_with_plans_as_for_one(
    count: int, queries: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    first, second = scheduled(DAYS[0]), scheduled(DAYS[1])
    tickers = [f"S{n}.NS" for n in range(count)]
    Stock.objects.bulk_create(Stock(ticker=ticker) for ticker in tickers)
    store_bars(Stock.objects.get(pk="S0.NS"), CALM, (100, 111, 99, 110))
    model = PriceHistory.objects.get()
    fields = {f.attname: getattr(model, f.attname) for f in PriceHistory._meta.concrete_fields if f.attname != "id"}
    PriceHistory.objects.bulk_create(PriceHistory(**{**fields, "stock_id": ticker}) for ticker in tickers[1:])
    plan = {"side": "long", "entry": 100.0, "stop": 95.0, "target": 110.0, "risk_reward": 2.0}
    for job, day, verdict in ((first, DAYS[0], "buy"), (second, DAYS[1], "strong_buy")):
        moment = datetime(2026, 1, 23, tzinfo=UTC)
        results = Result.objects.bulk_create(
            Result(
                job=job, stock_id=ticker, day=day, status="completed", source="schedule", price_source="csv", close=100,
                engine_version="1", started_at=moment, completed_at=moment, created_at=moment, updated_at=moment,
            )
            for ticker in tickers
        )  # fmt: skip
        Rating.objects.bulk_create(
            Rating(result=result, strategy=strategy, score=0, verdict=verdict, raw_verdict=verdict, **plan)
            for result in results
            for strategy in (STRATEGY, OTHER)
        )
        JobDetail.objects.bulk_create(
            JobDetail(job=job, stock_id=result.stock_id, status=DetailStatus.COMPLETED, day=day, result=result)
            for result in results
        )
    with django_assert_max_num_queries(queries):
        changes = changes_of(second, tickers, STRATEGY)
    assert len(changes.verdicts) == len(changes.hits) == count


def test_demo_stocks_are_left_out_once_there_is_a_real_one() -> None:
    job = make_finished_job("KAVERI.DEMO", "VANQUAY.DEMO")
    own = {"KAVERI.DEMO", "VANQUAY.DEMO"}
    assert [failure.stock.pk for failure in changes_of(job, own, STRATEGY).failures] == ["VANQUAY.DEMO"]
    make_stock("REAL.NS")
    assert changes_of(job, own, STRATEGY).is_empty


def test_each_strategy_has_changes_of_its_own_over_the_same_results() -> None:
    stock = make_stock("TCS.NS")
    first, second = scheduled(DAYS[0]), scheduled(DAYS[1])
    rated(found(first, stock, DAYS[0], "neutral"), "buy")
    rated(found(second, stock, DAYS[1], "buy", what_changed="RSI 14 rose above 50"), "sell", **SHORT)
    (by_rating,) = changes_of(second, ["TCS.NS"], STRATEGY).verdicts
    (by_trend,) = changes_of(second, ["TCS.NS"], OTHER).verdicts
    assert (by_rating.before, by_rating.rating.verdict, by_rating.why) == ("neutral", "buy", "RSI 14 rose above 50")
    assert (by_trend.before, by_trend.rating.verdict, by_trend.why) == ("buy", "sell", "")
    assert by_rating.result == by_trend.result
    assert by_trend.plan
    assert (by_trend.plan.stop, by_trend.plan.target) == (105.0, 90.0)
    assert changes_of(second, ["TCS.NS"], MOMENTUM.key) == NOTHING  # it has rated neither


def test_a_plan_is_hit_by_the_strategy_whose_plan_it_is() -> None:
    stock = make_stock("TCS.NS")
    jobs = [scheduled(day) for day in DAYS[:2]]
    for job, day in zip(jobs, DAYS, strict=False):
        rated(found(job, stock, day), "buy", side="long", entry=100.0, stop=90.0, target=130.0, risk_reward=3.0)
    store_bars(stock, CALM, (100, 101, 94, 96))  # touches the stop at 95, not the one at 90
    (hit,) = changes_of(jobs[1], ["TCS.NS"], STRATEGY).hits
    assert (hit.level, hit.rating.strategy, hit.result.day) == (95.0, STRATEGY, DAYS[0])
    assert changes_of(jobs[1], ["TCS.NS"], OTHER) == NOTHING


def test_a_result_that_the_strategy_has_not_rated_is_none_to_compare_with() -> None:
    """Its reader chose the strategy later: neither the other's verdict nor an older one of its own is the last one."""
    stock = make_stock("TCS.NS")
    rated(found(scheduled(DAYS[0]), stock, DAYS[0], "neutral"), "buy")
    found(scheduled(DAYS[1]), stock, DAYS[1], "neutral")
    job = scheduled(DAYS[2])
    rated(found(job, stock, DAYS[2], "neutral"), "sell")
    assert changes_of(job, ["TCS.NS"], OTHER) == NOTHING


def test_a_first_score_is_no_change() -> None:
    stock = make_stock("TCS.NS")
    lacked_bars(scheduled(DAYS[0]), stock, DAYS[0], "buy")
    job = scheduled(DAYS[1])
    found(job, stock, DAYS[1], "sell")
    assert changes_of(job, ["TCS.NS"], STRATEGY) == NOTHING


def test_a_verdict_is_compared_with_the_last_one_if_there_was_no_score_in_between() -> None:
    stock = make_stock("TCS.NS")
    found(scheduled(DAYS[0]), stock, DAYS[0], "neutral")
    lacked_bars(scheduled(DAYS[1]), stock, DAYS[1], "buy")
    job = scheduled(DAYS[2])
    found(job, stock, DAYS[2], "buy")
    assert [change.before for change in changes_of(job, ["TCS.NS"], STRATEGY).verdicts] == ["neutral"]


def test_a_lack_of_bars_is_a_failure_for_those_whose_strategy_lacks_them() -> None:
    stock = make_stock("TCS.NS")
    first, second = scheduled(DAYS[0]), scheduled(DAYS[1])
    lacked_bars(first, stock, DAYS[0], "neutral")
    lacked_bars(second, stock, DAYS[1], "buy")
    (failure,) = changes_of(first, ["TCS.NS"], STRATEGY).failures
    assert (failure.kind, failure.is_new) == ("not_enough_history", True)
    (again,) = changes_of(second, ["TCS.NS"], STRATEGY).failures
    assert not again.is_new
    changes = changes_of(second, ["TCS.NS"], OTHER)
    assert changes.failures == []
    assert [(change.before, change.rating.verdict) for change in changes.verdicts] == [("neutral", "buy")]


def test_a_lack_of_bars_for_a_reader_alone_is_told_once_with_its_own_sentence() -> None:
    """The job's strategy has a score, so the detail is completed."""
    stock = make_stock("TCS.NS")
    jobs, sentence = [scheduled(day) for day in DAYS[:3]], "Not enough history: 30 bars, 34 needed."
    rated(found(jobs[0], stock, DAYS[0], "neutral"), "buy")
    for job, day in zip(jobs[1:], DAYS[1:], strict=False):
        rated(found(job, stock, day, "neutral"), "", score=None, no_score_reason=sentence)
    changes = changes_of(jobs[1], ["TCS.NS"], OTHER)
    assert changes.verdicts == []
    (failures,) = changes.new_failures.values()
    assert [failure.sentence for failure in failures] == [sentence]
    assert changes_of(jobs[2], ["TCS.NS"], OTHER).is_empty
    assert changes_of(jobs[2], ["TCS.NS"], OTHER).still_failing == 1
    assert changes_of(jobs[1], ["TCS.NS"], STRATEGY) == NOTHING


def test_bars_that_no_strategy_can_use_are_a_failure_for_all() -> None:
    """A stock that has a result by one strategy in the run before is new among the failures of its readers alone."""
    stock = make_stock("TCS.NS")
    lacked_bars(scheduled(DAYS[0]), stock, DAYS[0], "neutral")
    job = scheduled(DAYS[1])
    failed(job, stock, "not_enough_history")
    assert [failure.is_new for failure in changes_of(job, ["TCS.NS"], STRATEGY).failures] == [False]
    assert [failure.is_new for failure in changes_of(job, ["TCS.NS"], OTHER).failures] == [True]
