"""The catalogue over real bars: what is offered works, and what is refused is really broken."""

import subprocess
import sys
from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd
import pandas_ta as ta
import pytest
import talib
from django.conf import settings

from analysis.catalogue.compute import NoValues, compute_lines
from analysis.catalogue.indicator import BadChoice, CatalogueEntry, Place
from analysis.catalogue.offered import OFFERED, choose_indicator, find_entry, read_chart_indicators, search_entries
from analysis.catalogue.refused import REFUSED
from analysis.engine.bars import Bars
from analysis.tests.engine_bars import flat_bars, frame, sample_bars
from analysis.tests.engine_plain import plain_sar

CUTS = (700, 777, 961)


@pytest.fixture(scope="module")
def bars() -> Bars:
    return sample_bars("IBM")[:1000]


@pytest.fixture(scope="module")
def table(bars: Bars) -> pd.DataFrame:
    return frame(bars)


def test_every_indicator_of_pandas_ta_is_offered_or_refused() -> None:
    names = {name for names in ta.Category.values() for name in names}
    assert names == OFFERED.keys() | REFUSED.keys()
    assert not OFFERED.keys() & REFUSED.keys()


def test_an_offered_indicator_has_its_columns_with_a_value_at_every_newer_session(
    bars: Bars, subtests: pytest.Subtests
) -> None:
    for key, entry in OFFERED.items():
        with subtests.test(key):
            lines = compute_lines(bars, entry.with_parameters({}))
            assert [line.label for line in lines] == [label for label in entry.columns if label]
            for line in lines:
                assert line.values.shape == (1000,)
                assert np.isfinite(line.values[-300:]).all(), line.label
                if entry.place is Place.OVERLAY:
                    part = line.values[-300:] / bars.close[-300:]
                    assert 0.5 < part.min() <= part.max() < 2, line.label


def test_an_offered_indicator_does_not_look_ahead(bars: Bars, subtests: pytest.Subtests) -> None:
    for key, entry in OFFERED.items():
        with subtests.test(key):
            whole = compute_lines(bars, entry.with_parameters({}))
            for cut in CUTS:
                for line, earlier in zip(whole, compute_lines(bars[:cut], entry.with_parameters({})), strict=True):
                    values = line.values[:cut]
                    np.testing.assert_allclose(values, earlier.values, rtol=1e-8, atol=1e-8, err_msg=line.label)


def test_an_offered_indicator_stands_the_ends_of_its_bounds_and_short_and_idle_histories(
    bars: Bars, subtests: pytest.Subtests
) -> None:
    histories = (bars, bars[:101], bars[:100], bars[:43], bars[:2], bars[:1], bars[:0], flat_bars(300))
    for key, entry in OFFERED.items():
        with subtests.test(key):
            for values in _ends_of_bounds(entry):
                indicator = entry.with_parameters(values)
                for history in histories:
                    with suppress(NoValues):
                        lines = compute_lines(history, indicator)
                        assert {line.values.shape for line in lines} == {(len(history),)}
                        assert not any(np.isinf(line.values).any() for line in lines)


def _ends_of_bounds(entry: CatalogueEntry) -> list[dict[str, Any]]:
    """Return the defaults, each parameter at either end of its bounds, and all of them at the same end."""
    ends: list[dict[str, Any]] = [{}]
    ends += [{each.key: value} for each in entry.parameters for value in (each.least, each.most)]
    return ends + [{each.key: getattr(each, end) for each in entry.parameters} for end in ("least", "most")]


def test_too_few_bars_are_told_in_words(bars: Bars) -> None:
    with pytest.raises(NoValues, match=r"^RSI 50 needs more sessions than the 43 that are stored\.$"):
        compute_lines(bars[:43], choose_indicator("rsi", {"length": 50}))


def test_the_directional_lines_are_wilders(bars: Bars) -> None:
    adx, plus, minus = (line.values for line in compute_lines(bars, choose_indicator("adx", {})))
    prices = (bars.high, bars.low, bars.close)
    for values, expected in ((adx, talib.ADX), (plus, talib.PLUS_DI), (minus, talib.MINUS_DI)):
        np.testing.assert_allclose(values[400:], expected(*prices, 14)[400:], rtol=1e-6)


def test_candle_patterns_are_flags_without_a_line(table: pd.DataFrame) -> None:
    flags = ta.cdl_pattern(open_=table["open"], high=table["high"], low=table["low"], close=table["close"], name="all")
    assert flags.shape[1] > 60
    assert set(np.abs(np.unique(flags))) <= {0, 80, 100, 200}


def test_ease_of_movement_never_recovers_from_a_session_without_volume(table: pd.DataFrame) -> None:
    volume = table["volume"].copy()
    volume.iloc[500] = 0
    values = ta.eom(high=table["high"], low=table["low"], close=table["close"], volume=volume, length=14)
    assert values.iloc[400:500].notna().all()
    assert not np.isfinite(values.iloc[500:]).any()


def test_an_offered_indicator_gets_over_a_session_without_trade(bars: Bars, subtests: pytest.Subtests) -> None:
    columns = {name: getattr(bars, name).copy() for name in ("open", "high", "low", "close", "volume")}
    for name in ("open", "high", "low", "close"):
        columns[name][500] = bars.close[499]
    columns["volume"][500] = 0
    halted = Bars(session=bars.session, **columns)
    for key, entry in OFFERED.items():
        with subtests.test(key):
            for line in compute_lines(halted, entry.with_parameters({})):
                assert np.isfinite(line.values[-200:]).all(), line.label


def test_kst_is_a_hundred_times_the_published_one(table: pd.DataFrame) -> None:
    close = table["close"]
    rates = [close.pct_change(n) * 100 for n in (10, 15, 20, 30)]
    smooth = [rate.rolling(n).mean() for rate, n in zip(rates, (10, 10, 10, 15), strict=True)]
    published = np.array([1, 2, 3, 4]) @ np.array(smooth)
    np.testing.assert_allclose(np.array(ta.kst(close=close))[60:, 0], 100 * published[60:])


@pytest.mark.parametrize("key", ["long_run", "short_run"])
def test_runs_know_no_bars(table: pd.DataFrame, key: str) -> None:
    with pytest.raises(TypeError, match="'fast' and 'slow'"):
        getattr(ta, key)(close=table["close"])


def test_the_parabolic_sar_takes_other_sides_than_wilders(bars: Bars, table: pd.DataFrame) -> None:
    columns = ta.psar(high=table["high"], low=table["low"], close=table["close"])
    is_long = columns.iloc[:, 0].notna().to_numpy()
    assert np.mean(is_long[10:] != (plain_sar(bars) < bars.close)[10:]) > 0.01


def test_the_regression_with_deviations_changes_with_every_later_session(table: pd.DataFrame) -> None:
    whole, earlier = ta.tos_stdevall(close=table["close"]), ta.tos_stdevall(close=table["close"][:700])
    assert not np.isclose(whole.iloc[:700], earlier).any(axis=1).all()


def test_the_volume_heatmap_divides_by_a_deviation_around_its_length(table: pd.DataFrame) -> None:
    volume = table["volume"]
    wrong = np.sqrt(((volume - 610) ** 2).mean())
    expected = (volume - volume.rolling(610).mean()) / wrong
    np.testing.assert_allclose(ta.vhm(volume=volume).iloc[610:], expected.iloc[610:])


def test_vidya_starts_at_zero(bars: Bars, table: pd.DataFrame) -> None:
    values = ta.vidya(close=table["close"], length=14, talib=True).to_numpy()
    assert values[14] < bars.close[14] / 4
    assert values[40] < bars.close[40] * 0.9


def test_zigzag_turns_where_nobody_could_have_known(table: pd.DataFrame) -> None:
    def turns(count: int) -> Any:
        part = table[:count]
        return ta.zigzag(high=part["high"], low=part["low"], close=part["close"]).iloc[:, 0].to_numpy()

    whole = turns(1000)
    assert any(not np.array_equal(whole[:cut], turns(cut), equal_nan=True) for cut in (850, 961))


@pytest.mark.parametrize(
    ("key", "values", "sentence"),
    [
        ("nothing", {}, "There is no indicator “nothing”."),
        ("psar", {}, "“psar” is not offered: takes other sides than Wilder’s rules"),
        ("rsi", {"lenght": 9}, "RSI has no parameter “lenght”."),
        ("rsi", {"length": 1}, "Length must be a whole number from 2 to 400."),
        ("rsi", {"length": 401}, "Length must be a whole number from 2 to 400."),
        ("rsi", {"length": 14.5}, "Length must be a whole number from 2 to 400."),
        ("rsi", {"length": "many"}, "Length must be a whole number from 2 to 400."),
        ("rsi", {"length": None}, "Length must be a whole number from 2 to 400."),
        ("rsi", {"length": True}, "Length must be a whole number from 2 to 400."),
        ("kc", {"scalar": "nan"}, "Width must be a number from 0.1 to 10."),
        ("kc", {"scalar": 11}, "Width must be a number from 0.1 to 10."),
    ],
)
def test_a_choice_that_is_not_offered_is_refused_in_words(key: str, values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadChoice) as refused:
        choose_indicator(key, values)
    assert str(refused.value).startswith(sentence)


def test_a_choice_is_kept_and_read_again_without_what_is_no_longer_offered() -> None:
    indicator = choose_indicator("bbands", {"length": "30", "upper_std": "2.5"})
    assert indicator.label == "Bollinger 30, 2, 2.5"
    assert indicator.slug == "bbands:30,2,2.5"
    broken: list[Any] = [
        {"key": "psar", "parameters": {}},
        {"key": "rsi", "parameters": {"length": 0}},
        {},
        "rsi",
        None,
    ]
    assert read_chart_indicators([*broken, indicator.as_dict(), {"key": "rsi", "parameters": None}]) == [indicator]
    assert read_chart_indicators("rsi") == read_chart_indicators(None) == []


@pytest.mark.parametrize("text", ["RSI", "rsi", " Relative strength index "])
def test_an_indicator_is_found_by_its_key_and_its_names(text: str) -> None:
    assert find_entry(text).key == "rsi"


def test_a_part_of_a_name_finds_what_starts_with_it_first() -> None:
    assert search_entries("stochastic")[0].key == "stoch"
    assert find_entry("donch").key == "donchian"
    with pytest.raises(BadChoice, match="“average” may be several indicators: "):
        find_entry("average")
    with pytest.raises(BadChoice, match="There is no indicator like “zzz”"):
        find_entry("zzz")
    with pytest.raises(BadChoice, match="Type an indicator’s name"):
        find_entry(" ")


def test_the_pages_start_without_pandas_ta() -> None:
    program = "import django, sys; django.setup(); import stockapp.urls; sys.exit('pandas_ta' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], cwd=settings.BASE_DIR, check=True)
