"""Special days: what lists, administrators and prices say of an exchange's sessions beside its calendar."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analysis.prices.demo import DemoMarket
from analysis.prices.exchanges import Exchange, exchange_named
from analysis.prices.instruments import exchange_of
from analysis.prices.port import History
from analysis.prices.sessions import (
    are_sessions,
    calendar_end,
    due_at,
    ends_until_listed,
    find_assumed_weekdays,
    last_closed_session,
    latest_due_session,
    session_after,
    sessions_between,
    sessions_late,
)
from analysis.prices.special_days import CalendarEntry, DaySource, SpecialDays, use_special_days

NSE, BSE, NYSE, ATHENS = exchange_of("TCS.NS"), exchange_of("TCS.BO"), exchange_of("AAPL"), exchange_of("OPAP.AT")
INDIA = ZoneInfo("Asia/Kolkata")
LIST, ADMIN, LEARNED = DaySource.LIST, DaySource.ADMIN, DaySource.LEARNED
REPUBLIC_DAY, SUNDAY, DIWALI = date(2027, 1, 26), date(2027, 2, 7), date(2027, 10, 29)


def closed(day: date, source: DaySource = LIST, exchange: str = "NSE") -> CalendarEntry:
    return CalendarEntry(exchange, day, False, source)


def session(day: date, closes_at: time | None = None, source: DaySource = LIST, exchange: str = "NSE") -> CalendarEntry:
    return CalendarEntry(exchange, day, True, source, closes_at)


def use(*entries: CalendarEntry) -> None:
    days = SpecialDays(entries)
    use_special_days(lambda: days)


def is_session(exchange: Exchange, day: date) -> bool:
    return sessions_between(exchange, day, day) == [day]


def test_a_listed_holiday_is_no_session_for_any_question() -> None:
    evening = datetime(2027, 1, 26, 20, tzinfo=INDIA)
    assert sessions_late(NSE, date(2027, 1, 25), evening) == 1
    use(closed(REPUBLIC_DAY))
    assert sessions_late(NSE, date(2027, 1, 25), evening) == 0
    assert last_closed_session(NSE, evening) == date(2027, 1, 25)
    assert latest_due_session(NSE, evening, timedelta(minutes=45)) == date(2027, 1, 25)
    assert session_after(NSE, date(2027, 1, 25)) == date(2027, 1, 27)
    assert sessions_between(NSE, date(2027, 1, 25), date(2027, 1, 27)) == [date(2027, 1, 25), date(2027, 1, 27)]
    assert are_sessions(NSE, np.array(["2027-01-25", "2027-01-26"], dtype="datetime64[D]")).tolist() == [True, False]
    use()
    assert sessions_late(NSE, date(2027, 1, 25), evening) == 1


def test_a_listed_session_counts_with_its_own_close() -> None:
    use(session(SUNDAY), session(DIWALI, time(19, 15)))
    assert session_after(NSE, date(2027, 2, 5)) == SUNDAY
    assert due_at(NSE, SUNDAY, timedelta()) == datetime(2027, 2, 7, 10, tzinfo=UTC)
    assert due_at(NSE, DIWALI, timedelta()) == datetime(2027, 10, 29, 13, 45, tzinfo=UTC)
    assert last_closed_session(NSE, datetime(2027, 10, 29, 19, 44, tzinfo=INDIA)) == date(2027, 10, 28)
    assert last_closed_session(NSE, datetime(2027, 10, 29, 19, 45, tzinfo=INDIA)) == DIWALI
    assert are_sessions(NSE, np.array([SUNDAY, DIWALI], dtype="datetime64[D]")).all()


def test_a_list_and_an_administrator_count_more_than_the_librarys_calendar() -> None:
    use(
        closed(date(2026, 6, 3), ADMIN), session(date(2026, 1, 26), time(12, 0)), session(date(2026, 6, 4), time(13, 0))
    )
    assert not is_session(NSE, date(2026, 6, 3))
    assert is_session(NSE, date(2026, 1, 26))
    assert due_at(NSE, date(2026, 6, 4), timedelta()) == datetime(2026, 6, 4, 7, 30, tzinfo=UTC)


def test_a_learned_holiday_counts_only_where_no_calendar_and_no_list_knows_better() -> None:
    inside, listed, beyond = date(2026, 6, 3), date(2027, 6, 3), date(2028, 6, 1)
    use(closed(inside, LEARNED), closed(listed, LEARNED), closed(REPUBLIC_DAY), closed(beyond, LEARNED))
    assert is_session(NSE, inside)
    assert is_session(NSE, listed)
    assert not is_session(NSE, beyond)


def test_a_learned_session_counts_everywhere_unless_a_list_or_an_administrator_says_otherwise() -> None:
    saturday, muhurat = date(2025, 2, 1), date(2025, 10, 21)
    assert not is_session(NSE, saturday)
    use(session(saturday, source=LEARNED), session(muhurat, source=LEARNED), closed(muhurat, exchange="BSE"))
    assert is_session(NSE, saturday)
    assert not is_session(NSE, muhurat)


def test_exchanges_of_one_calendar_share_lists_and_not_what_is_learned() -> None:
    use(
        closed(REPUBLIC_DAY),
        session(SUNDAY, source=LEARNED),
        closed(DIWALI, ADMIN),
        session(DIWALI, source=ADMIN, exchange="BSE"),
    )
    assert not is_session(BSE, REPUBLIC_DAY)
    assert calendar_end(BSE) == date(2027, 12, 31)
    assert is_session(NSE, SUNDAY)
    assert not is_session(BSE, SUNDAY)
    assert is_session(BSE, DIWALI)  # its administrator's day counts more than the other exchange's
    assert not is_session(NSE, DIWALI)
    assert is_session(NYSE, REPUBLIC_DAY)


def test_a_list_makes_its_year_known_and_a_year_in_between_stays_unknown() -> None:
    use(closed(date(2028, 1, 26)))
    assert calendar_end(NSE) == date(2026, 12, 31)
    use(closed(date(2028, 1, 26)), closed(REPUBLIC_DAY))
    assert calendar_end(NSE) == ends_until_listed(NSE) == date(2028, 12, 31)
    use(closed(REPUBLIC_DAY, ADMIN), closed(REPUBLIC_DAY, LEARNED))
    assert calendar_end(NSE) == date(2026, 12, 31)
    assert not is_session(NSE, REPUBLIC_DAY)


def test_an_exchange_without_a_calendar_is_known_in_the_years_of_its_lists() -> None:
    assert find_assumed_weekdays(ATHENS, date(2026, 5, 5)) is not None
    use(*(closed(date(year, 3, 25), exchange="ATHENS") for year in (2023, 2025, 2026)))
    assert calendar_end(ATHENS) == ends_until_listed(ATHENS) == date(2026, 12, 31)
    assert find_assumed_weekdays(ATHENS, date(2026, 5, 5)) is None
    assert find_assumed_weekdays(ATHENS, date(2024, 5, 7)) is not None
    assert are_sessions(ATHENS, np.array(["2026-03-25", "2026-03-28"], dtype="datetime64[D]")).tolist() == [False] * 2


@pytest.mark.parametrize("exchange", ["CRYPTO", "FOREX", "OTHER"])
def test_markets_without_holidays_have_no_special_days(exchange: str) -> None:
    before = sessions_between(exchange_named(exchange), date(2027, 1, 1), date(2027, 1, 31))
    use(closed(REPUBLIC_DAY, ADMIN, exchange))
    assert sessions_between(exchange_named(exchange), date(2027, 1, 1), date(2027, 1, 31)) == before


def test_no_special_day_changes_the_demo_market() -> None:
    def bars() -> History:
        market = DemoMarket(lambda: datetime(2027, 3, 1, 20, tzinfo=UTC))
        answer = market.fetch_daily(["KAVERI.DEMO"], None)["KAVERI.DEMO"]
        assert isinstance(answer, History)
        return answer

    before = bars()
    use(closed(REPUBLIC_DAY), session(SUNDAY), closed(date(2026, 6, 3), ADMIN), closed(REPUBLIC_DAY, ADMIN, "DEMO-IN"))
    after = bars()
    assert (after.bars.session == before.bars.session).all()
    assert (after.bars.close == before.bars.close).all()
