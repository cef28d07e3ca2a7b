"""The benchmark behind docs/evidence.md runs in small, and the page names parts that it has."""

import re

from analysis.engine.trade_stats import TradeStats
from benchmarks.evidence import PARTS
from benchmarks.evidence_parts import is_told_apart_by_wilson, measure_noise
from benchmarks.evidence_time import measure_time
from stockapp.environment import BASE_DIR

PAGE = (BASE_DIR / "docs" / "evidence.md").read_text()


def test_the_page_has_the_numbers_of_every_part() -> None:
    assert set(re.findall(r"^`(\w+)[^`]*`[:,] ", PAGE, re.MULTILINE)) == set(PARTS)


def test_a_small_market_is_measured_before_and_after() -> None:
    found = measure_noise("one_factor", stocks=2, sessions=300, seeds=2, progress=lambda line: None)
    assert len(found["told_apart_before"]) == len(found["told_apart_after"]) == 2
    assert found["judgements"] == ["not_enough_history"]


def test_the_rule_of_earlier_versions_compares_hit_rates() -> None:
    baseline = TradeStats(count=10_000, targets=3_000)
    assert is_told_apart_by_wilson(TradeStats(count=100, targets=45), baseline)
    assert not is_told_apart_by_wilson(TradeStats(count=100, targets=35), baseline)
    assert not is_told_apart_by_wilson(TradeStats(count=19, targets=19), baseline)


def test_the_time_of_each_part_adds_up() -> None:
    seconds = measure_time("one_factor", stocks=2, sessions=300)
    tests = sum(list(seconds.values())[3:6])
    assert seconds["all, from nothing"] == seconds["stock records, from nothing"] + tests
