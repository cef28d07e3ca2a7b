"""Missing sessions: those that Yahoo fills in late are requested again, so many times, and named until then."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import time_machine
from django.test import Client

from analysis.calendars.learn import learn_days
from analysis.engine.bars import Bars
from analysis.models import PriceHistory, RawData, Result
from analysis.prices.instruments import exchange_of
from analysis.prices.missing_sessions import (
    MOST_REQUESTS,
    MissingSession,
    describe_missing,
    find_missing,
    first_due,
    track_missing,
)
from analysis.prices.sessions import sessions_between
from analysis.prices.trading_calendar import library_calendar_of
from analysis.tests.make import make_finished_job, make_user
from tests.yahoo_standin.behaviours import Asked, Reply, as_json
from tests.yahoo_standin.server import YahooStandIn

pytestmark = pytest.mark.django_db
INDIA = ZoneInfo("Asia/Kolkata")
TICKER = "TCS.NS"
SESSIONS: list[date] = [
    day
    for day in library_calendar_of(exchange_of(TICKER)).sessions.astype(object)
    if date(2026, 4, 1) <= day <= date(2026, 9, 30)
]
LATE = SESSIONS[3]


def analyse(day: date, ticker: str = TICKER) -> Result:
    """The result of an evening."""
    with time_machine.travel(datetime(day.year, day.month, day.day, 20, tzinfo=INDIA), tick=False):
        make_finished_job(ticker)
    return Result.objects.get(stock=ticker, day=day)


def messages(result: Result, code: str) -> list[str]:
    findings = RawData.objects.get(result=result).evidence["data_quality"]
    return [finding["message"] for finding in findings if finding["code"] == code]


def bars_of(days: list[date]) -> Bars:
    prices = np.full(len(days), 100.0)
    return Bars(np.array(days, dtype="datetime64[D]"), prices, prices + 1, prices - 1, prices, prices)


def stored_sessions() -> list[date]:
    days: list[date] = PriceHistory.objects.get(stock=TICKER).unpack().session.tolist()
    return days


@pytest.mark.parametrize("evenings_late", [1, 4, 7, 8])
def test_a_session_that_is_filled_in_days_later_is_stored_then(standin: YahooStandIn, evenings_late: int) -> None:
    analyse(SESSIONS[2])
    standin.market.missing[TICKER].add(LATE)
    for day in SESSIONS[4 : 4 + evenings_late]:
        assert messages(analyse(day), "missing_session"), "every evening says what is missing"
        assert LATE not in stored_sessions()
    standin.market.missing.clear()
    before = standin.requests[TICKER]
    result = analyse(SESSIONS[4 + evenings_late])
    assert standin.requests[TICKER] == before + 1, "no request of its own"
    assert LATE in stored_sessions()
    assert messages(result, "missing_session") == []


def test_a_finding_says_when_it_is_requested_again_and_the_change_spans_two_sessions(
    standin: YahooStandIn, client: Client
) -> None:
    analyse(SESSIONS[2])
    standin.market.missing[TICKER].add(LATE)
    result = analyse(SESSIONS[4])
    (message,) = messages(result, "missing_session")
    assert message == (
        f"Yahoo has no bar of {LATE}, a session in the exchange’s calendar. "
        f"It will be requested again from {SESSIONS[4] + timedelta(days=1)}."
    )
    assert result.change_sessions == 2
    client.force_login(make_user("ann"))
    assert "over 2 sessions" in client.get(f"/stocks/{TICKER}/").text
    assert analyse(SESSIONS[5]).change_sessions == 1


def test_a_session_that_no_stock_has_may_have_been_a_holiday(standin: YahooStandIn) -> None:
    tickers = [f"FS{number}.NS" for number in range(20)]

    def run(day: date) -> None:
        with time_machine.travel(datetime(day.year, day.month, day.day, 20, tzinfo=INDIA), tick=False):
            make_finished_job(*tickers)
            learn_days()

    def found(day: date, ticker: str) -> list[tuple[str, str]]:
        findings = RawData.objects.get(result__stock=ticker, result__day=day).evidence["data_quality"]
        return [(one["message"], one["severity"]) for one in findings if one["code"] == "missing_session"]

    run(SESSIONS[2])
    for ticker in tickers:
        standin.market.missing[ticker].add(LATE)
    for day in SESSIONS[4:24]:
        run(day)
    ((message, severity),) = found(SESSIONS[4], tickers[0])
    assert message.startswith(f"Yahoo has no bar of {LATE}, a session in the exchange’s calendar. ")
    assert severity == "warning", "nothing is known of the other stocks yet"
    ((message, severity),) = found(SESSIONS[23], tickers[0])
    assert message.startswith(f"Yahoo has no bar of {LATE}, unless it was a holiday that is not known here. ")
    assert message.endswith("and is not requested any more.")
    assert severity == "info"
    late = [asked for asked in standin.asked if SESSIONS[13] < asked.last <= SESSIONS[20]]
    assert not [asked for asked in late if asked.first <= LATE], "on eight days, and not for ten weeks"
    for ticker in tickers[:5]:
        standin.market.missing[ticker].clear()
        PriceHistory.objects.filter(stock=ticker).delete()
    for day in SESSIONS[24:26]:
        run(day)
    assert found(SESSIONS[25], tickers[0]) == []
    ((message, severity),) = found(SESSIONS[25], tickers[19])
    assert (severity, "a session in the exchange’s calendar" in message) == ("warning", True), "others have it"
    assert "will be from" in message


def test_a_session_that_is_never_filled_in_is_given_up_and_still_named(standin: YahooStandIn) -> None:
    analyse(SESSIONS[2])
    standin.market.missing[TICKER].add(LATE)
    for day in SESSIONS[4:70]:
        result = analyse(day)
    from_late = [asked for asked in standin.asked if asked.first <= LATE and asked.last > SESSIONS[9]]
    assert len(from_late) <= MOST_REQUESTS
    (message,) = messages(result, "missing_session")
    assert f"requested again {MOST_REQUESTS} times" in message
    assert message.endswith("and is not requested any more.")
    assert len(standin.asked) == 67, "one request an evening"


def test_the_requests_grow_apart() -> None:
    one, days = MissingSession(LATE, SESSIONS[4]), []
    day = SESSIONS[4]
    while one.next_request is not None:
        day += timedelta(days=1)
        if one.is_due(day):
            one = MissingSession(LATE, day, one.requests + 1)
            days.append((day - SESSIONS[4]).days)
    assert days == [1, 2, 3, 4, 5, 6, 7, 8, 10, 14, 22, 38, 70]


def test_a_stock_that_trades_on_few_days_lacks_no_session(standin: YahooStandIn) -> None:
    year = sessions_between(exchange_of(TICKER), date(2025, 1, 1), SESSIONS[39])
    standin.market.missing[TICKER].update(year[1::2])
    result = analyse(SESSIONS[40])
    assert PriceHistory.objects.get().missing == []
    assert messages(result, "missing_session") == []


def test_many_sessions_that_are_late_at_once_are_all_stored_when_they_come(standin: YahooStandIn) -> None:
    late = SESSIONS[3:18]
    analyse(SESSIONS[2])
    standin.market.missing[TICKER].update(late)
    result = analyse(SESSIONS[18])
    (message,) = messages(result, "missing_session")
    assert message == (
        f"Yahoo has no bars of 15 sessions in the exchange’s calendar, from {late[0]} to {late[-1]}. "
        f"They will be requested again from {SESSIONS[18] + timedelta(days=1)}."
    )
    assert result.finding_count == len({"missing_session", "gap"}), "a halt is no list of its sessions"
    standin.market.missing.clear()
    analyse(SESSIONS[19])
    assert set(late) <= set(stored_sessions())


@pytest.mark.parametrize("column", ["open", "high", "low", "volume"])
def test_a_session_that_lacks_one_number_is_requested_until_it_has_it(standin: YahooStandIn, column: str) -> None:
    def without_number(asked: Asked) -> Reply:
        chart = asked.chart()
        result = chart["chart"]["result"][0]
        for row, stamp in enumerate(result["timestamp"]):
            if datetime.fromtimestamp(stamp, INDIA).date() == LATE:
                result["indicators"]["quote"][0][column][row] = None
        return as_json(chart)

    standin.behaviours[TICKER] = without_number
    for day in SESSIONS[4:11]:
        result = analyse(day)
    assert messages(result, "faulty_session_requested")
    del standin.behaviours[TICKER]
    analyse(SESSIONS[11])
    bars = PriceHistory.objects.get(stock=TICKER).unpack()
    row = bars.session == np.datetime64(LATE)
    assert getattr(bars, column)[row] > 0


def test_a_holiday_is_not_missing() -> None:
    exchange = exchange_of(TICKER)
    days = sessions_between(exchange, date(2026, 10, 1), date(2026, 11, 27))
    assert date(2026, 11, 24) not in days  # Guru Nanak's birthday
    bars = bars_of(days)
    assert find_missing(bars, exchange, (), since=date(2020, 1, 1)) == {}
    tracked = track_missing((), bars, exchange, faulty=(), requested_since=days[0], today=days[-1])
    assert tracked == ()


def test_a_clock_that_was_ahead_delays_no_request() -> None:
    ahead = SESSIONS[4] + timedelta(days=365)
    for requests in (0, 3, MOST_REQUESTS - 1):
        one = MissingSession(LATE, ahead, requests)
        assert one.is_due(SESSIONS[5]), requests
        assert first_due([one], SESSIONS[5]) == LATE
    assert not MissingSession(LATE, ahead, MOST_REQUESTS).is_due(SESSIONS[5])
    assert not MissingSession(LATE, SESSIONS[5]).is_due(SESSIONS[5])


def test_sessions_are_named_together_only_if_they_are_neighbours_and_were_requested_alike() -> None:
    day, later = SESSIONS[20], SESSIONS[21]
    tracked = [
        *(MissingSession(one, day) for one in SESSIONS[5:3:-1]),
        *(MissingSession(one, later, 2) for one in SESSIONS[6:9]),
        MissingSession(SESSIONS[10], later, MOST_REQUESTS),
        *(MissingSession(one, later, MOST_REQUESTS) for one in SESSIONS[12:14]),
        *(MissingSession(one, later, 1, is_faulty=True) for one in SESSIONS[14:16]),
        *(MissingSession(one, later, 1, is_certain=False) for one in SESSIONS[16:18]),
    ]
    found = describe_missing(tracked, "Yahoo", exchange_of(TICKER))
    tomorrow = later + timedelta(days=1)
    certain = "sessions in the exchange’s calendar, from"
    assert [(one.message, one.session) for one in found] == [
        (
            f"Yahoo has no bars of 2 {certain} {SESSIONS[4]} to {SESSIONS[5]}. They will be requested again from "
            f"{day + timedelta(days=1)}.",
            SESSIONS[5],
        ),
        (
            f"Yahoo has no bars of 3 {certain} {SESSIONS[6]} to {SESSIONS[8]}. They were requested again 2 times, and "
            f"will be from {tomorrow}.",
            SESSIONS[8],
        ),
        (
            f"Yahoo has no bar of {SESSIONS[10]}, a session in the exchange’s calendar. It was requested again "
            f"{MOST_REQUESTS} times, the last time on {later}, and is not requested any more.",
            SESSIONS[10],
        ),
        (
            f"Yahoo has no bars of 2 {certain} {SESSIONS[12]} to {SESSIONS[13]}. They were requested again "
            f"{MOST_REQUESTS} times, the last time on {later}, and are not requested any more.",
            SESSIONS[13],
        ),
        (
            f"Yahoo’s bars of 2 sessions from {SESSIONS[14]} to {SESSIONS[15]} are wrong. They were requested again "
            f"once, and will be from {tomorrow}.",
            SESSIONS[15],
        ),
        (
            f"Yahoo has no bars of 2 weekdays from {SESSIONS[16]} to {SESSIONS[17]}, unless they were holidays that "
            f"are not known here. They were requested again once, and will be from {tomorrow}.",
            SESSIONS[17],
        ),
    ]
    assert [one.severity for one in found] == ["warning"] * 4 + ["info"] * 2


def test_a_past_analysis_names_no_session_after_its_day(standin: YahooStandIn) -> None:
    analyse(SESSIONS[2])
    standin.market.missing[TICKER].update(SESSIONS[3:9])
    analyse(SESSIONS[9])
    with time_machine.travel(datetime(*SESSIONS[9].timetuple()[:3], 22, tzinfo=INDIA), tick=False):
        make_finished_job(TICKER, as_of=SESSIONS[6])
    result = Result.objects.get(stock=TICKER, day=SESSIONS[2])
    (message,) = messages(result, "missing_session")
    assert f"4 sessions in the exchange’s calendar, from {SESSIONS[3]} to {SESSIONS[6]}." in message


def test_what_is_tracked_survives_storage() -> None:
    one = MissingSession(LATE, SESSIONS[4], 3, is_faulty=True, is_certain=False)
    assert MissingSession.from_dict(one.as_dict()) == one


def test_a_dividend_that_is_named_late_is_in_all_prices_within_five_weeks(standin: YahooStandIn) -> None:
    for day in SESSIONS[2:10]:
        analyse(day)
    standin.market.dividends[TICKER][SESSIONS[3]] = 0.02
    for day in SESSIONS[10:36]:
        analyse(day)
    chart = standin.market.chart(TICKER, date(2021, 4, 1), SESSIONS[35])["chart"]["result"][0]
    bars = PriceHistory.objects.get().unpack()
    assert bars.close.tolist() == pytest.approx(chart["indicators"]["adjclose"][0]["adjclose"][-len(bars) :], rel=1e-6)
    assert len(standin.asked) <= 8 + 26 + 1


def test_a_weekday_after_the_end_of_the_calendar_may_have_been_a_holiday(standin: YahooStandIn) -> None:
    analyse(date(2027, 1, 4))
    standin.market.missing[TICKER].add(date(2027, 1, 5))
    (message,) = messages(analyse(date(2027, 1, 6)), "missing_session")
    assert message.startswith("Yahoo has no bar of 2027-01-05, unless it was a holiday that is not known here.")
    standin.market.missing.clear()
    assert messages(analyse(date(2027, 1, 7)), "missing_session") == []
    assert date(2027, 1, 5) in stored_sessions()
