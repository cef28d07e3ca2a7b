"""Traded days: on which days most stocks of an exchange traded and on which none did, counted over their bars."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from analysis.engine.bars import Bars
from analysis.prices.exchanges import Exchange
from analysis.prices.special_days import SpecialDays
from analysis.prices.trading_calendar import END, FIRST_DAY, calendar_with

FEWEST_STOCKS = 20
ORIGIN = np.datetime64(FIRST_DAY, "D")
DAYS = (END - FIRST_DAY).days


@dataclass(slots=True)
class LearnedDays:
    """Days that bars tell and the calendar does not: weekdays without trading, and sessions on other days."""

    holidays: set[date]
    sessions: set[date]


def within_calendars(bars: Bars) -> Bars:
    """Return the bars, sorted by session, of the days from ORIGIN on that are counted."""
    first, end = np.searchsorted(bars.session, [ORIGIN, ORIGIN + DAYS])
    return bars[int(first) : int(end)]


class TradedDays:
    """Counts, by day from 1997 to 2060, of the stocks that have a bar, that traded, and that were fetched past it.

    A stock counts for the days strictly between its first and its latest bar: a history that ends, because it was not
    fetched since, says nothing of the days after it.
    """

    def __init__(self) -> None:
        self._with_bar = np.zeros(DAYS, dtype=np.int64)
        self._traded = np.zeros(DAYS, dtype=np.int64)
        self._spanning = np.zeros(DAYS + 1, dtype=np.int64)  # as differences

    def add(self, bars: Bars) -> None:
        """Count the bars of one stock, sorted by session; a bar without a close is none."""
        bars = within_calendars(bars)
        if not len(bars):
            return
        days = (bars.session - ORIGIN).astype(np.int64)
        self._with_bar[np.unique(days[bars.close > 0])] += 1
        self._traded[np.unique(days[(bars.close > 0) & (bars.volume > 0)])] += 1
        self._spanning[days[0] + 1] += 1
        self._spanning[max(days[-1], days[0] + 1)] -= 1

    def find_special_days(self, exchange: Exchange, special_days: SpecialDays) -> LearnedDays:
        """Return the days that depart from the exchange's calendar, as lists and administrators have completed it.

        A holiday is a weekday on which none of at least FEWEST_STOCKS stocks has a bar, where holidays are not known;
        a session is another day on which most of as many have one with volume. What was learned before stays unless a
        bar contradicts it.
        """
        calendar = calendar_with(exchange, SpecialDays(entry for entry in special_days.entries if not entry.is_learned))
        own = special_days.entries_of(exchange)
        learned = {is_session: np.zeros(DAYS, dtype=np.bool_) for is_session in (False, True)}
        for entry in own:
            if entry.is_learned:
                learned[entry.is_session][(entry.day - FIRST_DAY).days] = True
        spanning = np.cumsum(self._spanning)[:DAYS]
        enough, most = spanning >= FEWEST_STOCKS, 2 * self._traded > spanning
        expected = np.zeros(DAYS, dtype=np.bool_)
        expected[(calendar.sessions - ORIGIN).astype(np.int64)] = True
        empty = expected & (self._with_bar == 0) & (enough | learned[False])
        traded = ~expected & np.where(enough, most, learned[True])
        first, said = calendar.known_from or FIRST_DAY, {entry.day for entry in own if not entry.is_learned}
        return LearnedDays(
            holidays={day for day in _days_at(empty) if day >= first and day not in said and not calendar.knows(day)},
            sessions={day for day in _days_at(traded) if day >= first and day not in said},
        )


def _days_at(mask: NDArray[np.bool_]) -> list[date]:
    days: list[date] = (ORIGIN + np.flatnonzero(mask)).tolist()
    return days
