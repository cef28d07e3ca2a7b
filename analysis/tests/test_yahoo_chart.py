"""The shape of Yahoo's chart answers: what is refused as odd, and what is left out of a sound one."""

import json
import math
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest

from analysis.prices.instruments import instrument_of
from analysis.prices.pacer import ProcessPacer
from analysis.prices.port import History, PriceError, PriceErrorKind
from analysis.prices.quality import trim_to_closed
from analysis.prices.yahoo import YahooPrices
from analysis.prices.yahoo_answers import AnswerKind, read_chart_answer
from analysis.prices.yahoo_session import YahooSession
from tests.yahoo_standin.behaviours import changed
from tests.yahoo_standin.market import Market
from tests.yahoo_standin.server import YahooStandIn, running

TICKER = "A.NS"
SINCE = date(2026, 1, 1)
LAST = date(2026, 4, 24)
NOW = datetime(2026, 4, 24, 20, 0, tzinfo=UTC)

type Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def standin(new_yfinance: None) -> Iterator[YahooStandIn]:
    with running() as server:
        recent = server.market.until
        server.market.until = lambda symbol: LAST if symbol == TICKER else recent(symbol)
        yield server


@pytest.fixture
def yahoo(standin: YahooStandIn, tmp_path_factory: pytest.TempPathFactory) -> YahooPrices:
    session = YahooSession(standin.address, pacer=ProcessPacer(math.inf))
    return YahooPrices(tmp_path_factory.getbasetemp() / "yahoo-cache", session)


def answer_of(yahoo: YahooPrices, standin: YahooStandIn, change: Change) -> History | PriceError:
    standin.behaviours[TICKER] = changed(change)
    return yahoo.fetch_daily([TICKER], SINCE)[TICKER]


def history_of(yahoo: YahooPrices, standin: YahooStandIn, change: Change) -> History:
    answer = answer_of(yahoo, standin, change)
    assert isinstance(answer, History), answer
    return answer


def kind_of(change: Change, ticker: str = TICKER) -> AnswerKind:
    """Return the kind of a sound answer that is changed so."""
    chart = Market(until=lambda _: LAST).chart(ticker, SINCE, LAST)
    change(chart["chart"]["result"][0])
    return read_chart_answer(200, {}, json.dumps(chart).encode(), NOW).kind


def quote_of(result: dict[str, Any]) -> dict[str, Any]:
    quote: dict[str, Any] = result["indicators"]["quote"][0]
    return quote


@pytest.mark.parametrize("stamp", [None, "1770000000", "", True, [], {}, 10**18, -(10**18), math.nan, math.inf])
@pytest.mark.parametrize("row", [0, 3, -1])
def test_a_timestamp_that_is_no_time_makes_an_answer_odd(stamp: object, row: int) -> None:
    assert kind_of(lambda result: result["timestamp"].__setitem__(row, stamp)) is AnswerKind.ODD


def test_timestamps_may_have_fractions() -> None:
    assert kind_of(lambda result: result.update(timestamp=list(map(float, result["timestamp"])))) is AnswerKind.SOUND


@pytest.mark.parametrize("name", ["open", "high", "low", "close", "volume"])
def test_a_column_that_is_missing_or_of_another_length_or_kind_makes_an_answer_odd(name: str) -> None:
    assert kind_of(lambda result: quote_of(result).pop(name)) is AnswerKind.ODD
    assert kind_of(lambda result: quote_of(result)[name].pop()) is AnswerKind.ODD
    assert kind_of(lambda result: quote_of(result)[name].append(1.0)) is AnswerKind.ODD
    odd: list[object] = ["n/a", "", True, [], {}]
    for cell in odd:
        assert kind_of(lambda result: quote_of(result)[name].__setitem__(3, cell)) is AnswerKind.ODD  # noqa: B023


def rename_adjusted(result: dict[str, Any]) -> None:
    result["indicators"]["adjClose"] = result["indicators"].pop("adjclose")


ODD_ADJUSTED: dict[str, Change] = {
    "renamed": rename_adjusted,
    "no column": lambda result: result["indicators"].update(adjclose=[]),
    "empty": lambda result: result["indicators"].update(adjclose=[{}]),
    "null": lambda result: result["indicators"].update(adjclose=None),
    "an object": lambda result: result["indicators"].update(adjclose=[{"adjclose": {}}]),
    "shorter": lambda result: result["indicators"]["adjclose"][0]["adjclose"].pop(),
    "longer": lambda result: result["indicators"]["adjclose"][0]["adjclose"].append(1.0),
}


@pytest.mark.parametrize("change", ODD_ADJUSTED.values(), ids=ODD_ADJUSTED)
def test_only_what_pays_no_dividends_may_lack_adjusted_closes(
    change: Change, yahoo: YahooPrices, standin: YahooStandIn
) -> None:
    """yfinance takes the closes for them, and a whole history would be replaced by one without its dividends."""

    def with_type(name: object) -> Change:
        def both(result: dict[str, Any]) -> None:
            change(result)
            result["meta"]["instrumentType"] = name

        return both

    shares: list[object] = ["EQUITY", "ETF", "MUTUALFUND", None, "", "SOMETHING", {}]
    for kind in shares:
        assert kind_of(with_type(kind)) is AnswerKind.ODD, kind
    for name in ("INDEX", "CURRENCY", "CRYPTOCURRENCY", "FUTURE"):
        history = history_of(yahoo, standin, with_type(name))
        assert history.traded
        assert history.bars.close.tolist() == history.traded.close.tolist()


@pytest.mark.parametrize("value", ["Infinity", math.inf, None])
def test_a_session_whose_adjusted_close_is_no_price_has_no_prices(
    value: object, yahoo: YahooPrices, standin: YahooStandIn
) -> None:
    close = history_of(
        yahoo, standin, lambda result: result["indicators"]["adjclose"][0]["adjclose"].__setitem__(3, value)
    ).bars.close
    assert np.flatnonzero(np.isnan(close)).tolist() == [3]


@pytest.mark.parametrize("zone", [None, "", "Mars/Olympus", "America", "../etc", 5, []])
def test_a_time_zone_that_is_not_known_makes_an_answer_odd(zone: object) -> None:
    assert kind_of(lambda result: result["meta"].update(exchangeTimezoneName=zone)) is AnswerKind.ODD


@pytest.mark.parametrize(
    ("name", "value"), [("volume", 10**30), ("volume", math.inf), ("close", math.inf), ("high", 10**400)]
)
def test_a_number_that_cannot_be_counts_as_none(
    name: str, value: float, yahoo: YahooPrices, standin: YahooStandIn
) -> None:
    bars = history_of(yahoo, standin, lambda result: quote_of(result)[name].__setitem__(3, value)).bars
    column = getattr(bars, name)
    assert np.flatnonzero(~(column > 0)).tolist() == [3]


@pytest.mark.parametrize("name", ["open", "close", "volume"])
def test_numbers_may_be_written_as_text(name: str, yahoo: YahooPrices, standin: YahooStandIn) -> None:
    plain = history_of(yahoo, standin, lambda result: None).bars
    text = history_of(
        yahoo, standin, lambda result: quote_of(result).update({name: [*map(str, quote_of(result)[name])]})
    )
    np.testing.assert_array_equal(getattr(text.bars, name), getattr(plain, name))


def test_rows_before_the_period_that_was_requested_are_left_out(yahoo: YahooPrices, standin: YahooStandIn) -> None:
    """A stored history that begins in 1970 would be requested as such."""
    bars = history_of(yahoo, standin, lambda result: result["timestamp"].__setitem__(5, 0)).bars
    assert bars.first_session == SINCE
    error = answer_of(yahoo, standin, lambda result: result.update(timestamp=[*range(len(result["timestamp"]))]))
    assert isinstance(error, PriceError)
    assert error.kind is PriceErrorKind.NO_DATA


def with_events(*, dividends: object = None, splits: object = None) -> Change:
    """Return a change that puts events in place of those of the answer; each named {} gets the date of a session."""

    def put(result: dict[str, Any]) -> None:
        stamp = result["timestamp"][5]
        result["events"] = {
            name: {str(stamp): {"date": stamp} | event} if isinstance(event, dict) else event
            for name, event in {"dividends": dividends, "splits": splits}.items()
        }

    return put


@pytest.mark.parametrize(
    "events", [None, [], {}, "none", 5, {"dividends": []}, {"splits": None}, {"capitalGains": {"1": {}}}]
)
def test_events_of_another_shape_cost_no_prices(events: object, yahoo: YahooPrices, standin: YahooStandIn) -> None:
    traded = history_of(yahoo, standin, lambda result: result.update(events=events)).traded
    assert traded
    assert (traded.dividends, traded.splits) == ({}, {})


ODD_DATES: list[object] = [None, "1770000000", "", True, [], {}, math.nan, math.inf, 10**18]
ODD_RATIOS: list[object] = [None, "", "2", "2:0", "0:1", "2:1:1", ":", 2, [], "²:1"]
ODD_AMOUNTS: list[object] = [None, "1.5", "", True, [], {}, math.nan, math.inf, -1.0, 0, 10**30]


def test_an_odd_event_is_left_out_and_a_sound_one_beside_it_is_kept(yahoo: YahooPrices, standin: YahooStandIn) -> None:
    events: list[dict[str, object]] = [
        *({"date": stamp} for stamp in ODD_DATES),
        *({"amount": amount, "numerator": 2, "denominator": amount} for amount in ODD_AMOUNTS),
        *({"amount": amount, "numerator": amount, "denominator": 1} for amount in ODD_AMOUNTS),
        *({"amount": -1, "splitRatio": ratio} for ratio in ODD_RATIOS),
    ]

    def put(result: dict[str, Any]) -> None:
        sound, odd = result["timestamp"][5], result["timestamp"][9]
        ones: dict[str, object] = {
            str(place): {"date": odd, "amount": 1.0, **event} for place, event in enumerate(events)
        }
        ones |= {"x": None, "y": [], "z": "none"}
        dividends = {**ones, "sound": {"date": sound, "amount": 1.5, "currency": "INR"}}
        splits = {**ones, "sound": {"date": sound, "numerator": 3, "denominator": 2, "splitRatio": "3:2"}}
        result["events"] = {"dividends": dividends, "splits": splits}

    history = history_of(yahoo, standin, put)
    assert history.traded
    assert list(history.traded.dividends.values()) == [1.5]
    assert list(history.traded.splits.values()) == [1.5]
    assert history.bars.last_session == LAST


@pytest.mark.parametrize(("ratio", "expected"), [("2:1", 2.0), ("1:10", 0.1), ("3.5:2", 1.75)])
def test_a_ratio_alone_tells_a_split(ratio: str, expected: float, yahoo: YahooPrices, standin: YahooStandIn) -> None:
    for event in ({"splitRatio": ratio}, {"splitRatio": ratio, "numerator": None, "denominator": 0}):
        traded = history_of(yahoo, standin, with_events(splits=event)).traded
        assert traded
        assert list(traded.splits.values()) == [expected]


@pytest.mark.parametrize(("column", "close", "said"), [("close", 0, "0"), ("close", -5, "-5"), ("adjclose", -5, "-5")])
def test_a_last_close_that_is_no_price_stays_until_it_is_named(
    column: str, close: float, said: str, yahoo: YahooPrices, standin: YahooStandIn
) -> None:
    def put(result: dict[str, Any]) -> None:
        (quote_of(result) if column == "close" else result["indicators"]["adjclose"][0])[column][-1] = close

    bars, findings = trim_to_closed(history_of(yahoo, standin, put).bars, instrument=instrument_of(TICKER), now=NOW)
    assert [finding.message for finding in findings] == [
        f"The newest session, {LAST}, has a close of {said}, which is no price: it is left out."
    ]
    assert bars.last_session < LAST
