"""Yahoo's answers: limits in all their forms, crumbs, and doubtful answers, which a canary resolves."""

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from unittest.mock import ANY

import pytest
from curl_cffi.const import CurlOpt

from analysis.prices.pace import PaceMode, PauseReason
from analysis.prices.pacer import ProcessPacer
from analysis.prices.port import History, PriceError, PriceErrorKind
from analysis.prices.yahoo import YahooPrices
from analysis.prices.yahoo_answers import AnswerKind, is_crumb, read_chart_answer, read_cookie_answer, read_retry_after
from analysis.prices.yahoo_canary import CANARIES, MAX_DOUBTFUL, Canary
from analysis.prices.yahoo_session import MAX_REDIRECTS, YahooSession
from analysis.tests.test_prices_yahoo import DOUBTFUL
from tests.simulated_clock import SimulatedClock
from tests.yahoo_standin.behaviours import BEHAVIOURS, CRUMBS, Behaviour, Fault, Reply, as_json, changed, once
from tests.yahoo_standin.server import CHART, YahooStandIn, running

SINCE = date(2026, 1, 1)
NOW = datetime(2026, 4, 24, 12, tzinfo=UTC)
NOT_UNDERSTOOD = "Yahoo answers in a way this version does not understand."


@pytest.fixture
def standin(new_yfinance: None) -> Iterator[YahooStandIn]:
    with running() as server:
        yield server


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def pacer(clock: SimulatedClock) -> ProcessPacer:
    """A pacer whose pauses end when the test says so."""
    return ProcessPacer(math.inf, now=clock.now, sleep=clock.sleep)


@pytest.fixture
def yahoo(standin: YahooStandIn, pacer: ProcessPacer, tmp_path_factory: pytest.TempPathFactory) -> YahooPrices:
    session = YahooSession(standin.address, pacer=pacer)
    return YahooPrices(tmp_path_factory.getbasetemp() / "yahoo-cache", session)


def session_of(yahoo: YahooPrices) -> YahooSession:
    return yahoo._session


def fetch(yahoo: YahooPrices, *tickers: str) -> list[History | PriceErrorKind]:
    answers = yahoo.fetch_daily(tickers, SINCE)
    return [answer.kind if isinstance(answer, PriceError) else answer for answer in answers.values()]


def error_of(yahoo: YahooPrices, ticker: str) -> PriceError:
    (answer,) = yahoo.fetch_daily([ticker], SINCE).values()
    assert isinstance(answer, PriceError), answer
    return answer


def pause_of(pacer: ProcessPacer, clock: SimulatedClock) -> float:
    assert pacer.pace.mode is PaceMode.PAUSED
    assert pacer.pace.until
    return (pacer.pace.until - clock.now()).total_seconds()


# Doubtful answers and the canary


@pytest.mark.parametrize("name", DOUBTFUL)
def test_one_ticker_with_a_doubtful_answer_fails_alone_at_the_cost_of_one_canary(
    name: str, yahoo: YahooPrices, standin: YahooStandIn, pacer: ProcessPacer
) -> None:
    left, kind, right = fetch(yahoo, "LEFT.NS", f"{name}.NS", "RIGHT.NS")
    assert isinstance(left, History)
    assert kind is DOUBTFUL[name]
    assert isinstance(right, History)
    assert standin.requests[f"{name}.NS"] == 1
    assert standin.requests.total() == 4
    assert sum(standin.requests[canary] for canary in CANARIES) == 1
    assert pacer.pace.mode is PaceMode.OPEN


@pytest.mark.parametrize("name", DOUBTFUL)
def test_an_interface_that_has_changed_fails_no_ticker_for_good_and_pauses_everybody(
    name: str, yahoo: YahooPrices, standin: YahooStandIn, pacer: ProcessPacer, clock: SimulatedClock
) -> None:
    standin.everything = BEHAVIOURS[name]
    answers = list(yahoo.fetch_daily(["A.NS", "B.NS", "C.NS"], SINCE).values())
    first, *others = answers
    assert isinstance(first, PriceError)
    assert (first.kind, first.permanent, first.message) == (PriceErrorKind.UNAVAILABLE, False, NOT_UNDERSTOOD)
    assert [answer.kind for answer in others if isinstance(answer, PriceError)] == [PriceErrorKind.RATE_LIMITED] * 2
    assert str(others[0]).startswith(f"{NOT_UNDERSTOOD[:-1]}: no request is sent before ")
    assert standin.requests.total() == 2
    assert pacer.pace.reason is PauseReason.NOT_UNDERSTOOD
    assert pause_of(pacer, clock) == 60


def test_pauses_double_to_half_an_hour_while_no_answer_is_understood_and_a_sound_one_ends_them(
    yahoo: YahooPrices, standin: YahooStandIn, pacer: ProcessPacer, clock: SimulatedClock
) -> None:
    standin.everything = BEHAVIOURS["OTHERSHAPE"]
    pauses = []
    for number in range(7):
        assert error_of(yahoo, f"T{number}.NS").message == NOT_UNDERSTOOD
        pauses.append(pause_of(pacer, clock) / 60)
        clock.sleep(pauses[-1] * 60)
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    standin.everything = None
    (answer,) = fetch(yahoo, "T8.NS")
    assert isinstance(answer, History)
    assert (pacer.pace.mode, pacer.pace.strikes) == (PaceMode.OPEN, 0)


def test_a_ticker_that_probes_and_is_doubtful_itself_does_not_lengthen_the_pause(
    yahoo: YahooPrices, standin: YahooStandIn, pacer: ProcessPacer, clock: SimulatedClock
) -> None:
    standin.everything = BEHAVIOURS["NULL"]
    error_of(yahoo, "A.NS")
    standin.everything = None
    clock.sleep(60)
    assert error_of(yahoo, "NOPERIOD.NS").kind is PriceErrorKind.NO_DATA
    assert pacer.pace.mode is PaceMode.OPEN


def test_a_canary_from_before_a_pause_does_not_end_it(
    yahoo: YahooPrices, standin: YahooStandIn, pacer: ProcessPacer, clock: SimulatedClock
) -> None:
    """Another process may have found meanwhile that no answer is understood."""
    assert error_of(yahoo, "NULL.NS").kind is PriceErrorKind.BAD_DATA
    assert sum(standin.requests[canary] for canary in CANARIES) == 1
    pacer.record_oddity()
    clock.sleep(60)
    assert error_of(yahoo, "NULL.NS").kind is PriceErrorKind.BAD_DATA
    assert sum(standin.requests[canary] for canary in CANARIES) == 2
    assert pacer.pace.mode is PaceMode.OPEN


def test_pauses_double_too_while_yahoo_knows_no_ticker_at_all(
    yahoo: YahooPrices, standin: YahooStandIn, pacer: ProcessPacer, clock: SimulatedClock
) -> None:
    standin.everything = BEHAVIOURS["UNKNOWN"]
    fetch(yahoo, *(f"T{number}.NS" for number in range(7)))
    assert pause_of(pacer, clock) == 60
    for seconds in (120, 240, 480):
        clock.sleep(pause_of(pacer, clock))
        assert error_of(yahoo, "PROBE.NS").kind is PriceErrorKind.UNAVAILABLE
        assert pause_of(pacer, clock) == seconds
    standin.everything = None
    clock.sleep(480)
    assert error_of(yahoo, "UNKNOWN.NS").kind is PriceErrorKind.UNKNOWN_TICKER  # a canary has prices again
    assert pacer.pace.mode is PaceMode.OPEN


def test_another_process_that_probes_a_yahoo_without_any_ticker_pauses_again_at_once(
    standin: YahooStandIn, pacer: ProcessPacer, clock: SimulatedClock, tmp_path_factory: pytest.TempPathFactory
) -> None:
    standin.everything = BEHAVIOURS["UNKNOWN"]
    pacer.record_oddity()
    clock.sleep(60)
    session = YahooSession(standin.address, pacer=pacer)
    yahoo = YahooPrices(tmp_path_factory.getbasetemp() / "yahoo-cache", session)
    assert fetch(yahoo, "A.NS") == [PriceErrorKind.UNAVAILABLE]
    assert pause_of(pacer, clock) == 120


def test_a_canary_that_was_sound_counts_for_a_minute_or_two_more_doubtful_answers(
    yahoo: YahooPrices, standin: YahooStandIn
) -> None:
    def canaries() -> int:
        return sum(standin.requests[canary] for canary in CANARIES)

    doubtful = [f"NULL{number}.NS" for number in range(6)]
    fetch(yahoo, *doubtful[:3])
    assert canaries() == 1
    fetch(yahoo, doubtful[3])
    assert canaries() == 2
    fetch(yahoo, doubtful[4], "SOUND.NS", doubtful[5], "SOUND2.NS", "NULL7.NS", "SOUND3.NS", "NULL8.NS")
    assert canaries() == 2


def test_canaries_take_turns_and_none_is_the_ticker_itself() -> None:
    canary = Canary()
    assert [canary.choose("TCS.NS") for _ in range(5)] == [*CANARIES, CANARIES[0]]
    assert canary.choose(CANARIES[1]) == CANARIES[2]


def test_a_canary_counts_no_longer_than_a_minute() -> None:
    clock = SimulatedClock()
    canary = Canary(now=lambda: clock.seconds)
    assert not canary.vouches()
    canary.record_sound_canary()
    clock.sleep(59)
    assert canary.vouches()
    for _ in range(MAX_DOUBTFUL):
        canary.count_doubtful_answer()
    assert not canary.vouches()
    canary.record_sound_answer()
    assert canary.vouches()
    clock.sleep(1)
    assert not canary.vouches()


@pytest.mark.parametrize("behaviour", ["UNKNOWN", "LIMITED", "HTML", "RESET"])
def test_a_canary_without_prices_fails_no_ticker_for_good(
    behaviour: str, yahoo: YahooPrices, standin: YahooStandIn, pacer: ProcessPacer, clock: SimulatedClock
) -> None:
    for canary in CANARIES[:1]:
        standin.behaviours[canary] = BEHAVIOURS[behaviour]
    error = error_of(yahoo, "NULL.NS")
    assert (error.kind, error.permanent) == (PriceErrorKind.UNAVAILABLE, False)
    assert "NULL.NS" in error.message or behaviour == "LIMITED"
    assert ("AAPL" in error.message) == (behaviour == "UNKNOWN")
    assert (pacer.pace.mode is PaceMode.PAUSED) == (behaviour == "LIMITED")
    clock.sleep(60)
    assert error_of(yahoo, "NULL.NS").kind is PriceErrorKind.BAD_DATA
    assert standin.requests["MSFT"] == 1


def test_a_silence_says_nothing_of_prices_that_are_missing(yahoo: YahooPrices, standin: YahooStandIn) -> None:
    standin.behaviours["AAPL"] = BEHAVIOURS["UNKNOWN"]
    assert error_of(yahoo, "BROKEN.NS").message == "Yahoo did not answer for BROKEN.NS: status 500."


def test_a_canary_vouches_for_silences_too_but_not_for_three_in_a_row(
    yahoo: YahooPrices, standin: YahooStandIn, pacer: ProcessPacer
) -> None:
    def canaries() -> int:
        return sum(standin.requests[canary] for canary in CANARIES)

    assert fetch(yahoo, "BROKEN1.NS", "BROKEN2.NS") == [PriceErrorKind.UNAVAILABLE] * 2
    assert canaries() == 1
    standin.everything = BEHAVIOURS["BROKEN"]
    kinds = fetch(yahoo, *(f"T{number}.NS" for number in range(5)))
    assert PriceErrorKind.RATE_LIMITED in kinds
    assert (canaries(), pacer.pace.reason) == (2, PauseReason.SILENT)


def test_a_canary_whose_turn_is_far_off_goes_first_the_next_time(
    standin: YahooStandIn, clock: SimulatedClock, tmp_path_factory: pytest.TempPathFactory
) -> None:
    class SlowPacer(ProcessPacer):
        """As an installation's pacer: a turn that is further away than 9 s is refused."""

        def before_request(self, longest: float = math.inf) -> None:
            super().before_request(min(longest, 9.0))

    pacer = SlowPacer(0.01, now=clock.now, sleep=clock.sleep)
    yahoo = YahooPrices(tmp_path_factory.getbasetemp() / "yahoo-cache", YahooSession(standin.address, pacer=pacer))
    kinds = []
    for _ in range(8):
        kinds.append(error_of(yahoo, "NULL.NS").kind)
        clock.sleep(125)
    assert PriceErrorKind.BAD_DATA in kinds
    assert set(kinds[: kinds.index(PriceErrorKind.BAD_DATA)]) == {PriceErrorKind.RATE_LIMITED}


def test_an_answer_for_another_symbol_is_not_taken_over(yahoo: YahooPrices, standin: YahooStandIn) -> None:
    standin.behaviours["FB"] = BEHAVIOURS["OTHERSYMBOL"]
    error = error_of(yahoo, "FB")
    assert (error.kind, error.permanent) == (PriceErrorKind.BAD_DATA, False)
    assert error.message == "Yahoo answered for META when asked for FB: the answer was ignored."


def test_symbols_are_compared_in_any_case_and_a_dollars_rate_has_two(yahoo: YahooPrices, standin: YahooStandIn) -> None:
    standin.behaviours["INR=X"] = lambda asked: as_json(asked.market.chart("USDINR=X", asked.first, asked.last))
    answers = fetch(yahoo, "LOWERSYMBOL.NS", "NOSYMBOL.NS", "INR=X")
    assert [type(answer) for answer in answers] == [History] * 3


PERIOD = {"start": 1764042300, "end": 1764064800, "timezone": "IST", "gmtoffset": 19800}
PERIODS = {"pre": PERIOD, "regular": PERIOD, "post": PERIOD}
ODD_TIMES: list[object] = [345479400000, 10**18, -(10**18), 1e300, "1980-12-12", "", True, [], {}, 0, -1, None]
ODD_PERIODS: list[object] = [
    PERIODS, [], [[]], {}, "none", 7, None, {"regular": {}}, {"regular": None}, {"regular": {"start": 10**18}},
    {"regular": {**PERIOD, "end": "late"}}, {"pre": [], "regular": []}, [[PERIOD]], [[{"start": "x"}]], [PERIOD, 3],
]  # fmt: skip
ODD_TEXTS: list[object] = ["", 5, {}]
ODD_METADATA: dict[str, list[object]] = {
    **dict.fromkeys(("firstTradeDate", "regularMarketTime", "gmtoffset"), ODD_TIMES),
    **dict.fromkeys(("currentTradingPeriod", "tradingPeriods"), ODD_PERIODS),
    **dict.fromkeys(("currency", "instrumentType", "longName", "exchangeName"), ODD_TEXTS),
    "validRanges": [None, [], "1d", 5],
    "priceHint": [None, "2", 10**18, []],
}


def _remove(meta: dict[str, object], names: tuple[str, ...]) -> None:
    for name in names:
        del meta[name]


def test_odd_metadata_cost_no_prices(yahoo: YahooPrices, standin: YahooStandIn) -> None:
    lost = []
    for name, value in ((name, value) for name, values in ODD_METADATA.items() for value in values):
        standin.behaviours["A.NS"] = changed(lambda result: result["meta"].update({name: value}))  # noqa: B023
        (answer,) = yahoo.fetch_daily(["A.NS"], SINCE).values()
        lost += [] if isinstance(answer, History) else [(name, value, str(answer))]
    assert lost == []


def test_missing_ranges_and_times_cost_no_prices_and_a_usual_first_trade_is_read(
    yahoo: YahooPrices, standin: YahooStandIn
) -> None:
    (usual,) = fetch(yahoo, "A.NS")
    assert isinstance(usual, History)
    assert usual.metadata.first_trade_date == date(2015, 1, 1)
    unread = ("validRanges", "regularMarketTime", "gmtoffset", "timezone")
    standin.behaviours["A.NS"] = changed(lambda result: _remove(result["meta"], unread))
    (answer,) = fetch(yahoo, "A.NS")
    assert isinstance(answer, History)
    assert answer.metadata == usual.metadata
    standin.behaviours["A.NS"] = changed(lambda result: result["meta"].update(firstTradeDate=345479400000))
    (answer,) = fetch(yahoo, "A.NS")
    assert isinstance(answer, History)
    assert answer.metadata.first_trade_date is None


# Limits


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("LIMITED", 60), ("NINES", 60), ("LIMITEDTEXT", 60), ("LIMITEDBODY", 60), ("LIMITEDFINANCE", 60),
        ("LIMITEDCODE", 60), ("LIMITEDRATE", 60), ("LIMITEDPAGE", 60),
        ("RETRYAFTER", 120), ("RETRYDATE", 120), ("RETRYNONSENSE", 60), ("BUSY", 120), ("FORBIDDENFOR", 120),
        ("BROKENFOR", 120),
    ],
)  # fmt: skip
def test_a_limit_in_any_form_pauses_everybody_for_as_long_as_it_says(
    name: str, seconds: float, yahoo: YahooPrices, standin: YahooStandIn, pacer: ProcessPacer, clock: SimulatedClock
) -> None:
    fetch(yahoo, f"{name}.NS")
    assert pause_of(pacer, clock) == pytest.approx(seconds, abs=1)
    assert pacer.pace.reason is (PauseReason.SILENT if name == "BROKENFOR" else PauseReason.LIMITED)
    assert fetch(yahoo, "OTHER.NS") == [PriceErrorKind.RATE_LIMITED]
    assert standin.requests == {f"{name}.NS": 1}


def test_a_server_that_gave_up_waiting_is_a_silence_and_concerns_no_ticker(
    yahoo: YahooPrices, standin: YahooStandIn, pacer: ProcessPacer
) -> None:
    assert fetch(yahoo, "TOOSLOW.NS", "A.NS") == [PriceErrorKind.UNAVAILABLE, ANY]  # a canary is answered
    assert pacer.pace.mode is PaceMode.OPEN
    standin.everything = BEHAVIOURS["TOOSLOW"]
    assert fetch(yahoo, "A.NS", "B.NS", "C.NS") == [PriceErrorKind.UNAVAILABLE] * 3
    assert (pacer.pace.mode, pacer.pace.reason) == (PaceMode.PAUSED, PauseReason.SILENT)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120), (" 7 ", 7), ("0", None), ("-5", None), ("1.5", 1), ("soon", None), ("", None), ("٣", None),
        ("99999999999", 1_000_000_000), ("999999999", 999_999_999), ("Fri, 24 Apr 2026 12:01:30 GMT", 90),
        ("Fri, 24 Apr 2026 11:59:00 GMT", None), ("Fri, 32 Apr 2026 12:00:00 GMT", None), ("24 Apr 2026 12:00:30", 30),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date_and_nonsense_is_ignored(value: str, seconds: int | None) -> None:
    expected = seconds and timedelta(seconds=seconds)
    assert read_retry_after({"Retry-After": value}, NOW) == expected


@pytest.mark.parametrize(
    ("words", "is_limit"),
    [
        ("Too Many Requests", True), ("too_many_requests", True), ("Rate limit exceeded", True), ("RATE-LIMITED", True),
        ("You are being rate limited.", True), ("Corporate Limited", False), ("generateLimits()", False),
        ("moderate limits", False), ("rate limitation", False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", [200, 404, 502])
def test_only_words_about_requests_are_a_limit(words: str, is_limit: bool, status: int) -> None:
    answer = read_chart_answer(status, {}, f"<html>{words}</html>".encode(), NOW)
    assert (answer.kind is AnswerKind.LIMITED) == is_limit


@pytest.mark.parametrize("words", ["Too Many Requests", "What a rate limit is"])
def test_a_page_that_gives_cookies_is_no_limit_whatever_it_is_about(
    words: str, yahoo: YahooPrices, standin: YahooStandIn, pacer: ProcessPacer
) -> None:
    standin.pages["/"] = Reply(200, f"<html>{words}</html>".encode())
    (answer,) = fetch(yahoo, "A.NS")
    assert isinstance(answer, History)
    assert pacer.pace.mode is PaceMode.OPEN
    assert read_cookie_answer(403, {}, words.encode(), NOW, is_page=True).kind is AnswerKind.LIMITED


@pytest.mark.parametrize("content", [b"[" * 100_000, b"\xff\xfe", b"nul", b"\x1f\x8b\x08"])
def test_content_that_is_no_json_is_a_silence(content: bytes) -> None:
    assert read_chart_answer(200, {}, content, NOW).kind is AnswerKind.SILENT


def test_a_company_whose_name_is_a_limit_has_prices(yahoo: YahooPrices, standin: YahooStandIn) -> None:
    def named(asked: object) -> object:
        reply = BEHAVIOURS["NOSYMBOL"](asked)  # type: ignore[arg-type]
        return type(reply)(200, reply.body.replace(b"of the stand-in", b"Too Many Requests Inc"))  # type: ignore[union-attr, call-arg]

    standin.behaviours["TMR"] = named  # type: ignore[assignment]
    (answer,) = fetch(yahoo, "TMR")
    assert isinstance(answer, History)


# Redirects


def test_redirects_without_end_are_a_doubtful_answer_and_each_is_counted(
    yahoo: YahooPrices, standin: YahooStandIn, pacer: ProcessPacer
) -> None:
    error = error_of(yahoo, "LOOP.NS")
    assert (error.kind, error.permanent) == (PriceErrorKind.BAD_DATA, False)
    assert standin.requests["LOOP.NS"] == MAX_REDIRECTS + 1
    assert sum(standin.requests[canary] for canary in CANARIES) == 1
    assert session_of(yahoo).request_count == standin.requests.total() + standin.others.total()
    assert (pacer.pace.mode, pacer.pace.unanswered) == (PaceMode.OPEN, 0)


def test_a_redirect_to_the_prices_is_counted(yahoo: YahooPrices, standin: YahooStandIn) -> None:
    standin.behaviours["A.NS"] = once(
        lambda _: Reply(302, b"", {"Location": f"{CHART}A.NS?period2={NOW.timestamp():.0f}"})
    )
    (answer,) = fetch(yahoo, "A.NS")
    assert isinstance(answer, History)
    session = session_of(yahoo)
    assert session.request_count == standin.requests.total() + standin.others.total()


def test_a_yahoo_that_redirects_everything_without_end_pauses_everybody(
    yahoo: YahooPrices, standin: YahooStandIn, pacer: ProcessPacer
) -> None:
    standin.everything = BEHAVIOURS["LOOP"]
    assert error_of(yahoo, "A.NS").message == NOT_UNDERSTOOD
    assert pacer.pace.reason is PauseReason.NOT_UNDERSTOOD


# Consent to cookies

FORM = b'<form action="/agree" method="post"><input name="sessionId" value="1"></form>'
CONSENT_HOST = "consent.yahoo.com"


@pytest.fixture
def consent(yahoo: YahooPrices, standin: YahooStandIn) -> Behaviour:
    """An answer that leads to a page which asks for consent, on a host that is the stand-in in this session."""
    port = standin.server_address[1]
    session_of(yahoo).curl_options = {CurlOpt.RESOLVE: [f"{CONSENT_HOST}:{port}:127.0.0.1"]}
    standin.pages["/consent"] = Reply(200, FORM)
    return lambda _: Reply(302, b"", {"Location": f"http://{CONSENT_HOST}:{port}/consent"})


def test_a_page_that_asks_for_consent_is_no_silence_and_prices_follow(
    yahoo: YahooPrices, standin: YahooStandIn, pacer: ProcessPacer, consent: Behaviour
) -> None:
    for number in range(4):
        standin.pages["/agree"] = Reply(303, b"", {"Location": f"{CHART}T{number}.NS?period2={NOW.timestamp():.0f}"})
        standin.behaviours[f"T{number}.NS"] = once(consent)
        (answer,) = fetch(yahoo, f"T{number}.NS")
        assert isinstance(answer, History)
        assert (pacer.pace.mode, pacer.pace.unanswered) == (PaceMode.OPEN, 0)
    assert standin.others["/agree"] == 4
    assert session_of(yahoo).request_count == standin.requests.total() + standin.others.total()


def test_consent_that_does_not_help_is_a_silence_in_the_end(
    yahoo: YahooPrices, standin: YahooStandIn, pacer: ProcessPacer, consent: Behaviour
) -> None:
    standin.everything = consent
    kinds = fetch(yahoo, *(f"T{number}.NS" for number in range(5)))
    assert kinds == [PriceErrorKind.UNAVAILABLE] * 2 + [PriceErrorKind.RATE_LIMITED] * 3
    assert (pacer.pace.mode, pacer.pace.reason) == (PaceMode.PAUSED, PauseReason.SILENT)


# Crumbs, cookies and waste


@pytest.mark.parametrize(
    "crumb", [name for name in CRUMBS if name not in {"CRUMB", "LIMITED", "LIMITEDTEXT", "RETRYAFTER"}]
)
def test_the_text_of_a_refused_crumb_is_never_sent(crumb: str, yahoo: YahooPrices, standin: YahooStandIn) -> None:
    standin.crumb = CRUMBS[crumb]
    answers = fetch(yahoo, "A.NS", "B.NS", "REFUSEDONCE.NS", "C.NS")
    assert [type(answer) for answer in answers] == [History] * 4
    assert standin.crumbs == set()
    assert standin.others["/v1/test/getcrumb"] <= 2  # again when Yahoo asked for authentication


@pytest.mark.parametrize(("crumb", "seconds"), [("LIMITED", 60), ("LIMITEDTEXT", 60), ("RETRYAFTER", 120)])
def test_a_crumb_that_is_limited_pauses_everybody_and_prices_then_come_without_one(
    crumb: str, seconds: int, yahoo: YahooPrices, standin: YahooStandIn, pacer: ProcessPacer, clock: SimulatedClock
) -> None:
    standin.crumb = CRUMBS[crumb]
    assert fetch(yahoo, "A.NS", "B.NS") == [PriceErrorKind.RATE_LIMITED] * 2
    assert pause_of(pacer, clock) == seconds
    assert not standin.requests
    clock.sleep(seconds)
    answers = fetch(yahoo, "A.NS", "B.NS")
    assert [type(answer) for answer in answers] == [History] * 2
    assert standin.crumbs == set()
    assert standin.others["/v1/test/getcrumb"] == 1


def test_a_crumb_that_is_given_is_sent(yahoo: YahooPrices, standin: YahooStandIn) -> None:
    fetch(yahoo, "A.NS")
    assert standin.crumbs == {"a-crumb"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a-crumb", True), ("qT8.x/9aB1", True), ("", False), ("two words", False), ("<html>", False), ("x" * 33, False)],
)
def test_a_crumb_is_one_short_word(text: str, expected: bool) -> None:
    assert is_crumb(text) is expected


def test_cookies_and_crumbs_keep_the_pace(standin: YahooStandIn, tmp_path_factory: pytest.TempPathFactory) -> None:
    session = YahooSession(standin.address, pacer=ProcessPacer(5.0))
    yahoo = YahooPrices(tmp_path_factory.getbasetemp() / "yahoo-cache", session)
    fetch(yahoo, "REFUSED.NS", "A.NS")
    assert len(standin.times) == session.request_count >= 6
    assert standin.times[-1] - standin.times[0] >= 0.2 * (len(standin.times) - 1) - 0.15  # the first connects


def test_cookies_whose_server_is_down_are_requested_once_and_again_when_authentication_is_asked_for(
    yahoo: YahooPrices, standin: YahooStandIn
) -> None:
    standin.pages["/"] = standin.crumb = Fault.RESET
    requests = []
    for ticker in ("A.NS", "B.NS", "C.NS", "REFUSEDONCE.NS", "D.NS"):
        (answer,) = fetch(yahoo, ticker)
        assert isinstance(answer, History)
        requests.append(standin.others.total())
    first, renewed = requests[0], requests[3]
    assert 0 < first < renewed
    assert requests == [first, first, first, renewed, renewed]


def test_requests_that_brought_no_wanted_prices_are_counted(yahoo: YahooPrices, standin: YahooStandIn) -> None:
    fetch(yahoo, "A.NS", "UNKNOWN.NS", "NULL.NS", "B.NS")
    session = session_of(yahoo)
    assert (session.request_count, session.data_count) == (standin.requests.total() + standin.others.total(), 2)
    assert session.wasted_count == 5  # cookie, crumb, an unknown symbol, a doubtful one and its canary


@pytest.mark.parametrize("name", ["UNPROCESSABLE", "BADREQUEST", "NOPERIOD"])
def test_a_request_that_yahoo_calls_wrong_is_not_repeated(
    name: str, yahoo: YahooPrices, standin: YahooStandIn, tmp_path: Path
) -> None:
    error = error_of(yahoo, f"{name}.NS")
    assert error.kind not in {PriceErrorKind.UNAVAILABLE, PriceErrorKind.RATE_LIMITED, PriceErrorKind.TIMEOUT}
    assert standin.requests[f"{name}.NS"] == 1
