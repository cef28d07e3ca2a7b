"""Ten evenings in bad weather: whatever Yahoo does to a dozen stocks, every stored bar is true at the end.

The stand-in fills sessions in late, revises last closes, splits, pays dividends, renames and delists. On each evening
on which a session of a stock was missing, its result or its failure said so.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import time_machine

from analysis.models import JobDetail, PriceHistory, RawData, Result
from analysis.prices.instruments import exchange_of
from analysis.prices.trading_calendar import library_calendar_of
from analysis.tests.make import details_of, make_finished_job
from tests.yahoo_standin.behaviours import BEHAVIOURS, Asked, Reply, as_json
from tests.yahoo_standin.server import YahooStandIn

pytestmark = pytest.mark.django_db
INDIA = ZoneInfo("Asia/Kolkata")
SESSIONS: list[date] = [
    day for day in library_calendar_of(exchange_of("TCS.NS")).sessions.astype(object) if date(2026, 3, 2) <= day
]
FIRST = 5
EVENINGS = SESSIONS[FIRST : FIRST + 10]
CALM = [f"CALM{number}.NS" for number in range(3)]
LATE = [f"LATE{number}.NS" for number in range(4)]
REVISED, SPLIT, PAYING, RENAMED, DELISTED = "REVISED.NS", "SPLITS.NS", "PAYS.NS", "OLDNAME.NS", "DELISTED.NS"
TICKERS = [*CALM, *LATE, REVISED, SPLIT, PAYING, RENAMED, DELISTED]


@dataclass
class Weather:
    """The sessions that the stand-in withholds, by symbol, each with the evening until which it does."""

    standin: YahooStandIn
    withheld: dict[str, dict[date, int]] = field(default_factory=dict)

    def is_missing(self, symbol: str, session: date, evening: int) -> bool:
        return self.withheld.get(symbol, {}).get(session, -1) > evening

    def set_for(self, evening: int) -> None:
        """Make the market that of an evening, by number."""
        market, today = self.standin.market, EVENINGS[evening]
        market.until = lambda _: today
        for symbol, sessions in self.withheld.items():
            market.missing[symbol] = {day for day, until in sessions.items() if until > evening}
        market.revised[REVISED] = {today: 1.004}  # the close of today is corrected tomorrow
        market.revised[LATE[0]] = {today: 0.997} if evening % 3 == 0 else {}
        if evening == 4:
            market.splits[SPLIT][EVENINGS[4]] = 5.0
        if evening == 6:
            market.dividends[PAYING][EVENINGS[6]] = 0.01
        if evening >= 5:
            self.standin.behaviours[DELISTED] = BEHAVIOURS["UNKNOWN"]
            self.standin.behaviours[RENAMED] = as_new_name


def as_new_name(asked: Asked) -> Reply:
    """The chart of another symbol, as after a rename."""
    return as_json(asked.market.chart("NEWNAME.NS", asked.first, asked.last))


@pytest.fixture
def weather(standin: YahooStandIn) -> Weather:
    found = Weather(standin)
    random = np.random.default_rng(20261127)
    for number, ticker in enumerate(LATE):
        for place in random.choice(9, size=2, replace=False).tolist():
            found.withheld.setdefault(ticker, {})[EVENINGS[place]] = min(place + 1 + 2 * number + place % 3, 9)
    found.withheld[SPLIT] = {EVENINGS[2]: 6}
    found.withheld[CALM[2]] = {EVENINGS[9]: 10}
    return found


def run_evening(evening: int) -> dict[str, JobDetail]:
    day = EVENINGS[evening]
    with time_machine.travel(datetime(day.year, day.month, day.day, 20, tzinfo=INDIA), tick=False):
        return details_of(make_finished_job(*TICKERS))


def says_what_is_missing(detail: JobDetail) -> bool:
    if detail.status == "failed":
        return bool(detail.error_message)
    findings = RawData.objects.get(result=detail.result).evidence["data_quality"]
    return bool({finding["code"] for finding in findings} & {"missing_session", "stale"})


def test_at_the_end_every_stored_bar_is_true_and_every_gap_was_told(weather: Weather) -> None:
    silent: list[tuple[int, str]] = []
    for evening in range(10):
        weather.set_for(evening)
        details = run_evening(evening)
        for ticker, detail in details.items():
            lacks = any(weather.is_missing(ticker, day, evening) for day in EVENINGS[: evening + 1])
            if (lacks or (evening >= 5 and ticker in (RENAMED, DELISTED))) and not says_what_is_missing(detail):
                silent.append((evening, ticker))
        told = {ticker for ticker, detail in details.items() if detail.status != "completed"}
        assert told == ({RENAMED, DELISTED} if evening >= 5 else set()), evening
    assert silent == []
    market = weather.standin.market
    market.revised[REVISED] = {EVENINGS[9]: 1.004}
    for ticker in TICKERS:
        ends = EVENINGS[4] if ticker in (RENAMED, DELISTED) else EVENINGS[8] if ticker == CALM[2] else EVENINGS[9]
        assert closes(ticker) == pytest.approx(truth(weather, ticker, ends), rel=1e-6), ticker


def closes(ticker: str) -> dict[date, float]:
    bars = PriceHistory.objects.get(stock=ticker).unpack()
    return dict(zip(bars.session.tolist(), bars.close.tolist(), strict=True))


def truth(weather: Weather, ticker: str, last: date) -> dict[date, float]:
    """The adjusted closes that Yahoo has at the end."""
    chart = weather.standin.market.chart(ticker, date(2021, 3, 1), last)["chart"]["result"][0]
    days = [datetime.fromtimestamp(stamp, INDIA).date() for stamp in chart["timestamp"]]
    adjusted = dict(zip(days, chart["indicators"]["adjclose"][0]["adjclose"], strict=True))
    first = min(closes(ticker))
    return {day: close for day, close in adjusted.items() if day >= first}


def test_a_result_names_the_correction_the_split_and_the_other_symbol(weather: Weather) -> None:
    for evening in range(7):
        weather.set_for(evening)
        details = run_evening(evening)
    assert "corrected" in codes(REVISED)
    assert "readjusted" in codes(PAYING)
    assert "NEWNAME.NS" in details[RENAMED].error_message
    assert "unknown there, or no longer listed" in details[DELISTED].error_message
    assert weather.standin.requests[REVISED] == 7, "a corrected close costs no further request"


def codes(ticker: str) -> set[str]:
    newest = Result.objects.filter(stock=ticker).latest("day")
    return {finding["code"] for finding in RawData.objects.get(result=newest).evidence["data_quality"]}
