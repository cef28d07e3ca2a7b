"""Compute: the one module that knows pandas-ta."""

import inspect
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.catalogue.indicator import Chosen
from analysis.engine import Bars
from analysis.engine.bars import Floats


class NoValues(ValueError):
    """The indicator has no value over these bars; the message is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Line:
    """One column of an indicator over the sessions of some bars, shape (n,), NaN where it has no value."""

    label: str
    is_bars: bool
    values: Floats


def compute(bars: Bars, chosen: Chosen) -> tuple[Line, ...]:
    """The indicator's lines; NoValues where none has any.

    Called by keyword, because pandas-ta reads some arguments by position wrongly; columns are taken by position,
    because their names change with versions; `talib=True`, because else results hang on what can be imported.
    """
    import pandas_ta  # takes 0.5 s and 50 MB, and only who looks at such an indicator needs it

    indicator = chosen.indicator
    function = getattr(pandas_ta, indicator.key)
    wanted = inspect.signature(function).parameters
    given: dict[str, Any] = {name: series for name, series in _series(bars).items() if name in wanted}
    given |= {"talib": True} if "talib" in wanted else {}
    found = None
    if len(bars) > chosen.longest:
        try:
            with np.errstate(all="ignore"):
                found = function(**(given | dict(indicator.fixed) | chosen.values))
        except (TypeError, ValueError) as error:  # some cannot do with prices that never move
            raise NoValues(f"pandas-ta cannot compute {chosen.label} from these prices.") from error
    table = _columns(found, len(bars), len(indicator.columns))
    lines = tuple(
        Line(label, position in indicator.bars, table[:, position])
        for position, label in enumerate(indicator.columns)
        if label
    )
    if all(np.isnan(line.values).all() for line in lines):
        raise NoValues(f"{chosen.label} needs more sessions than the {len(bars):,} that are stored.")
    return lines


def _series(bars: Bars) -> dict[str, pd.Series]:
    """The bars under the names that pandas-ta's functions give them."""
    index = pd.DatetimeIndex(bars.session)
    columns = ("open", "high", "low", "close", "volume")
    series = {name: pd.Series(getattr(bars, name), index=index) for name in columns}
    return series | {"open_": series["open"]}


def _columns(found: Any, count: int, width: int) -> Floats:
    """Shape (count, at least width), with NaN for what is not finite, and throughout where nothing came."""
    if isinstance(found, tuple):  # Ichimoku's second frame lies in the future
        found = found[0]
    if found is None:
        return np.full((count, width), np.nan)
    table: Floats = np.array(found, dtype=np.float64).reshape(count, -1)
    table[~np.isfinite(table)] = np.nan
    return table
