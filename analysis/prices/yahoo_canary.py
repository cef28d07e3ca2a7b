"""The canary: a stock that surely has prices, requested after a doubtful answer.

It tells a stock without prices from a Yahoo whose answers this version does not understand.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import cycle
from time import monotonic

CANARIES = ("AAPL", "MSFT", "RELIANCE.NS", "SIE.DE")  # shares: an index is sound without adjusted closes
PERIOD = timedelta(days=14)
FRESH_FOR = 60.0  # seconds
MAX_UNKNOWN = 5  # tickers in a row, as of a list with mistakes; then it may be Yahoo that knows none
MAX_DOUBTFUL = 3  # doubtful answers in a row after which a sound canary counts no longer


class Canary:
    """The canary's turn and last sound answer, in one process.

    `is_due` is set while it could not be requested when it was needed; it is then requested before the next ticker.
    """

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self.is_due = False
        self._now = now
        self._symbols = cycle(CANARIES)
        self._sound_at: float | None = None
        self._is_ahead = False  # of the doubtful answer that it vouches for
        self._doubtful = 0  # answers in a row
        self._unknown = 0  # tickers in a row
        self._unknown_canaries = 0  # in a row

    def choose(self, ticker: str) -> str:
        """Return the symbol whose turn it is; never the ticker itself."""
        symbol = next(self._symbols)
        return symbol if symbol != ticker else next(self._symbols)

    def count_doubtful_answer(self) -> None:
        """Count a doubtful answer for a ticker."""
        self._doubtful += 1

    def record_sound_answer(self) -> None:
        """Record a sound answer for a ticker: doubtful ones are no longer in a row."""
        self._doubtful = self._unknown = self._unknown_canaries = 0
        self._is_ahead = False

    def count_unknown_ticker(self) -> bool:
        """Count a ticker that Yahoo does not know, and return whether there were so many in a row that it is odd."""
        self._unknown += 1
        return self._unknown >= MAX_UNKNOWN

    def count_unknown_canary(self) -> bool:
        """Count a canary that Yahoo does not know, and return whether the one before was unknown, too."""
        self._unknown_canaries += 1
        return self._unknown_canaries >= 2

    def record_sound_canary(self) -> None:
        """Record a sound answer for the canary."""
        self._sound_at = self._now()
        self._is_ahead, self.is_due, self._doubtful = self.is_due, False, 0
        self._unknown = self._unknown_canaries = 0

    def vouches(self) -> bool:
        """Return whether the last sound canary still shows that answers are understood."""
        is_ahead, self._is_ahead = self._is_ahead, False
        if self._sound_at is None or self._doubtful >= MAX_DOUBTFUL:
            return False
        return is_ahead or self._now() - self._sound_at < FRESH_FOR


def first_day_of_canary() -> date:
    """Return the first day of the canary's period, which is short and holds sessions on every exchange."""
    return datetime.now(UTC).date() - PERIOD
