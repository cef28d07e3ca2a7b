"""Compute: the lines of a chart's indicator; the only module that imports pandas-ta."""

import inspect
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.catalogue.indicator import ChartIndicator
from analysis.engine.bars import Bars, Floats


class NoValues(ValueError):
    """An indicator without a value over these bars; the message is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Line:
    """One column of an indicator over the sessions of some bars, shape (n,), NaN where it has no value."""

    label: str
    is_bars: bool
    values: Floats


def compute_lines(bars: Bars, indicator: ChartIndicator) -> tuple[Line, ...]:
    """Return the indicator's lines. Raise NoValues if none has a value.

    Arguments are passed by keyword, because pandas-ta mixes up some positions; columns are read by position, because
    their names change with versions; `talib=True`, because results would otherwise depend on what can be imported.
    """
    import pandas_ta  # takes 0.5 s and 50 MB, and few processes need it

    entry = indicator.entry
    function = getattr(pandas_ta, entry.key)
    accepted = inspect.signature(function).parameters
    given: dict[str, Any] = {name: series for name, series in _series(bars).items() if name in accepted}
    given |= {"talib": True} if "talib" in accepted else {}
    result = None
    if len(bars) > indicator.longest:
        try:
            with np.errstate(all="ignore"):
                result = function(**(given | dict(entry.fixed) | indicator.values))
        except (TypeError, ValueError) as error:  # some fail on prices that never move
            raise NoValues(f"pandas-ta cannot compute {indicator.label} from these prices.") from error
    table = _to_table(result, len(bars), len(entry.columns))
    lines = tuple(
        Line(label, position in entry.bars, table[:, position]) for position, label in enumerate(entry.columns) if label
    )
    if all(np.isnan(line.values).all() for line in lines):
        raise NoValues(f"{indicator.label} needs more sessions than the {len(bars):,} that are stored.")
    return lines


def _series(bars: Bars) -> dict[str, pd.Series]:
    """Return the bars by the argument names of pandas-ta's functions."""
    index = pd.DatetimeIndex(bars.session)
    columns = ("open", "high", "low", "close", "volume")
    series = {name: pd.Series(getattr(bars, name), index=index) for name in columns}
    return series | {"open_": series["open"]}


def _to_table(result: Any, count: int, width: int) -> Floats:
    """Return an array of shape (count, at least width), NaN where a value is not finite or there is no result."""
    if isinstance(result, tuple):  # Ichimoku's second frame is in the future
        result = result[0]
    if result is None:
        return np.full((count, width), np.nan)
    table: Floats = np.array(result, dtype=np.float64).reshape(count, -1)
    table[~np.isfinite(table)] = np.nan
    return table
