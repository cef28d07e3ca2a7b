"""Weekly verdicts: completed weeks by the exchange's calendar, equal to a rebuild from scratch."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time
from functools import cache

import numpy as np
import pandas as pd
import pytest
from exchange_calendars import get_calendar

from analysis.engine.bars import Bars, Sessions
from analysis.engine.periods import WeeklyVerdict, combine_bars, compare_with_week, weekly_verdicts
from analysis.engine.rating import rate
from analysis.engine.series import SeriesCache
from analysis.engine.strategies import TECHNICAL_RATING
from analysis.engine.strategy import Strategy
from analysis.engine.verdict import UNRATED, Verdict
from analysis.histories import moment_of, select_bars
from analysis.prices.checked_bars import CheckedBars
from analysis.prices.exchanges import CRYPTO, EXCHANGE_BY_SUFFIX, FOREX, UNKNOWN_EXCHANGE, US, Exchange
from analysis.prices.instruments import Instrument, instrument_of
from analysis.prices.periods import WEEKS, Period, completed_weeks, is_running
from analysis.prices.quality import check_bars
from analysis.prices.special_days import CalendarEntry, DaySource, SpecialDays, use_special_days
from analysis.tests.engine_bars import random_bars, sample_bars
from analysis.tests.engine_plain import every_strategy

NOW = datetime(2026, 11, 28, tzinfo=UTC)
WEEKLY = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}


def bars_on(days: list[str] | Sessions, **columns: list[float]) -> Bars:
    """Bars of these days, by default with the closes 1, 2, 3, … and a range of 0.5 on either side."""
    close = np.array(columns.get("close", np.arange(1, len(days) + 1)), dtype=np.float64)
    default = {"open": close, "high": close + 0.5, "low": close - 0.5, "close": close, "volume": np.full(len(days), 10)}
    values = {name: np.array(columns.get(name, default[name]), dtype=np.float64) for name in default}
    return Bars(np.array(days, dtype="datetime64[D]"), **values)


def checked(bars: Bars, doubtful: list[bool] | None = None) -> CheckedBars:
    none = np.zeros(len(bars), dtype=np.bool_)
    return CheckedBars(bars, (), none, None, "", 0, none if doubtful is None else np.array(doubtful))


def weeks_of(days: list[str], exchange: Exchange = US) -> list[str]:
    """The last sessions of the completed weeks."""
    found: list[str] = completed_weeks(checked(bars_on(days)), exchange).bars.session.astype(str).tolist()
    return found


# --- Bars of weeks


def test_a_week_is_first_open_highest_high_lowest_low_last_close_and_the_sum_of_volumes() -> None:
    days = bars_on(
        ["2026-11-16", "2026-11-17", "2026-11-18", "2026-11-23"],
        open=[10, 12, 11, 14], high=[13, 15, 12, 16], low=[9, 11, 8, 13], close=[12, 11, 11.5, 15], volume=[1, 2, 4, 8],
    )  # fmt: skip
    weeks = combine_bars(days, np.array([0, 3]))
    assert weeks.session.astype(str).tolist() == ["2026-11-18", "2026-11-23"]
    assert [weeks.open.tolist(), weeks.high.tolist()] == [[10, 14], [15, 16]]
    assert [weeks.low.tolist(), weeks.close.tolist(), weeks.volume.tolist()] == [[8, 13], [11.5, 15], [7, 8]]


def test_a_week_with_a_session_of_unknown_volume_has_an_unknown_volume() -> None:
    days = bars_on(["2026-11-16", "2026-11-17"], volume=[1, np.nan])
    assert np.isnan(combine_bars(days, np.array([0])).volume).all()


def test_no_bars_have_no_weeks() -> None:
    assert len(combine_bars(random_bars(3)[:0], np.array([], dtype=np.int64))) == 0


# --- Completed weeks


@pytest.mark.parametrize(
    ("exchange", "days", "weeks"),
    [
        # Thursday 26 November 2026 is Thanksgiving, Friday a half day; Friday 3 July 2026 is a holiday.
        (US, ["2026-11-20", "2026-11-23", "2026-11-24", "2026-11-25"], []),
        (US, ["2026-11-16", "2026-11-20", "2026-11-23", "2026-11-25"], ["2026-11-20"]),
        (US, ["2026-11-23", "2026-11-24", "2026-11-25", "2026-11-27"], ["2026-11-27"]),
        (US, ["2026-06-29", "2026-06-30", "2026-07-01"], []),
        (US, ["2026-06-29", "2026-06-30", "2026-07-01", "2026-07-02"], ["2026-07-02"]),
        # Without the bar of its last session, a week ends with the next week's first one.
        (US, ["2026-11-16", "2026-11-17", "2026-11-18", "2026-11-19"], []),
        (US, ["2026-11-16", "2026-11-17", "2026-11-18", "2026-11-19", "2026-11-23"], ["2026-11-19"]),
        # A first week that began before the first bar is left out; one that began with a holiday is whole.
        (US, ["2026-11-17", "2026-11-20", "2026-11-23", "2026-11-27"], ["2026-11-27"]),
        (US, ["2026-01-20", "2026-01-23"], ["2026-01-23"]),
        # A cryptocurrency's week ends on Sunday, a currency pair's on Friday.
        (CRYPTO, ["2026-11-16", "2026-11-21"], []),
        (CRYPTO, ["2026-11-16", "2026-11-22"], ["2026-11-22"]),
        (FOREX, ["2026-11-16", "2026-11-20"], ["2026-11-20"]),
        (UNKNOWN_EXCHANGE, ["2026-11-16", "2026-11-20"], ["2026-11-20"]),
        # Saudi Arabia trades from Sunday to Thursday.
        (EXCHANGE_BY_SUFFIX["SR"], ["2026-11-15", "2026-11-18"], []),
        (EXCHANGE_BY_SUFFIX["SR"], ["2026-11-15", "2026-11-19"], ["2026-11-19"]),
        (EXCHANGE_BY_SUFFIX["SR"], ["2026-11-15", "2026-11-19", "2026-11-22"], ["2026-11-19"]),
        # Tel Aviv and Doha trade so, too, or did; their calendars are not known here, and say Monday to Friday.
        (EXCHANGE_BY_SUFFIX["TA"], ["2025-11-16", "2025-11-20", "2025-11-23"], ["2025-11-20"]),
        (UNKNOWN_EXCHANGE, ["2026-11-15", "2026-11-19", "2026-11-22"], ["2026-11-19"]),
        # China's week of the National Day has no session at all.
        (EXCHANGE_BY_SUFFIX["SS"], ["2025-09-29", "2025-09-30"], ["2025-09-30"]),
    ],
)
def test_a_week_is_complete_when_the_calendar_has_no_later_session_in_it(
    exchange: Exchange, days: list[str], weeks: list[str]
) -> None:
    assert weeks_of(days, exchange) == weeks


def test_a_special_session_on_a_sunday_belongs_to_the_week_before_it() -> None:
    india = EXCHANGE_BY_SUFFIX["NS"]
    days = ["2026-01-27", "2026-01-30"]  # Monday is a holiday, too
    assert weeks_of(days, india) == ["2026-01-30"]
    budget = CalendarEntry(india.code, date(2026, 2, 1), True, DaySource.LIST, time(15, 30))
    days_of_list = SpecialDays([budget])
    use_special_days(lambda: days_of_list)
    assert weeks_of(days, india) == []
    assert weeks_of([*days, "2026-02-01"], india) == ["2026-02-01"]


@pytest.mark.parametrize(
    ("close", "doubtful", "weeks"),
    [
        ([10, 11, 12, 13, 14, 15], [0, 0, 0, 0, 0, 1], [False, True]),  # the week's close
        ([10, 11, 12, 13, 99, 15], [0, 0, 0, 0, 1, 0], [False, True]),  # its high
        ([10, 11, 12, 13, 14, 15], [0, 0, 0, 1, 1, 1], [False, True]),  # all of it
        ([10, 12, 11, 13, 14, 15], [0, 1, 0, 0, 0, 1], [True, True]),
    ],
)
def test_a_week_is_doubtful_if_it_would_be_another_without_its_doubtful_sessions(
    close: list[float], doubtful: list[int], weeks: list[bool]
) -> None:
    days = ["2026-11-16", "2026-11-17", "2026-11-20", "2026-11-23", "2026-11-25", "2026-11-27"]
    found = completed_weeks(checked(bars_on(days, close=close, volume=[0.0] * 6), [bool(one) for one in doubtful]), US)
    assert found.doubtful is not None or all(weeks)
    assert (found.doubtful.tolist() if found.doubtful is not None else [True, True]) == weeks


def test_a_flat_session_without_trading_makes_no_week_doubtful() -> None:
    """As on 18 March 2025, when most stocks of the NSE got the close of the day before and no volume."""
    days = bars_on(
        ["2026-11-16", "2026-11-17", "2026-11-20", "2026-11-23", "2026-11-27"],
        close=[10, 10, 12, 13, 14], high=[11, 10, 13, 14, 15], low=[9, 10, 11, 12, 13], volume=[5, 0, 5, 5, 5],
    )  # fmt: skip
    assert completed_weeks(checked(days, [False, True, False, False, False]), US).doubtful is None


# --- Verdicts


@pytest.mark.parametrize(
    ("daily", "weekly", "sentence"),
    [
        (Verdict.BUY, Verdict.SELL, "Daily Buy, weekly Sell: against the larger move."),
        (Verdict.SELL, Verdict.STRONG_BUY, "Daily Sell, weekly Strong Buy: against the larger move."),
        (Verdict.STRONG_SELL, Verdict.SELL, "Daily Strong Sell, weekly Sell: with the larger move."),
        (Verdict.BUY, Verdict.NEUTRAL, "Daily Buy, weekly Neutral: no larger move either way."),
        (Verdict.NEUTRAL, Verdict.BUY, "Daily Neutral, weekly Buy."),
    ],
)
def test_one_sentence_says_how_day_and_week_go_together(daily: Verdict, weekly: Verdict, sentence: str) -> None:
    assert compare_with_week(daily, weekly) == sentence


def test_too_few_weeks_have_no_verdict_and_say_so() -> None:
    [found] = weekly_verdicts(weekly_series(30), [TECHNICAL_RATING])
    assert found == WeeklyVerdict(reason="Not enough history: 30 completed weeks, 50 needed.")


def test_weeks_without_trading_have_no_verdict_and_say_so() -> None:
    series = weekly_series(100, high=[5.0] * 500, low=[5.0] * 500, close=[5.0] * 500)
    [found] = weekly_verdicts(series, [TECHNICAL_RATING])
    assert found == WeeklyVerdict(reason="Too few signals are available over the completed weeks.")


def weekly_series(weeks: int, **columns: list[float]) -> SeriesCache:
    """A cache over so many completed weeks of five weekdays."""
    days = np.arange(np.datetime64("2024-01-01", "D"), np.datetime64("2024-01-01", "D") + 7 * weeks)
    return completed_weeks(checked(bars_on(days[np.is_busday(days)], **columns)), UNKNOWN_EXCHANGE)


# --- Equal to a rebuild from scratch


@cache
def schedule() -> pd.DatetimeIndex:
    return pd.DatetimeIndex(get_calendar("XNYS", start="1997-01-01").sessions)


def rebuilt(bars: Bars, strategy: Strategy) -> tuple[Verdict, date]:
    """The weekly verdict at the last of these bars and the session since when it lasts, by pandas."""
    days = pd.DatetimeIndex(bars.session)
    table = pd.DataFrame({name: getattr(bars, name) for name in WEEKLY} | {"last": days}, index=days)
    weeks = table.groupby(days.to_period("W-SUN")).agg({**WEEKLY, "last": "last"})
    first, last = days[0], days[-1]
    if ((schedule() > last) & (schedule() <= weeks.index[-1].end_time)).any():
        weeks = weeks.iloc[:-1]
    if ((schedule() < first) & (schedule() >= weeks.index[0].start_time)).any():
        weeks = weeks.iloc[1:]
    weeks = weeks.iloc[-WEEKS:]
    columns = {name: weeks[name].to_numpy(np.float64) for name in WEEKLY}
    steady = rate(Bars(weeks["last"].to_numpy().astype("datetime64[D]"), **columns), strategy).steady.tolist()
    start = len(steady) - 1
    while start > 0 and steady[start - 1] == steady[-1]:
        start -= 1
    return Verdict.of(steady[-1]), weeks["last"].iloc[start].date()


def found_at(bars: Bars, day: date, instrument: Instrument, strategy: Strategy) -> WeeklyVerdict:
    """The weekly verdict of an analysis as of this day."""
    moment = moment_of(instrument.exchange, day, NOW)
    window = select_bars(bars, instrument.exchange, moment, day)
    gated = check_bars(window, instrument=instrument, now=moment, adjusted=True)
    return weekly_verdicts(completed_weeks(gated, instrument.exchange), [strategy])[0]


def sessions_of_60_weeks(bars: Bars) -> Iterator[date]:
    """The sessions of 60 weeks up to the end of 2012, with all holidays of a year."""
    until = bars.until(date(2012, 12, 31))
    yield from until.session[until.session >= np.datetime64("2011-11-07")].astype(object)


@every_strategy
@pytest.mark.parametrize("ticker", ["AAPL", "IBM"])
def test_the_weekly_verdict_of_every_session_of_60_weeks_equals_a_rebuild_from_scratch(
    ticker: str, strategy: Strategy
) -> None:
    bars, instrument = sample_bars(ticker), instrument_of(ticker)
    by_day = {day: found_at(bars, day, instrument, strategy) for day in sessions_of_60_weeks(bars)}
    assert len(by_day) == 288
    for day, found in by_day.items():
        moment = moment_of(US, day, NOW)
        assert (found.verdict, found.since) == rebuilt(select_bars(bars, US, moment, day), strategy), day
    assert len({found.verdict for found in by_day.values()}) >= 2, "the verdict moves"


@every_strategy
def test_it_changes_only_in_the_session_that_completes_a_week(strategy: Strategy) -> None:
    bars, instrument = sample_bars("MSFT"), instrument_of("MSFT")
    before: WeeklyVerdict | None = None
    changes = 0
    for day in sessions_of_60_weeks(bars):
        found = found_at(bars, day, instrument, strategy)
        if before is not None and found != before:
            changes += 1
            assert not is_running(Period.WEEK, day, US), day
            assert found.since == day
        before = found
    assert changes >= 2


def test_later_bars_change_no_earlier_week() -> None:
    bars = replace(sample_bars("GOOG"), volume=np.full(len(sample_bars("GOOG")), np.nan))
    whole = completed_weeks(checked(bars[-1000:]), US).bars
    for day in bars.session[-300::7].astype(object):
        weeks = completed_weeks(checked(bars[-1000:].until(day)), US).bars
        assert len(weeks) > 100
        for name in ("session", *WEEKLY):
            assert np.array_equal(getattr(weeks, name), getattr(whole, name)[: len(weeks)], equal_nan=True)


def test_every_session_of_five_years_has_as_many_weeks() -> None:
    bars, instrument = sample_bars("AAPL"), instrument_of("AAPL")
    for day in [*sessions_of_60_weeks(bars)][-25:]:
        moment = moment_of(US, day, NOW)
        gated = check_bars(select_bars(bars, US, moment, day), instrument=instrument, now=moment, adjusted=True)
        assert len(completed_weeks(gated, US).bars) == WEEKS


def test_weeks_that_lost_their_score_have_no_verdict() -> None:
    """Forty weeks without any trade after two hundred with: a steady verdict would last through them."""
    random = random_bars(1200, seed=3)
    closes = [*random.close[:1000].tolist(), *[float(random.close[999])] * 200]
    highs, lows = (
        [*(random.close[:1000] * 1.01).tolist(), *closes[1000:]],
        [*(random.close[:1000] * 0.99).tolist(), *closes[1000:]],
    )
    series = weekly_series(240, close=closes, high=highs, low=lows)
    assert rate(series, TECHNICAL_RATING).steady[-1] != UNRATED
    [found] = weekly_verdicts(series, [TECHNICAL_RATING])
    assert found == WeeklyVerdict(reason="Too few signals are available over the completed weeks.")
