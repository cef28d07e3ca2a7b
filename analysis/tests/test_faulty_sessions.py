"""Faulty sessions: what most stocks have wrongly is found, told once, requested again and not voted on."""

import logging
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import time_machine
from django.test import Client
from pytest_django import Settings

from analysis.calendars.learn import FAULTS_WITHIN, learn_days
from analysis.calendars.notice import fault_notice
from analysis.engine.assess import assess
from analysis.engine.assessment import Assessment, NotEnoughHistory
from analysis.engine.bars import Bars
from analysis.engine.rating import rate
from analysis.engine.series import SeriesCache
from analysis.engine.strategies import TREND
from analysis.histories import row_of
from analysis.models import FaultySession, Job, PriceHistory, RawData, Result, Stock
from analysis.prices.exchanges import Exchange, exchange_named
from analysis.prices.faulty_sessions import FaultCounts, FaultKind, SessionFault, find_doubtful
from analysis.prices.instruments import exchange_of, instrument_of
from analysis.prices.port import History
from analysis.prices.quality import check_bars
from analysis.prices.source_order import SourceOrder
from analysis.prices.trading_calendar import library_calendar_of
from analysis.tests.engine_bars import flat_bars, joined, random_bars
from analysis.tests.make import make_finished_job, make_special_day, make_stock, make_user
from tests.yahoo_standin.server import YahooStandIn

INDIA = ZoneInfo("Asia/Kolkata")
NSE = exchange_of("TCS.NS")
DAYS: list[date] = [day for day in library_calendar_of(NSE).sessions.astype(object) if date(2026, 1, 1) <= day]
TICKERS = [f"FS{number}.NS" for number in range(24)]
FLAT, NEXT, LATER = DAYS[60:63]
FAULT = SessionFault("yahoo", "NSE", FLAT, FaultKind.FLAT, 30, 30)


def evening(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 20, tzinfo=INDIA)


def bars_of(days: list[date], seed: int) -> Bars:
    """Traded bars of these days."""
    made = random_bars(len(days), seed)
    return Bars(np.array(days, dtype="datetime64[D]"), made.open, made.high, made.low, made.close, made.volume)


def flattened(bars: Bars, day: date) -> Bars:
    row = int(np.searchsorted(bars.session, np.datetime64(day)))
    columns = [bars.open.copy(), bars.high.copy(), bars.low.copy(), bars.close.copy(), bars.volume.copy()]
    for column in columns[:4]:
        column[row] = bars.close[row - 1]
    columns[4][row] = 0.0
    return Bars(bars.session, *columns)


def thinned(bars: Bars, day: date, share: float) -> Bars:
    volume = bars.volume.copy()
    volume[bars.session == np.datetime64(day)] *= share
    return Bars(bars.session, bars.open, bars.high, bars.low, bars.close, volume)


def without(bars: Bars, day: date) -> Bars:
    return bars.select(bars.session != np.datetime64(day))


def found(stocks: list[Bars], exchange: Exchange = NSE, known: FaultKind | None = None) -> dict[date, FaultKind]:
    """The faulty sessions of some stocks; `known` is the fault that FLAT had the night before."""
    counts = FaultCounts()
    for bars in stocks:
        counts.add(bars)
    faults = counts.find_faulty_sessions(
        "yahoo",
        exchange,
        library_calendar_of(exchange),
        since=date(2020, 1, 1),
        known={FLAT: known} if known else {},
    )
    return {fault.day: fault.kind for fault in faults}


def evenly(bars: Bars) -> Bars:
    """The bars with the same volume on all days, so that none is short of it."""
    return replace(bars, volume=np.full(len(bars), 1000.0))


def spoilt(bars: Bars, kind: FaultKind) -> Bars:
    """The bars with a fault on FLAT."""
    if kind is FaultKind.FLAT:
        return flattened(bars, FLAT)
    return without(bars, FLAT) if kind is FaultKind.ABSENT else thinned(bars, FLAT, 0.1)


MANY = [bars_of(DAYS[:120], seed) for seed in range(30)]


def test_nothing_is_wrong_with_ordinary_sessions() -> None:
    assert found(MANY) == {}


@pytest.mark.parametrize("stocks", [19, 30])
def test_a_session_that_is_flat_for_most_stocks_is_found(stocks: int) -> None:
    wrong = [flattened(bars, FLAT) for bars in MANY[:stocks]]
    assert found([*wrong, *MANY[stocks:]]) == {FLAT: FaultKind.FLAT}


@pytest.mark.parametrize("stocks", [15, 17])
def test_a_session_that_is_flat_for_half_of_them_is_not(stocks: int) -> None:
    usual = [evenly(bars) for bars in MANY]
    assert found([*(flattened(bars, FLAT) for bars in usual[:stocks]), *usual[stocks:]]) == {}


@pytest.mark.parametrize(
    ("kind", "left", "stays"),
    [
        (FaultKind.FLAT, 18, True),
        (FaultKind.FLAT, 2, True),
        (FaultKind.FLAT, 1, False),
        (FaultKind.ABSENT, 2, True),
        (FaultKind.ABSENT, 1, False),
        (FaultKind.SHORT, 11, True),
        (FaultKind.SHORT, 10, False),  # on a New Year's Day, a third of the stocks trade so little
    ],
)
def test_a_known_fault_stays_until_nearly_all_bars_are_mended(kind: FaultKind, left: int, *, stays: bool) -> None:
    usual = [evenly(bars) for bars in MANY]
    partly = [*(spoilt(bars, kind) for bars in usual[:left]), *usual[left:]]
    assert found(partly) == {}
    assert found(partly, known=kind) == ({FLAT: kind} if stays else {})


def test_one_wrong_bar_of_twenty_keeps_a_known_fault() -> None:
    usual = [evenly(bars) for bars in MANY[:20]]
    assert found([flattened(usual[0], FLAT), *usual[1:]], known=FaultKind.FLAT) == {FLAT: FaultKind.FLAT}
    assert found([flattened(bars, FLAT) for bars in usual[:9]], known=FaultKind.FLAT), "also once there are few stocks"
    assert found([], known=FaultKind.FLAT) == {}


def test_stocks_that_seldom_trade_keep_no_fault() -> None:
    idle = [evenly(bars) for bars in MANY[:6]]
    for day in DAYS[20:70]:
        idle = [flattened(bars, day) for bars in idle]
    usual = [evenly(bars) for bars in MANY[6:]]
    assert found([*idle, *usual], known=FaultKind.FLAT) == {}
    assert found([*idle, *(flattened(bars, FLAT) for bars in usual[:2]), *usual[2:]], known=FaultKind.FLAT) == {
        FLAT: FaultKind.FLAT
    }


def test_flat_bars_that_are_left_of_another_fault_are_still_wrong() -> None:
    usual = [evenly(bars) for bars in MANY]
    some_flat = [flattened(bars, FLAT) for bars in usual[:6]]
    assert found([*some_flat, *usual[6:]], known=FaultKind.MIXED) == {FLAT: FaultKind.FLAT}
    some_absent = [without(bars, FLAT) for bars in usual[6:20]]
    assert found([*some_flat, *some_absent, *usual[20:]], known=FaultKind.ABSENT) == {FLAT: FaultKind.FLAT}
    some_short = [thinned(bars, FLAT, 0.1) for bars in usual[17:20]]
    many_flat = [flattened(bars, FLAT) for bars in usual[:17]]
    assert found([*many_flat, *some_short, *usual[20:]]) == {FLAT: FaultKind.MIXED}
    assert found([*many_flat, *some_short, *usual[20:]], known=FaultKind.FLAT) == {FLAT: FaultKind.FLAT}


def test_too_few_stocks_tell_nothing() -> None:
    assert found([flattened(bars, FLAT) for bars in MANY[:19]]) == {}


def test_a_session_that_is_short_of_volume_or_absent_for_most_is_found() -> None:
    assert found([thinned(bars, FLAT, 0.1) for bars in MANY]) == {FLAT: FaultKind.SHORT}
    assert found([without(bars, FLAT) for bars in MANY]) == {FLAT: FaultKind.ABSENT}


def test_a_session_that_is_flat_for_some_and_short_for_others_is_found() -> None:
    wrong = [flattened(bars, FLAT) for bars in MANY[:12]] + [thinned(bars, FLAT, 0.1) for bars in MANY[12:24]]
    assert found([*wrong, *MANY[24:]]) == {FLAT: FaultKind.MIXED}


def test_a_stock_with_a_sound_bar_is_not_doubted() -> None:
    absent = SessionFault("yahoo", "NSE", FLAT, FaultKind.ABSENT, 20, 30)
    short = SessionFault("yahoo", "NSE", FLAT, FaultKind.SHORT, 20, 30)
    assert not find_doubtful(MANY[0], [FAULT, absent, short]).any()
    assert find_doubtful(thinned(MANY[0], FLAT, 0.1), [short]).any()
    assert not find_doubtful(thinned(MANY[0], FLAT, 0.1), [FAULT, absent]).any()


def test_a_quiet_new_years_day_is_no_fault() -> None:
    quiet = [thinned(bars, FLAT, 0.45) for bars in MANY]
    assert FLAT not in found(quiet)


def test_the_half_day_after_thanksgiving_is_short_by_right() -> None:
    exchange = exchange_named("US")
    calendar = library_calendar_of(exchange)
    days = [day for day in calendar.sessions.astype(object) if date(2026, 6, 1) <= day <= date(2026, 12, 10)]
    stocks = [thinned(bars_of(days, seed), date(2026, 11, 27), 0.2) for seed in range(30)]
    assert found(stocks, exchange) == {}
    stocks = [thinned(bars_of(days, seed), date(2026, 11, 18), 0.2) for seed in range(30)]
    assert found(stocks, exchange) == {date(2026, 11, 18): FaultKind.SHORT}


def test_a_vote_that_the_wrong_bar_would_decide_abstains_and_the_others_stay() -> None:
    bars = flattened(MANY[0], FLAT)
    doubtful = find_doubtful(bars, [FAULT])
    assert doubtful.tolist() == [day == FLAT for day in DAYS[:120]]
    plain, careful = rate(bars), rate(SeriesCache(bars, doubtful))
    without_it = rate(without(bars, FLAT))
    row = int(np.flatnonzero(doubtful)[0])
    assert (careful.unavailable[:, :row] == plain.unavailable[:, :row]).all()
    assert careful.doubted is not None
    assert careful.doubted[:, row:].any()
    for session in range(row + 1, 120):
        moved = plain.signals[:, session] != without_it.signals[:, session - 1]
        available = ~plain.unavailable[:, session] & ~without_it.unavailable[:, session - 1]
        assert careful.unavailable[moved & available, session].all()
        same = ~moved & available
        assert (careful.signals[same, session] == plain.signals[same, session]).all()
        assert not careful.unavailable[same, session].any()


def test_a_rating_with_a_wrong_bar_is_causal() -> None:
    bars = flattened(MANY[1], FLAT)
    doubtful = find_doubtful(bars, [FAULT])
    whole = rate(SeriesCache(bars, doubtful))
    for end in range(61, 120, 7):
        part = rate(SeriesCache(bars[:end], doubtful[:end]))
        np.testing.assert_array_equal(part.score, whole.score[:end])
        np.testing.assert_array_equal(part.steady, whole.steady[:end])


def test_the_evidence_says_why_a_component_abstains() -> None:
    findings = set()
    for bars in MANY:
        wrong = flattened(bars, FLAT)[:63]
        answer = assess(SeriesCache(wrong, find_doubtful(wrong, [FAULT])))
        if isinstance(answer, Assessment):
            findings |= {finding for finding in answer.findings if "wrong prices" in finding}
    assert findings
    assert all(finding.endswith("because a session with wrong prices would decide the vote.") for finding in findings)


def test_a_refusal_names_the_groups_that_lack_votes_and_their_doubted_ones() -> None:
    seen = set()
    groups = (("15 moving averages", slice(0, 15), 10), ("11 oscillators", slice(15, 26), 9))
    for bars in MANY:
        wrong = flattened(bars, FLAT)[:63]
        series = SeriesCache(wrong, find_doubtful(wrong, [FAULT]))
        answer, rating = assess(series), rate(series)
        if isinstance(answer, Assessment):
            continue
        assert rating.doubted is not None
        votes, doubted = ~rating.unavailable[:, -1], rating.doubted[:, -1]
        lacking = [(name, group, needed) for name, group, needed in groups if votes[group].sum() < needed]
        parts = [f"{votes[group].sum()} of {name} vote and {needed} are needed" for name, group, needed in lacking]
        count = sum(int(doubted[group].sum()) for _, group, _ in lacking)
        abstain = "1 component abstains" if count == 1 else f"{count} components abstain"
        assert answer.message == (
            f"too few votes: {', '.join(parts)}; {abstain} because a session with wrong prices would decide the vote"
        )
        seen.add(" and ".join(name for name, _, _ in lacking))
    assert {"11 oscillators", "15 moving averages"} <= seen


def test_a_refusal_of_a_weighted_strategy_names_the_weight_that_votes() -> None:
    messages = set()
    for bars in MANY:
        wrong = flattened(bars, FLAT)[:63]
        answer = assess(SeriesCache(wrong, find_doubtful(wrong, [FAULT])), TREND)
        if isinstance(answer, NotEnoughHistory):
            messages.add(answer.message)
    assert messages
    for message in messages:
        found = re.fullmatch(
            r"too few votes: components with (\d+)% of the weight vote and 75% is needed; "
            r"\d+ components? abstains? because a session with wrong prices would decide the vote",
            message,
        )
        assert found, message
        assert int(found[1]) < 75, message


def test_a_refusal_that_no_doubt_explains_names_what_is_missing() -> None:
    halted = joined(MANY[0][:100], flat_bars(20, volume=0.0))
    doubtful = np.zeros(len(halted), dtype=np.bool_)
    doubtful[99] = True
    answer = assess(SeriesCache(halted, doubtful))
    assert isinstance(answer, NotEnoughHistory)
    assert answer.message.startswith("not enough trading: no trades in 20 of the last 60 sessions")
    assert "of 11 oscillators vote and 9 are needed" in answer.message


@pytest.fixture
def flat_for_all(standin: YahooStandIn) -> YahooStandIn:
    """An evening whose session is flat at Yahoo for all stocks, found in the night after it."""
    with time_machine.travel(evening(FLAT), tick=False):
        for ticker in TICKERS:
            standin.market.flat[ticker].add(FLAT)
        make_finished_job(*TICKERS)
        assert learn_days().faulty == 1
    return standin


def findings_of(day: date, ticker: str = TICKERS[0]) -> dict[str, str]:
    evidence = RawData.objects.get(result__stock=ticker, result__day=day).evidence
    return {finding["code"]: finding["message"] for finding in evidence["data_quality"]}


@pytest.mark.django_db
def test_it_is_told_to_administrators_once_and_in_each_stock(flat_for_all: YahooStandIn, client: Client) -> None:
    fault = FaultySession.objects.get()
    assert (fault.day, fault.kind, fault.stocks, fault.of_stocks) == (FLAT, "flat", 24, 24)
    assert str(fault) == (
        f"Yahoo, National Stock Exchange of India: On {FLAT}, 24 of 24 stocks have one price and no volume."
    )
    with time_machine.travel(evening(NEXT), tick=False):
        assert f"On {FLAT}, 24 of 24 stocks" in fault_notice(NEXT)
        client.force_login(make_user("root", is_staff=True, is_superuser=True))
        assert f"On {FLAT}, 24 of 24 stocks" in client.get("/admin/analysis/faultysession/").text
        make_finished_job(*TICKERS)
    for ticker in TICKERS:
        assert "wrong at its source" in findings_of(NEXT, ticker)["faulty_session"]
        assert "will be requested again" in findings_of(NEXT, ticker)["faulty_session_requested"]


@pytest.mark.django_db
def test_a_change_over_a_flat_session_says_that_it_spans_two(flat_for_all: YahooStandIn, client: Client) -> None:
    for ticker in TICKERS[:20]:
        flat_for_all.market.flat[ticker].add(NEXT)
    for day in (NEXT, LATER):
        with time_machine.travel(evening(day), tick=False):
            make_finished_job(*TICKERS)
            learn_days()

    def spans(day: date) -> list[int]:
        results = Result.objects.filter(stock__in=(TICKERS[0], TICKERS[23]), day=day).order_by("stock")
        return [result.change_sessions for result in results]

    assert spans(FLAT) == [1, 1]
    assert spans(NEXT)[1] == 2, "its change is from the close before the flat session"
    assert spans(LATER) == [3, 1], "both sessions before were flat"
    shown = Result.objects.completed().filter(stock__in=TICKERS[:20], day=LATER)[0]
    client.force_login(make_user("ann"))
    assert "over 3 sessions" in client.get(f"/stocks/{shown.stock_id}/").text


@pytest.mark.parametrize(("fault", "span"), [(FaultKind.FLAT, 2), (FaultKind.SHORT, 1)])
def test_a_change_spans_two_sessions_only_where_the_bar_between_has_no_close_of_its_own(
    fault: FaultKind, span: int
) -> None:
    def spans(bars: Bars) -> list[int]:
        known = {FLAT: replace(FAULT, kind=fault)}
        checked = check_bars(bars, instrument=instrument_of("TCS.NS"), now=evening(DAYS[119]), faulty=known)
        assert len(checked.bars) == 120
        return checked.change_spans(NSE)

    assert spans(spoilt(evenly(MANY[0]), fault))[60:63] == [1, span, 1]


@pytest.mark.django_db
def test_no_plan_rests_on_a_wrong_last_session(flat_for_all: YahooStandIn) -> None:
    with time_machine.travel(evening(FLAT) + timedelta(hours=12), tick=False):
        make_finished_job(*TICKERS)
        again = Job.objects.latest("created_at").details
    told = {detail.error_message or (detail.found or {})["no_trade_reason"] for detail in again.all()}
    told -= {"Neutral: nothing to plan"}
    refused = {sentence for sentence in told if sentence.startswith("Too few votes: ")}
    assert refused
    assert told - refused == {f"no plan: the prices of {FLAT} are wrong at their source"}


@pytest.mark.django_db
def test_once_the_source_has_corrected_it_nothing_is_left_of_it(flat_for_all: YahooStandIn) -> None:
    flat_for_all.market.flat.clear()
    with time_machine.travel(evening(NEXT), tick=False):
        make_finished_job(*TICKERS)
        requests = flat_for_all.requests.total()
        assert learn_days().corrected == 1
        assert not FaultySession.objects.exists()
    with time_machine.travel(evening(LATER), tick=False):
        make_finished_job(*TICKERS)
    assert flat_for_all.requests.total() == requests + len(TICKERS)
    assert not {"faulty_session", "faulty_session_requested"} & findings_of(LATER).keys()
    bars = PriceHistory.objects.get(stock=TICKERS[0]).unpack()
    assert bars.volume[bars.session == np.datetime64(FLAT)] > 0


@pytest.mark.django_db
def test_it_is_requested_again_when_the_overlap_has_passed(flat_for_all: YahooStandIn) -> None:
    for day in DAYS[61:70]:
        with time_machine.travel(evening(day), tick=False):
            make_finished_job(*TICKERS)
    assert flat_for_all.asked[-1].first <= FLAT
    flat_for_all.market.flat.clear()
    for day in DAYS[70:74]:
        with time_machine.travel(evening(day), tick=False):
            make_finished_job(*TICKERS)
            learn_days()
    assert not FaultySession.objects.exists()


def abstaining(day: date, ticker: str) -> bool:
    """Whether components of a result abstain because of a wrong bar."""
    return "wrong prices" in str(RawData.objects.get(result__stock=ticker, result__day=day).evidence)


@pytest.mark.django_db
def test_a_fault_that_is_mended_piecemeal_stays_for_the_stocks_that_have_it(flat_for_all: YahooStandIn) -> None:
    mended, wrong, joined = TICKERS[:20], TICKERS[20:], [f"NEW{number}.NS" for number in range(4)]
    for ticker in mended:
        flat_for_all.market.flat[ticker].clear()
    for day in DAYS[61:72]:
        with time_machine.travel(evening(day), tick=False):
            make_finished_job(*TICKERS, *joined)
            learn_days()
        asked = len(flat_for_all.asked)
        codes = {"faulty_session", "faulty_session_requested"}
        for ticker in [*mended, *joined]:
            assert not codes & findings_of(day, ticker).keys(), (day, ticker)
            assert PriceHistory.objects.get(stock=ticker).missing == []
        for ticker in wrong:
            assert codes <= findings_of(day, ticker).keys(), (day, ticker)
    assert any(abstaining(DAYS[71], ticker) for ticker in wrong)
    assert not any(abstaining(DAYS[71], ticker) for ticker in mended)
    assert FaultySession.objects.get().stocks == len(wrong)
    flat_for_all.market.flat.clear()
    for day in DAYS[72:76]:
        with time_machine.travel(evening(day), tick=False):
            make_finished_job(*TICKERS, *joined)
            learn_days()
    since = {asked.first for asked in flat_for_all.asked[asked:] if asked.symbol in wrong}
    assert min(since) <= FLAT, "it was requested until it was mended"
    assert not FaultySession.objects.exists()


@pytest.mark.django_db
def test_a_special_day_may_be_short(standin: YahooStandIn) -> None:
    make_special_day("NSE", FLAT, is_session=True)
    with time_machine.travel(evening(FLAT), tick=False):
        for ticker in TICKERS:
            standin.market.flat[ticker].add(FLAT)
        make_finished_job(*TICKERS)
        assert learn_days().faulty == 0


@pytest.mark.django_db
def test_a_fault_is_of_the_first_source_of_its_exchange(settings: Settings) -> None:
    settings.PRICE_SOURCE = "csv"
    settings.PRICE_ORDER = SourceOrder(("csv",), {"NSE": ("yahoo", "csv")})
    with time_machine.travel(evening(DAYS[119]), tick=False):
        for number, bars in enumerate(MANY):
            stock = make_stock(f"FS{number}.NS", exchange="NSE")
            wrong = History(flattened(bars, FLAT), adjusted=True)
            row_of(stock.pk, "yahoo", wrong, DAYS[0], evening(DAYS[119])).save()
        FaultySession.objects.create(source="csv", exchange="NSE", day=FLAT, kind="flat", stocks=1, of_stocks=2)
        learn_days()
        assert FaultySession.objects.get().source == "yahoo"
        assert learn_days().faulty == 0
        PriceHistory.objects.all().delete()
        for number, bars in enumerate(MANY):
            sound = History(bars, adjusted=True)
            row_of(f"FS{number}.NS", "yahoo", sound, DAYS[0], evening(DAYS[119])).save()
        assert learn_days().corrected == 1
    assert not FaultySession.objects.exists()


def store(stocks: Iterable[Bars]) -> None:
    """The bars of some stocks as Yahoo's; others have none."""
    PriceHistory.objects.all().delete()
    for number, bars in enumerate(stocks):
        stock, _ = Stock.objects.get_or_create(ticker=f"FS{number}.NS", defaults={"exchange": "NSE"})
        row_of(stock.pk, "yahoo", History(bars, adjusted=True), DAYS[0], evening(DAYS[119])).save()


@pytest.mark.django_db
def test_a_fault_that_is_five_years_old_is_forgotten_and_not_corrected(
    caplog: pytest.LogCaptureFixture, settings: Settings
) -> None:
    settings.PRICE_SOURCE = "yahoo"
    usual = [evenly(bars) for bars in MANY[:20]]
    store(flattened(flattened(bars, FLAT), LATER) for bars in usual)
    with time_machine.travel(evening(DAYS[119]), tick=False), caplog.at_level(logging.WARNING):
        assert (learn_days().faulty, FaultySession.objects.count()) == (2, 2)
    assert caplog.messages == ["Sessions with wrong bars: 2 new, 0 corrected"]
    caplog.clear()
    day_after = datetime.combine(FLAT + FAULTS_WITHIN + timedelta(days=1), time(20), INDIA)
    with time_machine.travel(day_after, tick=False), caplog.at_level(logging.WARNING):
        done = learn_days()
    assert (done.corrected, FaultySession.objects.get().day) == (0, LATER)
    assert caplog.messages == []


@pytest.mark.django_db
def test_a_fault_of_an_exchange_with_few_stocks_left_goes_once_they_are_mended(settings: Settings) -> None:
    settings.PRICE_SOURCE = "yahoo"
    usual = [evenly(bars) for bars in MANY[:20]]
    with time_machine.travel(evening(DAYS[119]), tick=False):
        for left in ([flattened(usual[0], FLAT), *usual[1:5]], []):
            store(flattened(bars, FLAT) for bars in usual)
            assert learn_days().faulty == 1
            store(left)
            assert learn_days().corrected == (0 if left else 1)
            store(usual[:5])
            learn_days()
            assert not FaultySession.objects.exists()
