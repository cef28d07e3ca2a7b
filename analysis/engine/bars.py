"""Bars: the daily OHLCV history of one stock, the engine's only input."""

from dataclasses import dataclass
from datetime import date
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Indices = NDArray[np.int64]
Sessions = NDArray[np.datetime64]


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """Daily bars of closed sessions, or one for each week or month, split- and dividend-adjusted, oldest first.

    `session` is datetime64[D], shape (n,), strictly increasing; the five others are float64, shape (n,).
    Prices are in the stock's currency, volume in shares; volume is NaN throughout if it is not known,
    and in a week or month with a session of unknown volume.
    """

    session: Sessions
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __post_init__(self) -> None:
        n = self.session.shape
        for column in (self.open, self.high, self.low, self.close, self.volume):
            if column.shape != n or column.dtype != np.float64:
                raise ValueError("every column of Bars is float64 and as long as session")

    def __len__(self) -> int:
        return int(self.session.shape[0])

    def __getitem__(self, rows: slice) -> Self:
        """Return the bars of a slice of sessions, as views."""
        return type(self)(
            self.session[rows], self.open[rows], self.high[rows], self.low[rows], self.close[rows], self.volume[rows]
        )

    def select(self, rows: Booleans | NDArray[np.intp]) -> Self:
        """Return copies of the bars of these rows in their order, or of those for which `rows`, shape (n,), is true."""
        return type(self)(
            self.session[rows], self.open[rows], self.high[rows], self.low[rows], self.close[rows], self.volume[rows]
        )

    @property
    def first_session(self) -> date:
        """Return the oldest session. Raise IndexError without bars."""
        return self.session[0].astype(object)  # type: ignore[no-any-return]

    @property
    def last_session(self) -> date:
        """Return the latest session. Raise IndexError without bars."""
        return self.session[-1].astype(object)  # type: ignore[no-any-return]

    def until(self, day: date) -> Self:
        """Return the bars up to and including `day`: all that was known at that session's close."""
        return self[: int(np.searchsorted(self.session, np.datetime64(day, "D"), side="right"))]
