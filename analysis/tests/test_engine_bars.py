"""Bars: what the engine accepts, and how a history is cut."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from analysis.tests.engine_bars import make_bars


def test_bars_refuse_columns_of_another_length_or_type() -> None:
    bars = make_bars([1, 2, 3])
    with pytest.raises(ValueError, match="float64"):
        replace(bars, volume=np.array([1, 2, 3]))
    with pytest.raises(ValueError, match="as long as session"):
        replace(bars, close=bars.close[:2])


def test_bars_until_a_day_are_those_known_at_its_close() -> None:
    bars = make_bars([1, 2, 3])
    assert (bars.first_session, bars.last_session) == (date(2020, 1, 1), date(2020, 1, 3))
    assert bars.until(date(2020, 1, 2)).close.tolist() == [1, 2]
    assert len(bars.until(date(2019, 12, 31))) == 0
    assert len(bars.until(date(2021, 1, 1))) == 3
