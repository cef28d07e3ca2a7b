"""The Yahoo source against the stand-in: yfinance itself is the real one, over real HTTP."""

import math
import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.prices.instruments import instrument_of
from analysis.prices.pace import FIRST_PAUSE
from analysis.prices.pacer import ProcessPacer
from analysis.prices.port import History, PriceError, PriceErrorKind, StockMetadata
from analysis.prices.quality import check_bars
from analysis.prices.yahoo import YahooPrices
from analysis.prices.yahoo_canary import CANARIES
from analysis.prices.yahoo_metadata import read_metadata
from analysis.prices.yahoo_session import YahooSession
from tests.simulated_clock import SimulatedClock
from tests.yahoo_standin.behaviours import BEHAVIOURS, Asked, Reply, as_json, sound
from tests.yahoo_standin.market import chart_of
from tests.yahoo_standin.server import YahooStandIn, running

DAYS = (date(2026, 4, 20), date(2026, 4, 21), date(2026, 4, 22))
SINCE = date(2026, 1, 1)
AT_THE_END = datetime(2026, 4, 24, 20, 0, tzinfo=UTC)
UNLIMITED = math.inf


def three_closes(asked: Asked) -> Reply:
    """Sessions at 100, 102 and 104, of which half is left after dividends."""
    prices: list[float | None] = [100.0, 102.0, 104.0]
    half: list[float | None] = [50.0, 51.0, 52.0]
    return as_json(chart_of(asked.symbol, DAYS, prices, prices, prices, prices, half, [1000] * 3))


@pytest.fixture
def standin(new_yfinance: None) -> Iterator[YahooStandIn]:
    """Yahoo, whose bars end in April; those of the canaries are recent."""
    with running() as server:
        recent = server.market.until
        server.market.until = lambda symbol: recent(symbol) if symbol in CANARIES else date(2026, 4, 24)
        yield server


@pytest.fixture(scope="session")
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all tests of a process, as yfinance opens its cookies once."""
    return tmp_path_factory.mktemp("yahoo-cache")


type Maker = Callable[..., tuple[YahooPrices, YahooSession]]


@pytest.fixture
def make_yahoo(standin: YahooStandIn, cache_folder: Path) -> Maker:
    def make(**options: Any) -> tuple[YahooPrices, YahooSession]:
        given: dict[str, Any] = {"pacer": ProcessPacer(UNLIMITED)} | options
        session = YahooSession(standin.address, **given)
        return YahooPrices(cache_folder, session), session

    return make


@pytest.fixture
def yahoo(make_yahoo: Maker) -> YahooPrices:
    return make_yahoo()[0]


def history_of(yahoo: YahooPrices, ticker: str, since: date | None = SINCE) -> History:
    answer = yahoo.fetch_daily([ticker], since)[ticker]
    assert isinstance(answer, History), answer
    assert (np.diff(answer.bars.session) >= np.timedelta64(0)).all()
    return answer


def error_of(yahoo: YahooPrices, ticker: str) -> PriceError:
    answer = yahoo.fetch_daily([ticker], SINCE)[ticker]
    assert isinstance(answer, PriceError), answer
    assert answer.message.endswith(".")
    return answer


def test_bars_are_adjusted_and_dated_by_the_day_at_the_exchange(yahoo: YahooPrices, standin: YahooStandIn) -> None:
    standin.behaviours["GOOD.NS"] = three_closes
    history = history_of(yahoo, "GOOD.NS")
    assert history.bars.session.tolist() == list(DAYS)
    assert history.bars.close.tolist() == history.bars.open.tolist() == [50.0, 51.0, 52.0]
    assert history.bars.volume.tolist() == [1000.0, 1000.0, 1000.0]
    assert (history.adjusted, history.metadata.name, history.metadata.currency) == (True, "Good of the stand-in", "INR")
    assert history.findings == ()


@pytest.mark.parametrize(
    "ticker", ["TCS.NS", "M&M.NS", "500325.BO", "GOOG", "BRK-B", "VOD.L", "SAP.DE", "7203.T", "0700.HK", "AIR.NZ"]
)
def test_sessions_are_right_on_every_continent(ticker: str, yahoo: YahooPrices, standin: YahooStandIn) -> None:
    assert history_of(yahoo, ticker, date(2026, 4, 20)).bars.session.tolist() == [
        date(2026, 4, day) for day in range(20, 25)
    ]
    assert standin.requests == {ticker: 1}


@pytest.mark.parametrize("ticker", ["^NSEI", "EURUSD=X", "X.NOWHERE"])
def test_what_belongs_to_no_known_exchange_can_be_had_too(ticker: str, yahoo: YahooPrices) -> None:
    assert history_of(yahoo, ticker).bars.last_session == date(2026, 4, 24)


def test_an_answer_says_what_the_instrument_is(yahoo: YahooPrices) -> None:
    assert history_of(yahoo, "TCS.NS").metadata == StockMetadata(
        name="Tcs of the stand-in",
        currency="INR",
        kind="share",
        exchange="NSE",
        decimals=2,
        symbol="TCS.NS",
        exchange_name="NSE",
        first_trade_date=date(2015, 1, 1),
    )


def test_dividends_and_splits_come_with_their_sessions(yahoo: YahooPrices, standin: YahooStandIn) -> None:
    standin.market.dividends["TCS.NS"] = {DAYS[0]: 0.01, DAYS[2]: 0.02}
    standin.market.splits["TCS.NS"][DAYS[1]] = 2.0
    traded = history_of(yahoo, "TCS.NS").traded
    assert traded
    close = dict(zip(traded.session.tolist(), traded.close.tolist(), strict=True))
    assert traded.dividends == {
        DAYS[0]: pytest.approx(0.01 * close[date(2026, 4, 17)], rel=1e-6),
        DAYS[2]: pytest.approx(0.02 * close[DAYS[1]], rel=1e-6),
    }
    assert traded.splits == {DAYS[1]: 2.0}


@pytest.mark.parametrize(
    ("meta", "day"),
    [
        ({"firstTradeDate": 345479400, "exchangeName": "NMS"}, date(1980, 12, 12)),
        ({"firstTradeDate": -252322200, "exchangeName": "NYQ"}, date(1962, 1, 2)),
        ({"firstTradeDate": 570409200, "exchangeName": "ASX"}, date(1988, 1, 29)),  # 23:00 of the day before in UTC
        ({"firstTradeDate": pd.Timestamp("1988-01-29 10:00", tz="Australia/Sydney")}, date(1988, 1, 29)),
        ({"firstTradeDate": pd.NaT}, None),
        ({"firstTradeDate": 345479400000}, None),  # milliseconds
        ({"firstTradeDate": None}, None),
        ({"firstTradeDate": True}, None),
        ({"firstTradeDate": 0}, None),
        ({}, None),
    ],
)
def test_a_first_trade_is_dated_by_the_day_at_the_exchange(meta: dict[str, Any], day: date | None) -> None:
    assert read_metadata(meta).first_trade_date == day


TEXTS = st.text("Ab1. \n\x00\ud800\u200b₹", max_size=9) | st.sampled_from(["EQUITY", "NMS", "GBp", "x" * 999])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=4,
)
KEYS = (
    "symbol currency instrumentType exchangeName fullExchangeName priceHint firstTradeDate longName shortName".split()
)


@given(st.dictionaries(st.sampled_from(KEYS), JSON))
def test_whatever_yahoo_says_of_an_instrument_is_read_or_left_empty(meta: dict[str, Any]) -> None:
    metadata = read_metadata(meta)
    assert StockMetadata.from_dict(metadata.as_dict()) == replace(metadata, name="")
    texts = [value for value in (*metadata.as_dict().values(), metadata.name) if isinstance(value, str)]
    assert all(text.isprintable() and len(text) <= 200 for text in texts)
    assert metadata.decimals is None or 0 <= metadata.decimals <= 15


def test_only_sessions_since_the_day_asked_for_are_requested(yahoo: YahooPrices, standin: YahooStandIn) -> None:
    history_of(yahoo, "TCS.NS", date(2026, 4, 22))
    (asked,) = standin.asked
    assert asked.first == date(2026, 4, 22)


def test_the_whole_history_can_be_asked_for(yahoo: YahooPrices) -> None:
    assert history_of(yahoo, "TCS.NS", None).bars.first_session == date(2015, 1, 1)


def test_a_ticker_costs_one_request_and_a_process_two_more(make_yahoo: Maker, standin: YahooStandIn) -> None:
    yahoo, session = make_yahoo()
    yahoo.fetch_daily([f"OK{number}.NS" for number in range(10)], SINCE)
    assert set(standin.requests.values()) == {1}
    assert session.request_count <= 10 + 2
    before = session.request_count
    yahoo.fetch_daily(["OK1.NS", "OK11.NS"], SINCE)
    assert session.request_count == before + 2


FAILURES = {
    "UNKNOWN": (PriceErrorKind.UNKNOWN_TICKER, True),
    "UNKNOWNBODY": (PriceErrorKind.UNKNOWN_TICKER, True),
    "LIMITED": (PriceErrorKind.RATE_LIMITED, False),
    "NINES": (PriceErrorKind.RATE_LIMITED, False),
    "LIMITEDTEXT": (PriceErrorKind.RATE_LIMITED, False),
    "LIMITEDBODY": (PriceErrorKind.RATE_LIMITED, False),
    "LIMITEDFINANCE": (PriceErrorKind.RATE_LIMITED, False),
    "LIMITEDCODE": (PriceErrorKind.RATE_LIMITED, False),
    "LIMITEDRATE": (PriceErrorKind.RATE_LIMITED, False),
    "LIMITEDPAGE": (PriceErrorKind.RATE_LIMITED, False),
    "RETRYAFTER": (PriceErrorKind.RATE_LIMITED, False),
    "RETRYDATE": (PriceErrorKind.RATE_LIMITED, False),
    "RETRYNONSENSE": (PriceErrorKind.RATE_LIMITED, False),
    "BUSY": (PriceErrorKind.RATE_LIMITED, False),
    "FORBIDDENFOR": (PriceErrorKind.RATE_LIMITED, False),
    "BROKENFOR": (PriceErrorKind.UNAVAILABLE, False),
    "REFUSED": (PriceErrorKind.UNAVAILABLE, False),
    "FORBIDDEN": (PriceErrorKind.UNAVAILABLE, False),
    "BROKEN": (PriceErrorKind.UNAVAILABLE, False),
    "BADGATEWAY": (PriceErrorKind.UNAVAILABLE, False),
    "TOOSLOW": (PriceErrorKind.UNAVAILABLE, False),
    "HTML": (PriceErrorKind.UNAVAILABLE, False),
    "GARBAGE": (PriceErrorKind.UNAVAILABLE, False),
    "NOTHING": (PriceErrorKind.UNAVAILABLE, False),
    "DOWN": (PriceErrorKind.UNAVAILABLE, False),
    "ERRORBODY": (PriceErrorKind.UNAVAILABLE, False),
    "RESET": (PriceErrorKind.UNAVAILABLE, False),
    "SILENT": (PriceErrorKind.UNAVAILABLE, False),
    "TRUNCATED": (PriceErrorKind.UNAVAILABLE, False),
    "LOOP": (PriceErrorKind.BAD_DATA, False),
    "BOMB": (PriceErrorKind.UNAVAILABLE, False),
    "SLOW": (PriceErrorKind.TIMEOUT, False),
    "DRIP": (PriceErrorKind.TIMEOUT, False),
}
DOUBTFUL = {
    "NOPERIOD": PriceErrorKind.NO_DATA,
    "NORESULT": PriceErrorKind.NO_DATA,
    "NULLRESULT": PriceErrorKind.NO_DATA,
    "UNPROCESSABLE": PriceErrorKind.NO_DATA,
    "NEWERROR": PriceErrorKind.NO_DATA,
    "NODAYS": PriceErrorKind.NO_DATA,
    "ALLNULL": PriceErrorKind.NO_DATA,
    "BADREQUEST": PriceErrorKind.BAD_DATA,
    "GONE": PriceErrorKind.BAD_DATA,
    "LOSTPAGE": PriceErrorKind.BAD_DATA,
    "NULL": PriceErrorKind.BAD_DATA,
    "LIST": PriceErrorKind.BAD_DATA,
    "WORD": PriceErrorKind.BAD_DATA,
    "OTHERSHAPE": PriceErrorKind.BAD_DATA,
    "NOCHART": PriceErrorKind.BAD_DATA,
    "NOTIMESTAMP": PriceErrorKind.BAD_DATA,
    "NOINDICATORS": PriceErrorKind.BAD_DATA,
    "NOMETA": PriceErrorKind.BAD_DATA,
    "SHORTMETA": PriceErrorKind.BAD_DATA,
    "NULLSTAMP": PriceErrorKind.BAD_DATA,
    "NOADJUSTED": PriceErrorKind.BAD_DATA,
    "OBJECTS": PriceErrorKind.BAD_DATA,
    "OTHERSYMBOL": PriceErrorKind.BAD_DATA,
}
SOUND = {
    "HOLES", "LASTNULL", "TWICE", "DISORDER", "FLOATVOLUME", "PENCE", "BADDIVIDEND", "LOWERSYMBOL", "NOSYMBOL",
    "OTHERCURRENCY", "NOCURRENCY", "YOUNG", "HUGE", "ZIPPED",
}  # fmt: skip
SOMETIMES = {"REFUSEDONCE", "FLAKY"}


def test_every_behaviour_of_the_stand_in_is_tested() -> None:
    assert set(BEHAVIOURS) == set(FAILURES) | set(DOUBTFUL) | SOUND | SOMETIMES


@pytest.mark.parametrize("failure", FAILURES)
def test_each_of_yahoos_failures_has_its_kind_and_few_requests(
    failure: str, make_yahoo: Maker, standin: YahooStandIn
) -> None:
    kind, permanent = FAILURES[failure]
    yahoo, _ = make_yahoo(timeout=0.5 if kind is PriceErrorKind.TIMEOUT else 10.0)
    error = error_of(yahoo, f"{failure}.NS")
    assert (error.kind, error.permanent) == (kind, permanent)
    # REFUSED and FORBIDDEN: again with new cookies; RESET and SILENT: curl itself, on a new connection.
    twice = {"REFUSED", "FORBIDDEN", "RESET", "SILENT"}
    assert standin.requests[f"{failure}.NS"] <= (6 if failure == "LOOP" else 2 if failure in twice else 1)
    if kind not in {PriceErrorKind.RATE_LIMITED, PriceErrorKind.TIMEOUT} and failure != "BROKENFOR":
        history_of(yahoo, "OK.NS")


@pytest.mark.parametrize("name", sorted(SOUND))
def test_odd_answers_still_give_bars(name: str, yahoo: YahooPrices) -> None:
    assert history_of(yahoo, f"{name}.NS").bars.last_session == date(2026, 4, 24)


def test_what_is_odd_about_bars_is_found_by_the_quality_gate(yahoo: YahooPrices) -> None:
    def codes(ticker: str) -> set[str]:
        bars = history_of(yahoo, ticker).bars
        return {one.code for one in check_bars(bars, instrument=instrument_of(ticker), now=AT_THE_END).findings}

    assert codes("LASTNULL.NS") == {"last_close_missing", "stale"}
    assert codes("PENCE.NS") == {"hundredfold"}
    assert codes("HOLES.NS") == {"null_rows"}
    for name in ("TWICE", "DISORDER", "FLOATVOLUME", "HUGE", "ZIPPED", "YOUNG"):
        assert codes(f"{name}.NS") == set()


@pytest.mark.parametrize("name", ["DISORDER", "TWICE"])
def test_rows_out_of_order_and_rows_given_twice_become_sessions_in_order(
    name: str, yahoo: YahooPrices, standin: YahooStandIn
) -> None:
    odd = history_of(yahoo, f"{name}.NS").bars
    standin.behaviours[f"{name}.NS"] = sound
    plain = history_of(yahoo, f"{name}.NS").bars
    assert odd.session.tolist() == plain.session.tolist()
    np.testing.assert_array_equal(odd.close, plain.close)


def test_prices_in_a_currency_that_the_exchange_does_not_use_are_pointed_out(yahoo: YahooPrices) -> None:
    (finding,) = history_of(yahoo, "OTHERCURRENCY.L").findings
    assert finding.message == "Yahoo gives prices in XAU; on London Stock Exchange they are usually in GBp."
    assert history_of(yahoo, "NOCURRENCY.NS").findings == ()
    assert history_of(yahoo, "VOD.L").metadata.currency == "GBp"


def test_a_dividend_that_prices_are_not_adjusted_for_is_pointed_out(yahoo: YahooPrices, standin: YahooStandIn) -> None:
    (finding,) = history_of(yahoo, "BADDIVIDEND.L").findings
    assert finding.message.startswith("1 dividend, on 2026-03-2")
    standin.market.dividends["PAYS.L"][date(2026, 3, 4)] = 0.04
    assert history_of(yahoo, "PAYS.L").findings == ()


@pytest.mark.parametrize("attempt", ["first", "second", "third", "fourth"])
def test_an_unknown_symbol_costs_one_request_however_many_came_before(
    attempt: str, yahoo: YahooPrices, standin: YahooStandIn
) -> None:
    ticker = f"UNKNOWN-{len(attempt)}.NS"
    assert error_of(yahoo, ticker).kind is PriceErrorKind.UNKNOWN_TICKER
    assert standin.requests[ticker] == 1


def test_cookies_are_renewed_once_when_yahoo_wants_to_know_who_asks(make_yahoo: Maker, standin: YahooStandIn) -> None:
    yahoo, session = make_yahoo()
    history_of(yahoo, "REFUSEDONCE.NS")
    assert session.request_count <= 9
    error_of(yahoo, "REFUSED1.NS")
    before = session.request_count
    error_of(yahoo, "REFUSED2.NS")
    assert standin.requests["REFUSED2.NS"] == 2  # a canary was answered in between
    assert session.request_count - before <= 7


def test_an_outage_ends_when_yahoo_is_back(make_yahoo: Maker, standin: YahooStandIn) -> None:
    clock = SimulatedClock()
    yahoo, _ = make_yahoo(pacer=ProcessPacer(UNLIMITED, now=clock.now, sleep=clock.sleep))
    standin.go_down(60)
    assert error_of(yahoo, "TCS.NS").kind is PriceErrorKind.UNAVAILABLE
    assert error_of(yahoo, "TCS.NS").kind is PriceErrorKind.RATE_LIMITED
    standin.come_back()
    clock.sleep(5)
    history_of(yahoo, "TCS.NS")


def test_one_tickers_failure_leaves_the_others_their_bars(yahoo: YahooPrices) -> None:
    answers = yahoo.fetch_daily(["LEFT.NS", "HTML.NS", "RIGHT.NS"], SINCE)
    assert [type(answer) for answer in answers.values()] == [History, PriceError, History]


def test_after_a_rate_limit_the_rest_of_the_batch_is_not_asked_for(yahoo: YahooPrices, standin: YahooStandIn) -> None:
    waiting = yahoo.fetch_daily(["LIMITED.NS", "WAITING.NS"], SINCE)["WAITING.NS"]
    assert isinstance(waiting, PriceError)
    assert waiting.kind is PriceErrorKind.RATE_LIMITED
    assert standin.requests == {"LIMITED.NS": 1}


def test_a_rate_limit_stops_all_requests_until_the_pacer_lets_one_through(
    make_yahoo: Maker, standin: YahooStandIn
) -> None:
    pacer = ProcessPacer(UNLIMITED)
    one, other = make_yahoo(pacer=pacer)[0], make_yahoo(pacer=pacer)[0]
    standin.limit(60)
    assert error_of(one, "TCS.NS").kind is PriceErrorKind.RATE_LIMITED
    assert "no request is sent before" in error_of(other, "INFY.NS").message
    assert "INFY.NS" not in standin.requests
    assert FIRST_PAUSE.total_seconds() == 60


class RecordingPacer:
    """Waits a little before each request, and remembers what it was told."""

    is_probing = is_probing_oddity = False

    def __init__(self, wait: float = 0.0) -> None:
        self.told: list[str] = []
        self.wait = wait

    def before_request(self, longest: float = math.inf) -> None:
        self.told.append("may I?")
        time.sleep(self.wait)

    def record_limit(self, retry_after: timedelta | None = None) -> None:
        self.told.append(f"limited for {retry_after}" if retry_after else "limited")

    def record_silence(self, retry_after: timedelta | None = None) -> None:
        self.told.append(f"unanswered for {retry_after}" if retry_after else "unanswered")

    def record_oddity(self) -> None:
        self.told.append("not understood")

    def record_success(self) -> None:
        self.told.append("answered")


def test_the_pacer_permits_each_request_and_records_its_outcome(make_yahoo: Maker, standin: YahooStandIn) -> None:
    pacer = RecordingPacer()
    make_yahoo(pacer=pacer)[0].fetch_daily(["TCS.NS", "UNKNOWN.NS", "RESET.NS", "BROKEN.NS", "LIMITED.NS"], SINCE)
    assert pacer.told[:2] == ["may I?"] * 2  # for cookie and crumb
    sound, unknown, limited = ["may I?", "answered"], ["may I?", "answered"], ["may I?", "limited"]
    broken = ["may I?", *sound]  # a canary is answered, and vouches for the next
    assert pacer.told[2:] == [*sound, *unknown, *broken, "may I?", *limited]
    assert standin.others.total() == 2


@pytest.mark.parametrize("name", ["HTML", "DOWN", "NOTHING", "FORBIDDEN"])
def test_an_answer_that_is_no_data_counts_as_none(name: str, make_yahoo: Maker, standin: YahooStandIn) -> None:
    """Or a maintenance page would be asked for again and again, five times for each stock of a job."""
    pacer = RecordingPacer()
    standin.everything = BEHAVIOURS[name]
    make_yahoo(pacer=pacer)[0].fetch_daily(["TCS.NS"], SINCE)
    assert pacer.told[-2:] == ["unanswered"] * 2  # the stock and a canary


def test_rows_without_prices_are_counted(yahoo: YahooPrices) -> None:
    checked = check_bars(history_of(yahoo, "HOLES.NS").bars, instrument=instrument_of("HOLES.NS"), now=AT_THE_END)
    (finding,) = checked.findings
    assert finding.message == "3 rows without prices left out, the last on 2026-04-17."


def test_the_pacers_time_is_not_the_tickers(make_yahoo: Maker) -> None:
    pacer = RecordingPacer()
    yahoo, _ = make_yahoo(pacer=pacer, seconds=1.0)
    history_of(yahoo, "TCS.NS")  # so that nothing is done for the first time
    pacer.wait = 1.2
    history_of(yahoo, "TCS.NS")


def test_the_turns_of_cookies_are_in_the_tickers_time(make_yahoo: Maker, standin: YahooStandIn) -> None:
    """A lease has room for the turns of a stock and of its canary, and for no others."""
    yahoo, _ = make_yahoo(pacer=RecordingPacer(wait=0.4), seconds=0.3)
    started = time.monotonic()
    assert error_of(yahoo, "TCS.NS").kind is PriceErrorKind.TIMEOUT
    assert time.monotonic() - started < 0.8
    assert not standin.requests


def test_all_requests_for_a_ticker_together_are_bounded(make_yahoo: Maker) -> None:
    yahoo, _ = make_yahoo(timeout=10.0, seconds=0.4)
    started = time.monotonic()
    assert error_of(yahoo, "SLOW.NS").kind is PriceErrorKind.TIMEOUT
    assert time.monotonic() - started < 0.9


def test_an_answer_that_unpacks_to_half_a_gigabyte_is_dropped_at_the_limit(yahoo: YahooPrices) -> None:
    history_of(yahoo, "TCS.NS")  # so that nothing is loaded for the first time
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    error = error_of(yahoo, "BOMB.NS")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert error.message == "Yahoo did not answer for BOMB.NS: the answer is larger than 32 MB."
    assert grown < 200_000  # in KB; the whole answer would be 524,288
    history_of(yahoo, "INFY.NS")


@pytest.mark.parametrize("ticker", ["INE467B01029", "TWO WORDS", "../X", ""])
def test_what_cannot_be_a_symbol_is_not_asked_for(ticker: str, yahoo: YahooPrices, standin: YahooStandIn) -> None:
    assert error_of(yahoo, ticker).kind is PriceErrorKind.UNKNOWN_TICKER
    assert not standin.requests
