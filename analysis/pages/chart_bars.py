"""Chart bars: the days, weeks or months that a stock's chart shows, and those of them that a strategy rates."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from analysis.engine.bars import Bars, Floats
from analysis.engine.periods import combine_bars, too_few
from analysis.engine.rating import rate
from analysis.engine.strategy import Strategy
from analysis.engine.verdict import UNRATED
from analysis.prices.checked_bars import CheckedBars
from analysis.prices.exchanges import Exchange
from analysis.prices.trading_calendar import trading_calendar_of
from analysis.prices.weeks import Period, completed_periods, find_starts, is_running


@dataclass(frozen=True, eq=False)
class RatedBars:
    """Scores and steady verdicts (-2 to +2) of a chart's bars, shape (n,) each, NaN where there is none.

    `problem` says why the last completed week or month has none; it is empty otherwise.
    """

    score: Floats
    verdict: Floats
    problem: str = ""


@dataclass(frozen=True, eq=False)
class ChartBars:
    """The bars of a chart, one for each period; a week or month is named by its last session that has a bar.

    `is_running` is whether the last bar is of a week or month that has sessions to come.
    """

    period: Period
    days: CheckedBars
    exchange: Exchange
    bars: Bars
    is_running: bool = False

    @classmethod
    def of(cls, period: Period, days: CheckedBars, exchange: Exchange) -> "ChartBars":
        """Return the days, at least one, combined into bars of a period."""
        if period is Period.DAY:
            return cls(period, days, exchange, days.bars)
        numbers = period.number(days.bars.session, trading_calendar_of(exchange))
        bars = combine_bars(days.bars, find_starts(numbers))
        return cls(period, days, exchange, bars, is_running(period, days.bars.last_session, exchange))

    @property
    def is_daily(self) -> bool:
        return self.period is Period.DAY

    def session_of(self, day: date) -> date:
        """Return the session by which the bar is named that covers a session of it."""
        row = int(np.searchsorted(self.bars.session, np.datetime64(day, "D")))
        return self.bars.session[row].astype(object)  # type: ignore[no-any-return]

    def rate(self, analyzed: CheckedBars, strategy: Strategy) -> RatedBars:
        """Return the scores and verdicts of the bars of an analysis, or of their completed weeks or months.

        `analyzed` are the latest of the days, so that the latest scores and verdicts are those of the stored rating.
        """
        rated = completed_periods(self.period, analyzed, self.exchange)
        count, score, verdict = len(rated.bars), *np.full((2, len(self.bars)), np.nan)
        if not self.is_daily and count < strategy.bars_needed:
            return RatedBars(score, verdict, too_few(count, self.period, strategy.bars_needed))
        rating = rate(rated, strategy)
        has_verdict = rating.steady != UNRATED
        if not self.is_daily:  # a week or month without a score has no verdict, as in a stored rating
            has_verdict &= ~np.isnan(rating.score)
        rows = np.searchsorted(self.bars.session, rated.bars.session)
        score[rows] = rating.score
        verdict[rows] = np.where(has_verdict, rating.steady, np.nan)
        is_rated = self.is_daily or bool(has_verdict[-1])
        problem = "" if is_rated else f"Too few signals are available over the completed {self.period}s."
        return RatedBars(score, verdict, problem)
