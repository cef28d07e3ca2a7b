"""Outcome matrices: the outcomes of one kind for many stocks on one calendar, and sums over them in a fixed order.

The rows are stocks and the columns sessions, so that what belongs to a stock lies together. These arrays are the only
inputs of the tests: they can be stored and extended by a session each evening. A stock's row never depends on others;
sums add the stocks one after another, so that they are the same, bit for bit, however many were read at a time.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from math import ceil
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from analysis.engine.bars import Booleans, Floats, Sessions
from analysis.engine.significance.outcomes import StockOutcomes

STOCKS_AT_ONCE = 64
"""Stocks whose rows are converted together: enough to be fast, few enough for the processor's cache."""

AnyFloats = NDArray[np.float32] | NDArray[np.float64]


def union_calendar(sessions: Iterable[Sessions]) -> Sessions:
    """Return every session of some stocks once, oldest first."""
    return reduce(np.union1d, sessions, np.empty(0, dtype="datetime64[D]"))


def find_columns(calendar: Sessions, sessions: Sessions) -> slice | NDArray[np.intp]:
    """Return the columns of sessions that are all in the calendar: a slice where they follow each other there."""
    start = int(np.searchsorted(calendar, sessions[0])) if len(sessions) else 0
    together = slice(start, start + len(sessions))
    return together if np.array_equal(calendar[together], sessions) else np.searchsorted(calendar, sessions)


def columns_held(calendar: Sessions, sessions: Sequence[Sessions], holding: int) -> int:
    """Return the columns of a calendar that `holding` sessions last: those of the median of some stocks.

    It is `holding` where all trade on the same days, and more where the calendar has days of other exchanges. The tests
    want it: a calendar's sessions are all that they know.
    """
    ratios = [np.ptp(np.searchsorted(calendar, own)) / (len(own) - 1) for own in sessions if len(own) > 1]
    return ceil(round(holding * float(np.median(ratios)), 6)) if ratios else holding


@dataclass(frozen=True, slots=True, eq=False)
class OutcomeMatrix:
    """The outcomes of one kind: `outcomes` and `is_entry`, shape (stocks, sessions), on the `calendar`.

    `outcomes` are float32 to be stored or float64; NaN where a stock has none. Whatever is computed from them is
    float64. `left_out` signals span a break.
    """

    calendar: Sessions
    outcomes: AnyFloats
    is_entry: Booleans
    left_out: int = 0

    @classmethod
    def stacked(cls, calendar: Sessions, stocks: Sequence[StockOutcomes], dtype: DTypeLike = np.float32) -> Self:
        """Return the outcomes of several stocks on a calendar that has all of their sessions."""
        shape = len(stocks), len(calendar)
        outcomes, is_entry = np.full(shape, np.nan, dtype=dtype), np.zeros(shape, dtype=np.bool_)
        matrix = cls(calendar, outcomes, is_entry, left_out=sum(stock.left_out for stock in stocks))
        for row, stock in enumerate(stocks):
            matrix.write(row, stock)
        return matrix

    def write(self, row: int, stock: StockOutcomes) -> None:
        """Write a stock's outcomes into its row; those of other sessions stay, and so does `left_out`."""
        columns = find_columns(self.calendar, stock.session)
        self.outcomes[row, columns] = stock.outcome
        self.is_entry[row, columns] = stock.is_entry

    def find_restart(self, row: int, sessions: Sessions, holding: int) -> int:
        """Return the `since` with which `stock_outcomes` adds the outcome that a stock's latest session made known.

        `sessions` are those of the stock's bars, more than `holding`; the outcomes before are in the row. It is the
        last signal, if its trade may be open, or else the session whose outcome is new.
        """
        new = len(sessions) - 1 - holding
        recent = np.arange(max(new - holding, 0), new)
        entries = recent[self.is_entry[row, np.searchsorted(self.calendar, sessions[recent])]]
        return int(entries[-1]) if len(entries) else new

    def extended(self, sessions: Sessions) -> Self:
        """Return a copy on a calendar continued by later sessions, without outcomes in them."""
        added = len(self.outcomes), len(sessions)
        empty = np.full(added, np.nan, dtype=self.outcomes.dtype)
        return replace(
            self,
            calendar=np.concatenate((self.calendar, sessions)),
            outcomes=np.concatenate((self.outcomes, empty), axis=1),
            is_entry=np.concatenate((self.is_entry, np.zeros(added, dtype=np.bool_)), axis=1),
        )

    def between(self, start: int, end: int) -> Self:
        """Return the sessions from column `start` to before column `end`, as views."""
        columns = slice(start, end)
        return replace(
            self,
            calendar=self.calendar[columns],
            outcomes=self.outcomes[:, columns],
            is_entry=self.is_entry[:, columns],
        )

    def parts(self, stocks_at_once: int = STOCKS_AT_ONCE) -> Iterator[tuple[Floats, Booleans, Booleans]]:
        """Yield centred outcomes, where they are known, and entries, of some stocks at a time.

        An outcome is centred on the mean of its own stock over all sessions, and 0 where it is not known. An entry
        without an outcome is none.
        """
        for start in range(0, max(len(self.outcomes), 1), stocks_at_once):
            rows = slice(start, start + stocks_at_once)
            outcomes = self.outcomes[rows].astype(np.float64)
            is_known = np.isfinite(outcomes)
            outcomes[~is_known] = 0.0
            counts = np.maximum(np.count_nonzero(is_known, axis=1), 1)
            outcomes -= (outcomes.sum(axis=1) / counts)[:, np.newaxis]
            outcomes[~is_known] = 0.0
            yield outcomes, is_known, self.is_entry[rows] & is_known


def add_rows(total: NDArray[Any], rows: NDArray[Any]) -> None:
    """Add rows to a total in place, one after another."""
    for row in rows:
        total += row
