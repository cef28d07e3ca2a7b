"""Chart bars: the days, weeks or months that a stock's chart shows, and those of them that a strategy rates."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from analysis.engine.bars import Bars, Floats
from analysis.engine.periods import combine_bars, rate_periods
from analysis.engine.rating import RatingSeries, rate
from analysis.engine.strategy import Strategy
from analysis.engine.verdict import UNRATED
from analysis.prices.checked_bars import CheckedBars
from analysis.prices.exchanges import Exchange
from analysis.prices.periods import Period, completed_periods, find_starts, is_running
from analysis.prices.trading_calendar import trading_calendar_of


@dataclass(frozen=True, eq=False)
class RatedBars:
    """Scores and steady verdicts (-2 to +2) of a chart's bars, shape (n,) each, NaN where there is none.

    `no_verdict_reason` says why the last completed week or month has none; it is empty otherwise.
    """

    score: Floats
    verdict: Floats
    no_verdict_reason: str = ""


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
    def is_late(self) -> bool:
        """Return whether the last week or month lacks a session that has closed, and so waits for the next price."""
        return self.is_running and self.days.sessions_late > 0

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
        rated = analyzed.series if self.is_daily else completed_periods(self.period, analyzed, self.exchange)
        rating: RatingSeries | None
        if self.is_daily:
            rating, reason = rate(rated, strategy), ""
        else:
            [(rating, reason)] = rate_periods(rated, [strategy], self.period)
        score, verdict = np.full((2, len(self.bars)), np.nan)
        if rating is not None:
            rows = np.searchsorted(self.bars.session, rated.bars.session)
            has_verdict = rating.steady != UNRATED if self.is_daily else ~np.isnan(rating.score)
            score[rows], verdict[rows] = rating.score, np.where(has_verdict, rating.steady, np.nan)
        return RatedBars(score, verdict, reason)
