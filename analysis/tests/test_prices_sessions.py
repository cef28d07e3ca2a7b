"""Sessions: which exchange a ticker trades on, which sessions have closed, and what is guessed."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from exchange_calendars import get_calendar

from analysis.prices.exchanges import EXCHANGE_BY_SUFFIX, UNKNOWN_EXCHANGE
from analysis.prices.instruments import exchange_of
from analysis.prices.sessions import (
    are_sessions,
    calendar_end,
    ends_until_listed,
    find_assumed_weekdays,
    last_closed_session,
    sessions_between,
    sessions_late,
)

NYSE, NSE, SAUDI = exchange_of("AAPL"), exchange_of("TCS.NS"), exchange_of("2222.SR")
INDIA = ZoneInfo("Asia/Kolkata")
NEW_YORK = ZoneInfo("America/New_York")


def test_a_session_counts_as_closed_half_an_hour_after_its_close() -> None:
    wednesday = date(2026, 4, 22)
    assert last_closed_session(NSE, datetime(2026, 4, 22, 15, 59, tzinfo=INDIA)) == date(2026, 4, 21)
    assert last_closed_session(NSE, datetime(2026, 4, 22, 16, 0, tzinfo=INDIA)) == wednesday
    assert last_closed_session(NSE, datetime(2026, 4, 22, 10, 30, tzinfo=UTC)) == wednesday


def test_frankfurt_trades_on_after_xetra_has_closed() -> None:
    evening = datetime(2026, 11, 18, 18, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    assert last_closed_session(exchange_of("SAP.DE"), evening) == date(2026, 11, 18)
    assert last_closed_session(exchange_of("SAP.F"), evening) == date(2026, 11, 17)
    assert last_closed_session(exchange_of("SAP.F"), evening + timedelta(hours=4)) == date(2026, 11, 18)


def test_an_early_close_is_known() -> None:
    after_thanksgiving = date(2025, 11, 28)
    assert last_closed_session(NYSE, datetime(2025, 11, 28, 13, 29, tzinfo=NEW_YORK)) == date(2025, 11, 26)
    assert last_closed_session(NYSE, datetime(2025, 11, 28, 13, 30, tzinfo=NEW_YORK)) == after_thanksgiving


@pytest.mark.parametrize(
    ("ticker", "half_day", "closes"),
    [
        ("AAPL", date(2025, 12, 24), time(13, 0)),
        ("VOD.L", date(2025, 12, 24), time(12, 30)),
        ("0700.HK", date(2025, 12, 24), time(12, 0)),
        ("AIR.PA", date(2025, 12, 24), time(14, 5)),
    ],
)
def test_a_half_day_has_closed_half_an_hour_after_its_own_close(ticker: str, half_day: date, closes: time) -> None:
    zone = ZoneInfo(exchange_of(ticker).timezone)
    counted = datetime.combine(half_day, closes, zone) + timedelta(minutes=30)
    assert last_closed_session(exchange_of(ticker), counted) == half_day
    assert last_closed_session(exchange_of(ticker), counted - timedelta(minutes=1)) == date(2025, 12, 23)


@pytest.mark.parametrize(
    ("ticker", "holiday", "before"),
    [
        ("TCS.NS", date(2026, 4, 14), date(2026, 4, 13)),
        ("TCS.BO", date(2026, 4, 3), date(2026, 4, 2)),
        ("AAPL", date(2026, 7, 3), date(2026, 7, 2)),
        ("SAP.DE", date(2026, 5, 1), date(2026, 4, 30)),
        ("7203.T", date(2026, 5, 4), date(2026, 5, 1)),
        ("0700.HK", date(2026, 2, 17), date(2026, 2, 16)),
    ],
)
def test_a_holiday_is_no_session_anywhere(ticker: str, holiday: date, before: date) -> None:
    zone = ZoneInfo(exchange_of(ticker).timezone)
    assert last_closed_session(exchange_of(ticker), datetime.combine(holiday, time(23, 0), zone)) == before
    assert holiday not in sessions_between(exchange_of(ticker), before, holiday)


@pytest.mark.parametrize("ticker", ["TCS.NS", "TCS.BO", "AAPL", "VOD.L", "SAP.DE", "7203.T", "0700.HK", "X.NOWHERE"])
def test_on_a_weekend_fridays_bars_are_fresh_and_thursdays_are_not(ticker: str) -> None:
    zone = ZoneInfo(exchange_of(ticker).timezone)
    for day in (25, 26):
        moment = datetime(2026, 4, day, 12, 0, tzinfo=zone)
        assert last_closed_session(exchange_of(ticker), moment) == date(2026, 4, 24)
        assert sessions_late(exchange_of(ticker), date(2026, 4, 24), moment) == 0
        assert sessions_late(exchange_of(ticker), date(2026, 4, 23), moment) == 1


@pytest.mark.parametrize("ticker", ["TCS.NS", "TCS.BO", "600519.SS", "000001.SZ", "D05.SI"])
def test_calendars_that_end_with_2026_go_on_with_weekdays_without_a_finding_per_stock(ticker: str) -> None:
    exchange = exchange_of(ticker)
    assert calendar_end(exchange) == ends_until_listed(exchange) == date(2026, 12, 31)
    assert sessions_between(exchange_of(ticker), date(2027, 1, 1), date(2027, 1, 8)) == [
        date(2027, 1, day) for day in (1, 4, 5, 6, 7, 8)
    ]
    zone = ZoneInfo(exchange.timezone)
    assert last_closed_session(exchange_of(ticker), datetime(2027, 3, 7, 12, 0, tzinfo=zone)) == date(2027, 3, 5)
    assert find_assumed_weekdays(exchange, date(2027, 3, 5)) is None


@pytest.mark.parametrize(
    "ticker", ["AAPL", "VOD.L", "7203.T", "0700.HK", "005930.KS", "X.NOWHERE", "OPAP.AT", "BTC-USD"]
)
def test_other_calendars_wait_for_no_list(ticker: str) -> None:
    assert ends_until_listed(exchange_of(ticker)) is None


def test_on_a_sunday_the_last_session_is_fridays() -> None:
    assert last_closed_session(NYSE, datetime(2026, 4, 26, 12, 0, tzinfo=UTC)) == date(2026, 4, 24)


def test_on_a_holiday_the_last_session_is_the_one_before() -> None:
    republic_day = datetime(2026, 1, 26, 20, 0, tzinfo=INDIA)
    assert last_closed_session(NSE, republic_day) == date(2026, 1, 23)


def test_the_same_moment_has_different_last_sessions_in_different_places() -> None:
    moment = datetime(2026, 4, 22, 12, 0, tzinfo=UTC)
    assert last_closed_session(NSE, moment) == date(2026, 4, 22)
    assert last_closed_session(NYSE, moment) == date(2026, 4, 21)


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        last_closed_session(NYSE, datetime(2026, 4, 22, 12, 0))  # noqa: DTZ001


def test_sessions_between_two_days_include_both_and_no_holiday() -> None:
    sessions = sessions_between(NSE, date(2026, 1, 23), date(2026, 1, 28))
    assert sessions == [date(2026, 1, 23), date(2026, 1, 27), date(2026, 1, 28)]
    assert sessions_between(NSE, date(2026, 1, 28), date(2026, 1, 23)) == []


def test_bars_are_late_by_the_sessions_that_have_closed_since() -> None:
    saturday = datetime(2026, 4, 25, 12, 0, tzinfo=UTC)
    assert sessions_late(NSE, date(2026, 4, 24), saturday) == 0
    assert sessions_late(NSE, date(2026, 4, 21), saturday) == 3
    assert sessions_late(NSE, date(2026, 5, 30), saturday) == 0


def test_long_histories_are_within_the_calendars() -> None:
    assert sessions_between(NYSE, date(1998, 1, 1), date(1998, 1, 6)) == [date(1998, 1, day) for day in (2, 5, 6)]
    assert len(sessions_between(NSE, date(1998, 1, 1), date(1998, 12, 31))) > 200


def test_after_the_end_of_a_calendar_weekdays_count() -> None:
    friday = datetime(2027, 3, 5, 16, 0, tzinfo=INDIA)
    assert calendar_end(NSE) == date(2026, 12, 31)
    assert last_closed_session(NSE, friday) == date(2027, 3, 5)
    assert last_closed_session(NSE, friday.replace(hour=15)) == date(2027, 3, 4)
    assert sessions_late(NSE, date(2026, 12, 31), datetime(2027, 1, 11, 20, tzinfo=INDIA)) == 7


def test_an_unknown_exchange_trades_on_weekdays_and_a_finding_says_so() -> None:
    assert last_closed_session(exchange_of("X.NOWHERE"), datetime(2026, 4, 26, 12, tzinfo=UTC)) == date(2026, 4, 24)
    assert last_closed_session(exchange_of("X.NOWHERE"), datetime(2026, 4, 24, 23, tzinfo=UTC)) == date(2026, 4, 23)
    assert calendar_end(UNKNOWN_EXCHANGE) is None
    finding = find_assumed_weekdays(exchange_of("X.NOWHERE"), date(2026, 4, 24))
    assert finding is not None
    assert finding.message.startswith("The exchange is not known:")


@pytest.mark.slow
def test_every_exchange_has_a_calendar_that_agrees_with_its_time_zone(subtests: pytest.Subtests) -> None:
    moment = datetime(2026, 4, 26, 12, 0, tzinfo=UTC)
    for suffix, exchange in EXCHANGE_BY_SUFFIX.items():
        with subtests.test(suffix):
            assert last_closed_session(exchange_of(f"X.{suffix}"), moment).isoweekday() <= 5
            if exchange.calendar is not None:
                zone = ZoneInfo(str(get_calendar(exchange.calendar).tz))
                assert moment.astimezone(zone).utcoffset() == moment.astimezone(ZoneInfo(exchange.timezone)).utcoffset()


def test_before_a_calendar_begins_weekdays_are_sessions_and_no_day_is_a_holiday() -> None:
    monday = datetime(2015, 3, 2, 20, tzinfo=ZoneInfo("Asia/Riyadh"))
    assert last_closed_session(SAUDI, monday) == monday.date()
    assert sessions_between(SAUDI, date(2015, 3, 1), date(2015, 3, 3)) == [
        date(2015, 3, 2),
        date(2015, 3, 3),
    ]
    assert are_sessions(SAUDI, np.array(["2015-03-01", "2015-03-07"], dtype="datetime64[D]")).all()
    finding = find_assumed_weekdays(SAUDI, date(2015, 3, 2))
    assert finding is not None
    assert finding.message.startswith("The holidays of Saudi Exchange are known since 2021-01-03 only: every weekday")
    assert find_assumed_weekdays(SAUDI, date(2024, 3, 4)) is None
    assert not are_sessions(SAUDI, np.array(["2025-09-23"], dtype="datetime64[D]")).any()


def test_every_exchange_has_sessions_since_its_first_as_of_day(subtests: pytest.Subtests) -> None:
    for suffix in EXCHANGE_BY_SUFFIX:
        with subtests.test(suffix):
            last = last_closed_session(exchange_of(f"A.{suffix}"), datetime(2000, 1, 4, 1, tzinfo=UTC))
            assert date(1999, 12, 20) < last < date(2000, 1, 4)
