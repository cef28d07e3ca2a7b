"""Sentences of records: every judgement in words, and no claim that the adjusted tests do not make."""

from dataclasses import replace

import pytest

from analysis.engine.significance.family import Judgement
from analysis.engine.strategies import STRATEGIES
from analysis.engine.strategy_record import RecordEvidence
from analysis.engine.verdict import Side
from analysis.pages import record_sentences as sentences
from analysis.pages.record_pictures import EffectPicture, effect_scale, reliability_scale
from analysis.tests.make_records import make_calibration, make_different, make_evidence, make_kind, make_not_judged

SHORT_HISTORY, FEW_TRADES = Judgement.NOT_ENOUGH_HISTORY, Judgement.NOT_ENOUGH_TRADES


def every_strategy(**changed: RecordEvidence) -> list[RecordEvidence]:
    return [changed.get(strategy, make_evidence(strategy)) for strategy in STRATEGIES]


@pytest.mark.parametrize(
    ("kind", "sessions", "sentence"),
    [
        (make_kind("trend", Side.LONG), 1250, "No different from entering on any other day."),
        (make_kind("trend", Side.LONG, 0.03, 0.02), 1250, "No different from entering on any other day."),
        (
            make_different("trend", Side.LONG, 0.0083),
            1250,
            "Earned 0.8% more a trade than entering on any other day.",
        ),
        (
            make_different("trend", Side.SHORT, -0.012),
            1250,
            "Earned 1.2% less a trade than entering on any other day.",
        ),
        (make_not_judged("trend", Side.LONG, FEW_TRADES, 12), 1250, "Not enough trades: 12, 20 needed."),
        (make_not_judged("trend", Side.LONG, SHORT_HISTORY), 612, "Not enough history: 612 trading days, 750 needed."),
        (
            make_not_judged("trend", Side.LONG, SHORT_HISTORY),
            800,
            "Not enough history: the trades lie too close together in time to be compared.",
        ),
    ],
)
def test_every_judgement_has_a_sentence(kind: object, sessions: int, sentence: str) -> None:
    assert sentences.describe_kind(kind, sessions) == sentence  # type: ignore[arg-type]


def test_one_sentence_is_about_all_strategies() -> None:
    assert sentences.describe_records([]) == "The comparison follows with the next calculation."
    assert sentences.describe_looks([]) == ""
    assert sentences.describe_records(every_strategy()) == sentences.NO_STRATEGY_DIFFERENT
    long, short = make_different("swing", Side.LONG, 0.004), make_kind("swing", Side.SHORT)
    one = every_strategy(swing=make_evidence("swing", [long, short]))
    assert sentences.describe_records(one) == "Swing (long) earned 0.4% more a trade than entering on any other day."
    assert sentences.describe_looks(one) == (
        "10 signal types compared; the tests allow for that. 9 of them were no different."
    )


def test_one_that_can_be_judged_does_not_speak_for_the_others() -> None:
    few = [make_not_judged("trend", side, FEW_TRADES) for side in Side]
    evidence = [make_evidence("trend", few), make_evidence("swing", [make_kind("swing", Side.LONG), few[1]])]
    assert sentences.describe_records(evidence) == (
        "The one signal type that can be judged did no better or worse than entering the same stocks on any other day."
    )
    assert sentences.describe_looks(evidence).endswith("3 of them cannot be judged yet.")


def test_a_large_effect_that_no_test_found_is_not_named() -> None:
    kinds = [make_kind("trend", side, 0.05, 0.04) for side in Side]
    assert sentences.describe_records(every_strategy(trend=make_evidence("trend", kinds))) == (
        sentences.NO_STRATEGY_DIFFERENT
    )


def test_no_probability_of_overfitting_recommends_a_strategy() -> None:
    for probability in (0.0, 0.35, 0.53, 1.0):
        said = sentences.describe_overfitting(probability)
        assert said.endswith("Do not choose a strategy by this record.")
        assert f": {100 * probability:.0f}%." in said
    assert sentences.describe_overfitting(None).startswith("Not enough history")


def test_one_stock_is_listed_in_the_singular() -> None:
    evidence = make_evidence("trend", stocks=1, listed=0)
    assert sentences.describe_listed(evidence) == "0 of 1 stock is still listed."
    assert sentences.describe_listed(replace(evidence, stocks=2300, listed=2100)).startswith(
        "2,100 of 2,300 stocks are"
    )


def test_a_verdict_that_comes_less_often_is_called_so() -> None:
    calibration = make_calibration(share=0.48, p=0.01)
    one = replace(calibration, horizons=calibration.horizons[:1])
    assert sentences.describe_calibration(one) == (
        "Higher closes came less often 5 days after a Strong Buy than expected."
    )
    assert sentences.describe_calibration(make_calibration(expected=None, p=None)) == ""


@pytest.mark.parametrize(
    ("p", "written"), [(None, "–"), (0.0004, "<0.001"), (0.0321, "0.032"), (0.1, "0.10"), (1.0, "1.00")]
)
def test_a_p_has_as_many_digits_as_it_needs(p: float | None, written: str) -> None:
    assert sentences.format_p(p) == written


def test_all_effects_share_one_symmetric_scale() -> None:
    kinds = [make_kind("trend", Side.LONG, 0.02, 0.001), make_kind("trend", Side.SHORT, -0.001, 0.001)]
    scale = effect_scale(kinds)
    assert (scale.low, scale.high) == pytest.approx((-0.025, 0.025))
    drawn = [EffectPicture.of(kind, scale) for kind in kinds]
    assert {picture.zero for picture in drawn} == {"50.00%"}
    assert [picture.dot for picture in drawn] == ["86.00%", "48.20%"]
    assert EffectPicture.of(None, effect_scale([])).text == "Not judged."


def test_shares_that_are_all_the_same_still_have_a_scale() -> None:
    scale = reliability_scale(make_calibration(share=0.55, expected=None, p=None))
    assert scale.low <= 0.55 < scale.high
    assert reliability_scale(make_calibration(count=0)).high > 0.5
