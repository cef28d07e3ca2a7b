"""Assessments: what is said of the last session, its evidence, and dirty data."""

import json
import math
from dataclasses import replace
from datetime import date
from itertools import pairwise

import numpy as np
import pytest

from analysis.engine.assess import assess
from analysis.engine.assessment import Assessment, NotEnoughHistory
from analysis.engine.bars import Bars
from analysis.engine.evidence import merge_evidence, read_evidence, to_evidence
from analysis.engine.fingerprint import combine, differences, fingerprints, shorten
from analysis.engine.overlay import moving_averages
from analysis.engine.plan import Plan
from analysis.engine.rating import rate
from analysis.engine.strategies import STRATEGIES, TECHNICAL_RATING
from analysis.engine.strategy import IndicatorGroup, Strategy
from analysis.engine.verdict import Side, Verdict
from analysis.engine.version import ENGINE_VERSION
from analysis.tests.engine_bars import SAMPLES, flat_bars, joined, make_bars, random_bars, sample_bars


def assessed(bars: Bars) -> Assessment:
    assessment = assess(bars)
    assert isinstance(assessment, Assessment)
    return assessment


def rising_bars(count: int) -> Bars:
    return make_bars(100 + np.arange(count) * 0.5)


def numbers(value: object) -> list[float]:
    """Every float anywhere inside."""
    if isinstance(value, dict):
        return [number for item in value.values() for number in numbers(item)]
    if isinstance(value, list | tuple):
        return [number for item in value for number in numbers(item)]
    return [value] if isinstance(value, float) else []


def test_why_counts_the_signals_and_names_the_three_heaviest_of_each_direction() -> None:
    given = (("A", 1, 0.1), ("B", 1, 0.4), ("C", 1, 0.2), ("D", 1, 0.3), ("E", 0, 0.9), ("F", None, 0.0))
    one, *_ = (assessment := assessed(random_bars(300))).readings
    readings = tuple(one._replace(label=label, signal=signal, weight=weight) for label, signal, weight in given)
    assert replace(assessment, readings=readings).why == "4 of 6 votes up, led by B · D · C; 0 down."


@pytest.mark.parametrize("ticker", SAMPLES)
def test_an_assessment_reads_the_last_session_of_the_rating(ticker: str) -> None:
    bars = sample_bars(ticker)
    rating, assessment = rate(bars), assessed(bars)
    assert assessment.day == bars.last_session
    assert assessment.bar_count == len(bars)
    assert (assessment.previous_close, assessment.close) == tuple(bars.close[-2:])
    assert (assessment.previous_score, assessment.score) == tuple(rating.score[-2:])
    assert assessment.raw_verdict.code == rating.raw[-1]
    assert assessment.verdict.code == rating.steady[-1]
    for reading in assessment.readings:
        assert (math.nan if reading.signal is None else reading.signal) == pytest.approx(
            rating.signals_by_key[reading.key][-1], nan_ok=True
        )


@pytest.mark.parametrize("ticker", SAMPLES)
def test_the_score_is_the_mean_of_both_groups_mean_signals(ticker: str) -> None:
    assessment = assessed(sample_bars(ticker))
    averages = [
        reading.signal
        for reading in assessment.readings
        if reading.kind == "moving_average" and reading.signal is not None
    ]
    oscillators = [
        reading.signal for reading in assessment.readings if reading.kind == "oscillator" and reading.signal is not None
    ]
    assert assessment.score == pytest.approx((np.mean(averages) + np.mean(oscillators)) / 2)


def test_the_weighted_signals_add_up_to_the_score() -> None:
    assessment = assessed(sample_bars("IBM")[:120])
    assert sum(reading.weight for reading in assessment.readings) == pytest.approx(1)
    assert sum(reading.weight * (reading.signal or 0) for reading in assessment.readings) == pytest.approx(
        assessment.score
    )
    assert {reading.weight for reading in assessment.readings if reading.signal is None} == {0.0}


def test_a_rise_is_a_buy_with_a_long_plan_and_signals_for_it_outweigh() -> None:
    assessment = assessed(rising_bars(300))
    assert assessment.verdict.side is Side.LONG
    assert isinstance(assessment.plan, Plan)
    assert assessment.plan.stop < assessment.close < assessment.plan.target
    assert assessment.no_trade_reason == ""
    speaks_for = sum(reading.weight for reading in assessment.readings_for)
    speaks_against = sum(reading.weight for reading in assessment.readings_against)
    assert speaks_for - speaks_against == pytest.approx(assessment.score)


def test_a_fall_is_a_sell_whose_signals_for_it_are_the_downward_ones() -> None:
    assessment = assessed(make_bars(400 - np.arange(300) * 0.5))
    assert assessment.verdict.side is Side.SHORT
    assert {reading.signal for reading in assessment.readings_for} == {-1}
    weights = [reading.weight for reading in assessment.readings_for]
    assert weights == sorted(weights, reverse=True)


def test_a_neutral_verdict_has_no_plan_and_says_so() -> None:
    bars = sample_bars("IBM")
    day = next(index for index in range(600, 900) if rate(bars[:index]).steady[-1] == 0)
    assessment = assessed(bars[:day])
    assert assessment.verdict is Verdict.NEUTRAL
    assert assessment.plan is None
    assert assessment.no_trade_reason == "Neutral: nothing to plan"
    assert {reading.signal for reading in assessment.readings_for} == {1}


def test_prices_of_a_plan_have_the_precision_asked_for() -> None:
    assessment = assess(random_bars(400, seed=3), decimals=0)
    assert isinstance(assessment, Assessment)
    assert isinstance(assessment.plan, Plan)
    assert assessment.plan.stop == round(assessment.plan.stop)


def test_every_change_since_the_previous_session_is_named_and_nothing_else() -> None:
    bars = sample_bars("IBM")[:701]
    before, after = assessed(bars[:700]), assessed(bars)
    moved = {
        (old.key, old.signal, new.signal)
        for old, new in zip(before.readings, after.readings, strict=True)
        if old.signal != new.signal
    }
    assert moved
    assert {(change.key, change.before, change.after) for change in after.changes} == moved
    assert all(change.sentence for change in after.changes)
    assert after.previous_score == before.score


def test_a_first_score_has_no_previous_one() -> None:
    assessment = assessed(random_bars(50))
    assert assessment.previous_score is None
    assert assessment.verdict_since == assessment.day


@pytest.mark.parametrize("ticker", SAMPLES)
def test_a_verdict_has_stood_since_the_session_that_brought_it(ticker: str) -> None:
    bars = sample_bars(ticker)
    assessment = assessed(bars)
    days = bars.session.astype(object)
    start = int(np.flatnonzero(days == assessment.verdict_since)[0])
    steady = rate(bars).steady
    assert set(steady[start:]) == {assessment.verdict.code}
    assert steady[start - 1] != assessment.verdict.code


def test_a_verdict_that_never_moved_stands_since_the_first_score() -> None:
    assert assessed(rising_bars(300)).verdict_since == date(2020, 1, 1).replace(month=2, day=19)


@pytest.mark.parametrize(
    ("count", "findings"),
    [
        (500, []),
        (
            499,
            ["The long averages are approximate: 499 bars, 500 settle them."],
        ),
        (
            199,
            ["The long averages are approximate: 199 bars, 500 settle them.", "2 components abstain for lack of bars."],
        ),
    ],
)
def test_a_short_history_is_found(count: int, findings: list[str]) -> None:
    assert list(assessed(random_bars(count)).findings) == findings


def test_a_window_without_trading_is_found() -> None:
    assessment = assessed(joined(random_bars(600), flat_bars(7)))
    assert assessment.findings == ("1 component abstains for lack of trading in the window.",)
    assert [reading.key for reading in assessment.readings if reading.signal is None] == ["ultimate"]


def test_a_halted_stock_has_no_score_but_keeps_its_verdict_until_it_trades_again() -> None:
    bars = joined(random_bars(600), flat_bars(14), random_bars(100, seed=1))
    rating = rate(bars)
    assert math.isnan(rating.score[613])
    assert rating.steady[613] == rating.steady[612] != -128
    assert not math.isnan(rating.score[-1])
    halted = assess(bars[:614])
    assert isinstance(halted, NotEnoughHistory)
    assert halted.message == (
        "not enough trading: no trades in 14 of the last 60 sessions (one price, or no volume), "
        "3 of 11 oscillators vote and 9 are needed"
    )


def test_a_stock_that_traded_again_on_the_last_day_only_is_counted_as_quiet_before() -> None:
    bars = joined(random_bars(100), flat_bars(99), random_bars(1, seed=1))
    quiet = assess(bars)
    assert isinstance(quiet, NotEnoughHistory)
    assert "no trades in 59 of the last 60 sessions" in quiet.message


@pytest.mark.parametrize("count", [0, 1, 43, 49])
def test_too_few_bars_say_how_many_are_needed(count: int) -> None:
    message = f"not enough history: {count} bars, 50 needed"
    assert assess(random_bars(count)) == NotEnoughHistory(count, 50, message)
    assert np.isnan(rate(random_bars(count)).score).all()


def test_as_many_bars_as_are_needed_are_enough() -> None:
    assert TECHNICAL_RATING.bars_needed == 50
    assert isinstance(assess(random_bars(50)), Assessment)


def test_a_close_that_never_moved_within_a_range_is_no_move_of_its_averages() -> None:
    wiggle = np.random.default_rng(0).uniform(0.01, 0.05, (2, 600))
    assessment = assessed(make_bars(np.full(600, 0.65), high=0.65 + wiggle[0], low=0.65 - wiggle[1]))
    still = {
        reading.key: reading.signal
        for reading in assessment.readings
        if reading.kind == "moving_average" or reading.key == "macd"
    }
    assert set(still.values()) == {0}


def test_a_day_without_volume_gets_a_score() -> None:
    bars = random_bars(300)
    bars.volume[-1] = 0
    assert isinstance(assess(bars), Assessment)


@pytest.mark.parametrize("ticker", SAMPLES)
def test_evidence_is_small_strict_json_that_each_strategy_reads_as_it_was_said(ticker: str) -> None:
    bars = sample_bars(ticker)
    assessments = [one for one in (assess(bars, each) for each in STRATEGIES.values()) if isinstance(one, Assessment)]
    text = json.dumps(to_evidence(assessments), separators=(",", ":"), allow_nan=False)
    assert len(text) < 1_500
    evidence = json.loads(text)
    assert set(evidence["signals"]) == {key for strategy in STRATEGIES.values() for key in strategy.weights}
    for assessment in assessments:
        read = read_evidence(evidence, assessment.strategy, assessment.bar_count)
        said = [(one.key, one.label, one.kind, one.signal, one.weight) for one in assessment.readings]
        assert [(one.key, one.label, one.kind, one.signal, one.weight) for one in read.readings] == said
        assert [change.sentence for change in read.changes] == [change.sentence for change in assessment.changes]
        assert read.findings == assessment.findings
    assert all(number == float(f"{number:.6g}") for number in numbers(evidence))


def test_evidence_of_a_further_strategy_is_added_and_changes_nothing_that_is_stored() -> None:
    bars = random_bars(120)
    alone, other = to_evidence([assessed(bars)]), assess(bars, STRATEGIES["trend"])
    assert isinstance(other, Assessment)
    merged = merge_evidence(alone, to_evidence([other]))
    assert merged == to_evidence([assessed(bars), other])
    assert merge_evidence(merged, to_evidence([other])) == merged
    assert read_evidence(merged, STRATEGIES["trend"], 120).findings == other.findings


def test_evidence_of_an_unavailable_signal_is_null() -> None:
    evidence = json.loads(json.dumps(to_evidence([assessed(random_bars(120))])))
    assert evidence["signals"]["sma_200"] == [None, None]
    assert "sma_200" in evidence["unavailable"]["for lack of bars"]


def fingerprint(bars: Bars, strategy: Strategy) -> str:
    parts = fingerprints(bars, strategy, source="csv")
    return combine(parts) + parts["parameters"]


def test_a_fingerprint_is_that_of_the_bars_and_the_parameters() -> None:
    bars = random_bars(60)
    longer_stop = replace(TECHNICAL_RATING, stop_atr=3.0)
    prints = [
        fingerprint(bars, TECHNICAL_RATING),
        fingerprint(bars[1:], TECHNICAL_RATING),
        fingerprint(bars[:-1], TECHNICAL_RATING),
        fingerprint(bars, longer_stop),
        *(fingerprint(_nudged(bars, name), TECHNICAL_RATING) for name in ("open", "high", "low", "close", "volume")),
        fingerprint(replace(bars, session=bars.session + 1), TECHNICAL_RATING),
    ]
    assert len(set(prints)) == len(prints)
    assert fingerprint(random_bars(60), TECHNICAL_RATING) == prints[0]
    assert combine(fingerprints(bars, longer_stop, source="csv")) == prints[0][:64]


def test_fingerprints_say_which_of_bars_parameters_and_engine_changed() -> None:
    bars = random_bars(60)
    before = fingerprints(bars, TECHNICAL_RATING, source="csv")
    assert before["engine"] == ENGINE_VERSION
    assert differences(before, fingerprints(bars, TECHNICAL_RATING, source="csv")) == ()
    assert differences(before, fingerprints(bars[1:], TECHNICAL_RATING, source="csv")) == ("bars",)
    assert differences(before, fingerprints(bars, STRATEGIES["trend"], source="csv")) == ("parameters",)
    assert differences(before, fingerprints(bars[1:], STRATEGIES["trend"], source="csv")) == ("bars", "parameters")
    assert differences(before, {**before, "engine": "0"}) == ("engine",)
    assert differences(before, fingerprints(bars, TECHNICAL_RATING, source="yahoo")) == ("source",)
    doubtful = np.arange(60) == 3
    assert differences(before, fingerprints(bars, TECHNICAL_RATING, source="csv", doubtful=doubtful)) == ("bars",)
    assert differences(before, shorten(before)) == ()
    of_earlier_version = {part: before[part] for part in ("bars", "parameters", "engine")}
    assert differences(of_earlier_version, before) == ()


def _nudged(bars: Bars, name: str) -> Bars:
    column = getattr(bars, name).copy()
    column[30] = np.nextafter(column[30], np.inf)
    return replace(bars, **{name: column})


def test_the_overlay_has_three_averages_as_long_as_the_bars() -> None:
    bars = random_bars(250)
    overlay = moving_averages(bars)
    assert list(overlay) == ["SMA 20", "SMA 50", "SMA 200"]
    assert overlay["SMA 200"][-1] == pytest.approx(bars.close[-200:].mean())
    assert [int(np.isnan(series).sum()) for series in overlay.values()] == [19, 49, 199]
    assert moving_averages(random_bars(0))["SMA 20"].size == 0


def test_a_strategy_of_one_group_scores_by_weight() -> None:
    strategy = replace(
        TECHNICAL_RATING,
        key="two_indicators",
        groups=(IndicatorGroup({"sma_10": 3.0, "momentum_10": 1.0}, minimum_weight=1),),
    )
    rating = rate(random_bars(100), strategy)
    assert strategy.bars_needed == 10
    assert list(rating.signals_by_key) == ["sma_10", "momentum_10"]
    average, momentum = rating.signals_by_key["sma_10"], rating.signals_by_key["momentum_10"]
    np.testing.assert_allclose(rating.score[11:], (3 * average[11:] + momentum[11:]) / 4)
    np.testing.assert_array_equal(rating.score[9:11], average[9:11])


def test_one_stocks_numbers_do_not_reach_another() -> None:
    first, second = random_bars(300, seed=1), random_bars(300, seed=2)
    alone = assess(second)
    assess(first)
    assert assess(second) == alone


def test_a_steady_verdict_moves_less_often_than_the_raw_one() -> None:
    rating = rate(sample_bars("IBM"))
    moves = [sum(a != b for a, b in pairwise(codes[codes != -128].tolist())) for codes in (rating.steady, rating.raw)]
    assert moves[0] < moves[1] / 2


@pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES.keys())
def test_without_a_known_volume_the_rest_votes_and_one_finding_says_so(strategy: Strategy) -> None:
    bars = random_bars(600)
    known, unknown = assess(bars, strategy), assess(replace(bars, volume=np.full(600, np.nan)), strategy)
    assert isinstance(known, Assessment)
    assert isinstance(unknown, Assessment)
    silent = {indicator.key for indicator in strategy.indicators if indicator.needs_volume}
    for before, after in zip(known.readings, unknown.readings, strict=True):
        assert after.signal == (None if after.key in silent else before.signal)
    told = [finding for finding in unknown.findings if "volume is not known" in finding]
    assert len(told) == len(unknown.findings) == bool(silent)
    assert all(math.isfinite(number) for number in numbers(to_evidence([unknown])))
