"""Periods: daily bars combined into one bar for each week or month, and verdicts over completed weeks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from analysis.engine.bars import Bars, Booleans, Indices
from analysis.engine.rating import RatingSeries, rate_all, verdict_since
from analysis.engine.series import SeriesCache
from analysis.engine.strategy import Strategy
from analysis.engine.verdict import Verdict


@dataclass(frozen=True, slots=True)
class WeeklyVerdict:
    """A strategy's steady verdict over completed weeks, unchanged since the week that ended in the session `since`.

    Without one, `verdict` and `since` are None and `reason` says why; it is empty otherwise.
    """

    verdict: Verdict | None = None
    since: date | None = None
    reason: str = ""


def compare_with_week(verdict: Verdict, weekly: Verdict) -> str:
    """Return how a daily verdict and a weekly one go together, in one sentence."""
    both = f"Daily {verdict.label}, weekly {weekly.label}"
    if verdict.side is None:
        return f"{both}."
    if weekly.side is None:
        return f"{both}: no larger move either way."
    return f"{both}: {'with' if weekly.side is verdict.side else 'against'} the larger move."


def combine_bars(bars: Bars, starts: Indices) -> Bars:
    """Return one bar for each period, shape (k,), of the sessions from one of `starts`, rows, to before the next.

    `starts` strictly increase from 0. A bar's session is the last of its period, its volume the sum; that is NaN where
    the volume of one session is not known.
    """
    if not len(starts):
        return bars[:0]
    ends = np.append(starts[1:], len(bars)) - 1
    return Bars(
        session=bars.session[ends],
        open=bars.open[starts],
        high=np.maximum.reduceat(bars.high, starts),
        low=np.minimum.reduceat(bars.low, starts),
        close=bars.close[ends],
        volume=np.add.reduceat(bars.volume, starts),
    )


def combine_series(bars: Bars, starts: Indices, doubtful: Booleans) -> SeriesCache:
    """Return a cache over the combined bars; one that would be another without its doubtful sessions is doubtful."""
    periods = combine_bars(bars, starts)
    return SeriesCache(periods, _find_changed(periods, bars, starts, doubtful) if doubtful.any() else None)


def _find_changed(periods: Bars, bars: Bars, starts: Indices, doubtful: Booleans) -> Booleans:
    """Return which periods have no sessions or other values without the doubtful sessions, shape (k,)."""
    counts = np.add.reduceat(~doubtful, starts, dtype=np.int64)
    is_left = counts > 0
    sound = combine_bars(bars.select(~doubtful), np.cumsum(counts[is_left]) - counts[is_left])
    changed: Booleans = ~is_left
    for name in ("open", "high", "low", "close", "volume"):
        is_equal = np.isclose(getattr(sound, name), getattr(periods, name)[is_left], rtol=1e-9, equal_nan=True)
        changed[is_left] |= ~is_equal
    return changed


def weekly_verdicts(weeks: SeriesCache, strategies: Sequence[Strategy]) -> list[WeeklyVerdict]:
    """Return each strategy's verdict in the last of these completed weeks, with its reason where there is none."""
    return [
        WeeklyVerdict(reason=reason)
        if rating is None or reason
        else WeeklyVerdict(Verdict.of(int(rating.steady[-1])), verdict_since(weeks.bars, rating))
        for rating, reason in rate_periods(weeks, strategies, "week")
    ]


def rate_periods(
    periods: SeriesCache, strategies: Sequence[Strategy], name: str
) -> list[tuple[RatingSeries | None, str]]:
    """Return each strategy's rating of completed periods called `name`, and why the last of them has no verdict.

    A period without a score has none, other than a session; the reason is empty if it has one. Without enough periods
    there is no rating.
    """
    count = len(periods.bars)
    ready = [strategy for strategy in strategies if count >= strategy.bars_needed]
    ratings = dict(zip(ready, rate_all(periods, ready), strict=True))
    rated: list[tuple[RatingSeries | None, str]] = []
    for strategy in strategies:
        rating = ratings.get(strategy)
        if rating is None:
            completed = f"{count} completed {name}{'' if count == 1 else 's'}"
            rated.append((None, f"Not enough history: {completed}, {strategy.bars_needed} needed."))
        else:
            is_scored = not np.isnan(rating.score[-1])
            rated.append((rating, "" if is_scored else f"Too few signals are available over the completed {name}s."))
    return rated
