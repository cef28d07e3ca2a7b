"""Checked bars: bars that an analysis may use, with what the quality gate found about them."""

from dataclasses import dataclass

import numpy as np

from analysis.engine.bars import Bars, Booleans
from analysis.engine.series import SeriesCache
from analysis.prices.exchanges import Exchange
from analysis.prices.faulty_sessions import find_flat
from analysis.prices.port import Finding
from analysis.prices.trading_calendar import trading_calendar_of

JUMP_IN_ATR = 42  # sessions after which a jump weighs less than 5 % in an ATR 14


@dataclass(frozen=True, slots=True)
class CheckedBars:
    """Bars fit for use, with the findings about their repairs and suspicions.

    Sessions strictly increase and have closed; every price is finite and positive, low <= open, close <= high;
    volume is finite and not negative, or NaN throughout where it is not known.
    """

    bars: Bars
    findings: tuple[Finding, ...]
    breaks: Booleans
    """The sessions, shape (n,), before which no trade and no return should reach back."""
    last_jump: int | None
    """The row of the latest price that trading does not explain; None without one."""
    jump_cause: str
    """Its likely cause, in words; see `last_jump`."""
    sessions_late: int
    """The sessions that have closed since the last bar."""
    doubtful: Booleans
    """The bars, shape (n,), that are wrong as those of most stocks are in these sessions."""

    @property
    def series(self) -> SeriesCache:
        """Return a cache of series for the engine."""
        return SeriesCache(self.bars, self.doubtful)

    def change_spans(self, exchange: Exchange) -> list[int]:
        """Return by bar how many sessions of the exchange the change from the close before spans, at least 1.

        A flat bar of a faulty session has the close before it and none of its own: the next change spans both sessions.
        """
        is_flat = self.doubtful & find_flat(self.bars)
        latest_own = np.maximum.accumulate(np.where(is_flat, 0, np.arange(len(self.bars))))
        counts = np.searchsorted(trading_calendar_of(exchange).sessions, self.bars.session, side="right")
        spans: list[int] = np.maximum(counts[1:] - counts[latest_own[:-1]], 1).tolist()
        return [1, *spans]

    def caution_within(self, sessions: int) -> str:
        """Return a sentence about a price jump in the last sessions, on which an indicator rests; else nothing."""
        if not self._has_jump_within(sessions):
            return ""
        day = self.bars.session[self.last_jump]
        return f"The price jumped on {day}, perhaps by {self.jump_cause}."

    def obstacle_to_plan(self, most_late: int) -> str:
        """Return why no plan should be made of these prices; empty if one may be."""
        if self.sessions_late >= most_late:
            return f"no plan: the last price is {self.sessions_late:,} trading days old"
        if self.doubtful[-1]:
            return f"no plan: the prices of {self.bars.last_session} are wrong at their source"
        if self._has_jump_within(JUMP_IN_ATR):
            return f"no plan: its stop would rest on the price jump of {self.bars.session[self.last_jump]}"
        return ""

    def _has_jump_within(self, sessions: int) -> bool:
        return self.last_jump is not None and self.last_jump >= len(self.bars) - sessions
