"""The spacing of a price file's rows: one a session, in the whole file and in every stretch of it."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from analysis.engine.bars import Booleans, Sessions
from analysis.prices.delimited_text import TableError
from analysis.prices.exchanges import Exchange
from analysis.prices.price_rows import PriceRows
from analysis.prices.trading_calendar import trading_calendar_of

SEVERAL_TIMES = 3  # days with several bars, from which they are no mistake of single days
SKIPPING_RUN = 12  # rows in succession that leave out equally many sessions, as hardly any stock trades


@dataclass(frozen=True, slots=True)
class _Period:
    """A period of rows: the days between two, and how many in succession are no chance."""

    name: str
    least: int
    most: int
    run: int


_PERIODS = (
    _Period("weekly", 6, 8, 10),
    _Period("monthly", 26, 36, 5),
    _Period("quarterly", 85, 97, 4),
    _Period("yearly", 360, 370, 4),
)


def refuse_other_spacing(rows: PriceRows, exchange: Exchange) -> None:
    """Raise TableError unless rows are daily throughout; a few rows, gaps, or few trades, are no reason."""
    days = np.unique(rows.day)
    _refuse_parts_of_days(rows, days)
    spacing = np.diff(days).astype(np.int64)
    for period in _PERIODS:
        within = (spacing >= period.least) & (spacing <= period.most)
        if len(spacing) >= 4 and within.mean() >= 0.8:
            raise TableError(f"Its rows are {period.name}, and the analysis needs one a day. Download daily prices.")
        _refuse_run(days, within, period.run, period.name)
    calendar = trading_calendar_of(exchange)
    steps = np.diff(np.searchsorted(calendar.sessions, days))
    for step, name in {2: "second", 3: "third", 4: "fourth"}.items():
        _refuse_run(days, steps == step, SKIPPING_RUN, f"of every {name} session")


def _refuse_parts_of_days(rows: PriceRows, days: Sessions) -> None:
    """Raise TableError if most days, or several, have more than one bar."""
    moments = np.unique(rows.day.astype("datetime64[m]").astype(np.int64) + rows.minute)
    if len(moments) >= 1.5 * len(days) and len(moments) > len(days) + 1:
        minutes = int(np.median(np.diff(moments)))
        raise TableError(f"Its rows are about {minutes:,} minutes apart, and the analysis needs one a day.")
    bars = set(zip(rows.day.tolist(), rows.close.tolist(), strict=True))
    if len(bars) >= 1.5 * len(days) and len(bars) > len(days) + 2:
        raise TableError(
            f"It has {len(bars):,} different rows for {len(days):,} days, and the analysis needs one a day."
        )
    split = _find_split_days(rows)
    if len(split) >= SEVERAL_TIMES:
        raise TableError(
            f"It has several bars a day on {len(split):,} days, the last {split[-1]}, and the analysis needs one. Keep "
            "daily rows only."
        )


def _find_split_days(rows: PriceRows) -> Sessions:
    """Return the days with three closes, or with two at different times; two without a time may correct each other."""
    counts: dict[date, tuple[set[float], set[int]]] = {}
    again = rows.day[1:][rows.day[1:] == rows.day[:-1]]
    for place in np.flatnonzero(np.isin(rows.day, again)).tolist():
        closes, minutes = counts.setdefault(rows.day[place].astype(object), (set(), set()))
        closes.add(float(rows.close[place]))
        minutes.add(int(rows.minute[place]))
    split = [day for day, (closes, minutes) in counts.items() if len(closes) + (len(minutes) > 1) > 2]
    return np.array(sorted(split), dtype="datetime64[D]")


def _refuse_run(days: Sessions, within: Booleans, fewest: int, name: str) -> None:
    """Raise TableError if `within`, of the steps between days, is true that often in succession."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], within, [False]]).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    long = np.flatnonzero(ends - starts >= fewest)
    if len(long):
        first, last = days[starts[long[0]]], days[ends[long[0]]]
        raise TableError(f"Its rows are {name} from {first} to {last}, and the analysis needs one a day.")
