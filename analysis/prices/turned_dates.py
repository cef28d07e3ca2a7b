"""Turned dates: some of a column with day and month exchanged, as a spreadsheet leaves those up to the 12th."""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from analysis.prices.delimited_text import TableError

NEAR = 12  # days, at most, between rows beside each other; months that are read as days are about 30 apart
FEWEST = 5  # steps that turning dates would make near, from which it is no chance
FEW = 4  # times fewer far steps, if dates were turned


def refuse_turned_dates(cells: Sequence[str], days: NDArray[np.datetime64], lines: Sequence[int]) -> None:
    """Raise TableError if the rows are in no order, and near one another if day and month of some are exchanged.

    `days` are the days read, NaT for none, of the same shape as `cells`, in the file's order.
    """
    rows = np.flatnonzero(~np.isnat(days))
    steps = np.diff(days[rows]).astype(np.int64)
    if (steps >= 0).all() or (steps <= 0).all():
        return
    far = int((np.abs(steps) > NEAR).sum())
    if far < FEWEST:
        return
    turned, remaining = _turn_least(days[rows].astype(object).tolist())
    if far - remaining < FEWEST or remaining * FEW > far:
        return
    first = rows[turned[0]]
    raise TableError(
        f"Day and month are exchanged in {len(turned):,} of its dates, the first perhaps “{cells[first][:30]}” in line "
        f"{lines[first]}. Write all dates like 2026-04-24."
    )


def _turn_least(days: list[date]) -> tuple[list[int], int]:
    """Return the places of the dates to turn, as few as can be, so that fewest steps are far, and how many still are.

    The cost of a step is 1 if it is far; that of a turned date is so small that all together cost less.
    """
    turning = 1 / (len(days) + 1)
    choices = [[day.toordinal()] + ([turned.toordinal()] if (turned := _turn(day)) else []) for day in days]
    costs = [place * turning for place in range(len(choices[0]))]
    origins: list[list[int]] = []
    for before, after in pairwise(choices):
        options = [
            [cost + (abs(day - earlier) > NEAR) for cost, earlier in zip(costs, before, strict=True)] for day in after
        ]
        origins.append([option.index(min(option)) for option in options])
        costs = [min(option) + place * turning for place, option in enumerate(options)]
    return _trace_turned(origins, costs.index(min(costs))), int(min(costs))


def _trace_turned(origins: list[list[int]], place: int) -> list[int]:
    """Return the places of the dates that are turned on the cheapest way to the last, which has this choice."""
    ways = [place]
    for origin in reversed(origins):
        ways.append(origin[ways[-1]])
    return [row for row, way in enumerate(reversed(ways)) if way]


def _turn(day: date) -> date | None:
    """Return the date with day and month exchanged; None if there is no such date, or the same."""
    return date(day.year, day.day, day.month) if day.day <= 12 and day.day != day.month else None
