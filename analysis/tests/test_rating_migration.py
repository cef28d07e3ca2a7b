"""Results and evidence of earlier versions: on the way to ratings, and back, nothing is lost."""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from django.db import IntegrityError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from analysis.engine.assess import DOUBTED, assess
from analysis.engine.assessment import Assessment
from analysis.engine.bars import Bars
from analysis.engine.evidence import read_evidence, to_evidence
from analysis.engine.series import SeriesCache
from analysis.engine.strategies import MOMENTUM, STRATEGIES, TECHNICAL_RATING, TREND
from analysis.engine.strategy import Strategy
from analysis.tests.engine_bars import random_bars

OLD, HALF_WAY, NEW = "0024_doubtful_answers", "0025_ratings", "0026_evidence_once"
DAY = date(2026, 11, 20)
NO_HISTORY = "Not enough history: 90 bars, 100 needed."
NOTE = {"kind": "jump", "severity": "warning", "message": "The price jumped."}
NO_VOLUME = np.full(600, math.nan)
BARS: dict[str, Bars | SeriesCache] = {
    "LONG": random_bars(600),
    "SHORT": random_bars(190, seed=2),
    "LONG.INDEX": replace(random_bars(600, seed=4), volume=NO_VOLUME),
    "SHORT.INDEX": replace(random_bars(190, seed=3), volume=NO_VOLUME[:190]),
    "DOUBTFUL": SeriesCache(random_bars(190, seed=5), np.arange(190) == 185),
}

type Migrate = Callable[[str], Any]


@pytest.fixture
def migrate(transactional_db: None) -> Iterator[Migrate]:
    """Migrate the app `analysis`, and return the models of that version; afterwards come back to the newest."""
    try:
        yield lambda name: MigrationExecutor(connection).migrate([("analysis", name)]).apps
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes("analysis"))


def objects(apps: Any, name: str) -> Any:
    return apps.get_model("analysis", name).objects


def make_job(apps: Any, strategy: str = "technical_rating") -> Any:
    return objects(apps, "Job").create(
        source="watchlist", strategy=strategy, price_source="yahoo", total=1, request_key=strategy
    )


def make_row(apps: Any, job: Any, ticker: str, day: date = DAY, **fields: Any) -> Any:
    """A result of either version; of the earlier ones with the columns of `rating`."""
    stock, _ = objects(apps, "Stock").get_or_create(ticker=ticker)
    times = dict.fromkeys(("started_at", "completed_at", "created_at", "updated_at"), timezone.now())
    given = {
        "status": "completed", "source": "watchlist", "price_source": "yahoo", "close": 10.5, "previous_close": 10.0,
        "bar_count": 600, "engine_version": "1", "recent_closes": [10.0, 10.5], "input_fingerprint": "f" * 64,
    }  # fmt: skip
    row = objects(apps, "Result").create(job=job, stock=stock, day=day, **times, **(given | fields))
    if row.status == "completed":
        objects(apps, "Stock").filter(pk=ticker).update(last_result=row)
    return row


def rating(strategy: str = "technical_rating", **fields: Any) -> dict[str, Any]:
    given = {
        "strategy": strategy, "score": 0.3, "raw_verdict": "strong_buy", "verdict": "buy", "side": "long",
        "verdict_since": DAY - timedelta(days=9), "entry": 100.0, "stop": 95.0, "target": 110.0, "risk_reward": 2.0,
        "what_changed": "MACD rose", "why": "9 of 26 votes up; 3 down.", "caution": "The price jumped.",
        "no_trade_reason": "",
    }  # fmt: skip
    return given | fields


def without_plan(strategy: str = "technical_rating") -> dict[str, Any]:
    plan = dict.fromkeys(("entry", "stop", "target", "risk_reward"))
    return rating(strategy, **plan, side="", verdict="neutral", no_trade_reason="Neutral is not traded.")


def unrated(strategy: str) -> dict[str, Any]:
    return {"strategy": strategy, "no_score_reason": NO_HISTORY}


def assessed(bars: Bars | SeriesCache, strategy: Strategy) -> Assessment:
    assessment = assess(bars, strategy)
    assert isinstance(assessment, Assessment)
    return assessment


def evidence_of_before(assessment: Assessment) -> dict[str, Any]:
    """The evidence as earlier versions stored it."""
    return {
        "components": [
            {"key": reading.key, "label": reading.label, "group": reading.kind.value, "value": short(reading.value),
             "vote": reading.signal, "weight": short(reading.weight)}
            for reading in assessment.readings
        ],
        "changes": [
            {"key": change.key, "label": change.label, "before": change.before, "after": change.after,
             "value": short(change.value), "sentence": change.sentence}
            for change in assessment.changes
        ],
        "previous_score": short(assessment.previous_score),
        "verdict_since": assessment.verdict_since.isoformat(),
        "findings": [*assessment.findings],
        "parameters": assessment.strategy.parameters(),
        "data_quality": [NOTE],
        "fingerprints": {"bars": "b" * 64, "combined": "c" * 64},
    }  # fmt: skip


def short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")


def rounded(value: Any) -> Any:
    """The same for a comparison of every float inside up to six digits."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return pytest.approx(value, rel=2e-6) if isinstance(value, float) else value


def store_evidence(apps: Any, row: Any, evidence: Any) -> None:
    objects(apps, "RawData").create(result_id=row.pk, evidence=evidence)


def stored_evidence(apps: Any) -> dict[int, Any]:
    return dict(objects(apps, "RawData").values_list("pk", "evidence"))


def stored(apps: Any, name: str) -> list[dict[str, Any]]:
    return list(objects(apps, name).order_by("pk").values())


def test_results_of_before_and_their_evidence_are_the_same_after_the_way_to_this_version_and_back(
    migrate: Migrate,
) -> None:
    """Only the fingerprints of the evidence go: those of each run are in its details."""
    old = migrate(OLD)
    for number, strategy in enumerate(STRATEGIES.values()):
        job = make_job(old, strategy.key)
        for ticker, bars in BARS.items():
            assessment = assessed(bars, strategy)
            row = make_row(
                old, job, ticker, DAY - timedelta(days=number), bar_count=assessment.bar_count,
                **rating(strategy.key, verdict_since=assessment.verdict_since),
            )  # fmt: skip
            store_evidence(old, row, evidence_of_before(assessment))
    make_row(old, job, "NEUTRAL", **without_plan("swing"))
    make_row(old, job, "GONE", status="failed", strategy="swing", error_message="Unknown.", close=None)
    results, stocks, evidence = stored(old, "Result"), stored(old, "Stock"), stored_evidence(old)
    migrate(NEW)
    back = migrate(OLD)
    assert (stored(back, "Result"), stored(back, "Stock")) == (results, stocks)
    for parts in evidence.values():
        del parts["fingerprints"]
    assert stored_evidence(back) == rounded(evidence)
    migrate(NEW)
    assert stored(migrate(OLD), "Result") == results


def test_each_success_has_the_rating_of_its_strategy_and_a_failure_has_none(migrate: Migrate) -> None:
    old = migrate(OLD)
    job = make_job(old, "trend")
    rows = [make_row(old, job, "PLAN", **rating("trend")), make_row(old, job, "NONE", **without_plan("trend"))]
    make_row(old, job, "GONE", status="failed", strategy="trend", error_message="Unknown.", close=None)
    new = migrate(NEW)
    found = [{**row, "id": 0} for row in stored(new, "Rating")]
    more = {"id": 0, "previous_score": None, "no_score_reason": ""}
    assert found == [{**rating("trend"), **more, "result_id": rows[0].pk}, {
        **without_plan("trend"), **more, "result_id": rows[1].pk,
    }]  # fmt: skip
    assert objects(new, "Result").get(stock="GONE").error_message == "Unknown."


def test_the_evidence_says_the_same_as_before_and_the_same_as_that_of_a_new_run(migrate: Migrate) -> None:
    old = migrate(OLD)
    assessments: dict[int, Assessment] = {}
    for strategy in STRATEGIES.values():
        job = make_job(old, strategy.key)
        for ticker, bars in BARS.items():
            assessment = assessed(bars, strategy)
            day = DAY - timedelta(days=len(assessments))
            row = make_row(old, job, ticker, day, **rating(strategy.key, verdict_since=None))
            assessments[row.pk] = assessment
            store_evidence(old, row, evidence_of_before(assessment))
    new = migrate(NEW)
    reasons = set()
    for pk, parts in stored_evidence(new).items():
        assessment, before = assessments[pk], evidence_of_before(assessments[pk])
        assert parts == {**to_evidence([assessment]), "data_quality": [NOTE]}
        read = read_evidence(parts, assessment.strategy, assessment.bar_count).as_dict()
        assert read == rounded({name: before[name] for name in read})
        row = objects(new, "Rating").get(result=pk)
        assert (row.previous_score, row.verdict_since) == (before["previous_score"], assessment.verdict_since)
        reasons |= parts["unavailable"].keys()
    assert reasons == {"for lack of bars", "because the traded volume is not known", DOUBTED}


def test_counts_that_do_not_add_up_are_a_lack_of_bars(migrate: Migrate) -> None:
    old = migrate(OLD)
    evidence = evidence_of_before(assessed(BARS["SHORT"], TECHNICAL_RATING))
    silent = [part["key"] for part in evidence["components"] if part["vote"] is None]
    evidence["findings"] = ["1 component abstains for lack of trading in the window."]
    store_evidence(old, make_row(old, make_job(old), "A", **rating()), evidence)
    assert len(silent) > 1
    assert [parts["unavailable"] for parts in stored_evidence(migrate(NEW)).values()] == [{"for lack of bars": silent}]


def test_evidence_of_other_forms_is_kept(migrate: Migrate) -> None:
    """Also what another program has added; and rows of this version, such as after an interrupted upgrade, stay."""
    empty: dict[str, Any] = {"signals": {}, "before": {}, "unavailable": {}}
    new_form = {**to_evidence([assessed(BARS["LONG"], TREND)]), "data_quality": []}
    forms: dict[str, tuple[Any, Any]] = {
        "EMPTY": ({"components": [], "changes": [], "data_quality": []}, {**empty, "data_quality": []}),
        "NOTES": ({"data_quality": [NOTE], "added": 1}, {**empty, "data_quality": [NOTE], "added": 1}),
        "NULLS": ({"components": None, "findings": None}, empty),
        "SPARSE": (
            {"components": [{"key": "macd", "vote": 1}], "previous_score": 0.25},
            {**empty, "signals": {"macd": [None, 1]}},
        ),
        "UNKNOWN": (
            {"components": [{"key": "moon", "value": 2.0, "vote": None}], "findings": ["1 component abstains now."]},
            {"signals": {"moon": [2.0, None]}, "before": {}, "unavailable": {"now": ["moon"]}},
        ),
        "ODD": ({"components": ["macd"]}, {"components": ["macd"]}),
        "LIST": (["macd"], ["macd"]),
        "NEW": (new_form, new_form),
    }
    old = migrate(OLD)
    job = make_job(old)
    for ticker, (before, _) in forms.items():
        store_evidence(old, make_row(old, job, ticker, **rating()), before)
    new = migrate(NEW)
    found = dict(objects(new, "RawData").values_list("result__stock", "evidence"))
    assert found == {ticker: after for ticker, (_, after) in forms.items()}
    assert objects(new, "Rating").get(result__stock="SPARSE").previous_score == 0.25
    back = dict(objects(migrate(OLD), "RawData").values_list("result__stock", "evidence"))
    assert (back["ODD"], back["LIST"]) == (forms["ODD"][0], forms["LIST"][0])
    assert (back["NOTES"]["data_quality"], back["NOTES"]["added"]) == ([NOTE], 1)
    again = dict(objects(migrate(NEW), "RawData").values_list("result__stock", "evidence"))
    unweighed = ("UNKNOWN", "NEW")  # earlier versions have no place for signals that a result's strategy does not weigh
    for ticker in unweighed:
        del found[ticker], again[ticker]
    assert again == found


def test_an_earlier_version_gets_the_rating_of_the_jobs_strategy_or_else_the_first_one_with_a_score(
    migrate: Migrate,
) -> None:
    new = migrate(NEW)
    job = make_job(new, "trend")
    assessment, other = assessed(BARS["LONG"], TREND), assessed(BARS["LONG"], MOMENTUM)
    for ticker, ratings in {
        "BOTH": [rating("momentum", score=0.1), rating("trend", previous_score=0.123456789)],
        "OTHERS": [unrated("trend"), unrated("mean_reversion"), rating("swing"), without_plan("momentum")],
    }.items():
        row = make_row(new, job, ticker)
        store_evidence(new, row, {**to_evidence([assessment, other]), "data_quality": [NOTE]})
        objects(new, "Rating").bulk_create(
            [new.get_model("analysis", "Rating")(result_id=row.pk, **fields) for fields in ratings]
        )
    old = migrate(OLD)
    rows = {row["stock_id"]: {name: row[name] for name in rating()} for row in stored(old, "Result")}
    assert rows == {"BOTH": rating("trend"), "OTHERS": without_plan("momentum")}
    evidence = dict(objects(old, "RawData").values_list("result__stock", "evidence"))
    since = {"verdict_since": rating()["verdict_since"].isoformat()}
    expected = {
        "BOTH": evidence_of_before(assessment) | since | {"previous_score": 0.123457},
        "OTHERS": evidence_of_before(other) | since | {"previous_score": None},
    }
    for parts in expected.values():
        del parts["fingerprints"]
    assert evidence == rounded(expected)
    again = migrate(NEW)
    assert set(objects(again, "Rating").values_list("result__stock", "strategy", "previous_score")) == {
        ("BOTH", "trend", 0.123457), ("OTHERS", "momentum", None),
    }  # fmt: skip


def test_a_result_that_no_strategy_scored_is_a_failure_to_an_earlier_version(migrate: Migrate) -> None:
    """The stock's last result is then the success before it, as the earlier version's integrity check wants it."""
    new = migrate(NEW)
    job = make_job(new, "trend")
    for ticker in ("SHORT", "UNRATED", "NEVER"):
        if ticker != "NEVER":
            row = make_row(new, job, ticker, DAY - timedelta(days=1))
            objects(new, "Rating").create(result_id=row.pk, **rating("trend"))
        row = make_row(new, job, ticker)
        if ticker != "UNRATED":
            objects(new, "Rating").create(result_id=row.pk, **unrated("trend"))
    old = migrate(OLD)
    rows = objects(old, "Result").order_by("stock", "day")
    no_rating = "No strategy has rated this session."
    assert list(rows.values_list("stock", "status", "strategy", "verdict", "error_message")) == [
        ("NEVER", "failed", "trend", "", NO_HISTORY),
        ("SHORT", "completed", "trend", "buy", ""), ("SHORT", "failed", "trend", "", NO_HISTORY),
        ("UNRATED", "completed", "trend", "buy", ""), ("UNRATED", "failed", "trend", "", no_rating),
    ]  # fmt: skip
    last = dict(objects(old, "Stock").values_list("pk", "last_result__day"))
    assert last == {"NEVER": None, "SHORT": DAY - timedelta(days=1), "UNRATED": DAY - timedelta(days=1)}


def test_the_database_refuses_the_same_nonsense_as_before_after_the_way_back(migrate: Migrate) -> None:
    migrate(NEW)
    old = migrate(OLD)
    job = make_job(old)
    for nonsense in (rating(score=1.5), rating(verdict=""), rating(stop=120.0), {"strategy": "trend"}):
        with pytest.raises(IntegrityError):
            make_row(old, job, "A", **nonsense)
    new = migrate(HALF_WAY)
    job = objects(new, "Job").get()
    with pytest.raises(IntegrityError):
        make_row(new, job, "A", close=None)
    make_row(new, job, "A", status="failed", error_message="Unknown.", close=None)
