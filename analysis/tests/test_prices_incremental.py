"""Incremental fetching against the stand-in: few requests, and never two adjustments in one history."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.engine.bars import Bars
from analysis.prices.arrow import pack_traded, unpack_traded
from analysis.prices.csv_folder import CsvPrices
from analysis.prices.demo import DemoMarket
from analysis.prices.identity import IdentityChange, IdentityChanged, find_identity_change, find_other_prices
from analysis.prices.incremental import OVERLAP, overlap_start, refresh_histories
from analysis.prices.instruments import Instrument, exchange_of
from analysis.prices.merging import CLOSE_TOLERANCE, MergedBars, Readjustment, merge_bars
from analysis.prices.pacer import ProcessPacer
from analysis.prices.port import NOTHING_KNOWN, Finding, History, PriceError, PriceErrorKind, StockMetadata
from analysis.prices.sessions import sessions_between
from analysis.prices.yahoo import YahooPrices
from analysis.prices.yahoo_session import YahooSession
from tests.yahoo_standin.behaviours import BEHAVIOURS, Asked, Reply, as_json
from tests.yahoo_standin.server import YahooStandIn, running

FIRST = date(2025, 10, 1)
TUESDAY, WEDNESDAY, THURSDAY = (date(2026, 4, day) for day in (21, 22, 23))
TICKER = "TCS.NS"


@pytest.fixture
def standin() -> Iterator[YahooStandIn]:
    with running() as server:
        server.market.until = lambda _: TUESDAY
        yield server


@pytest.fixture
def yahoo(standin: YahooStandIn, tmp_path_factory: pytest.TempPathFactory) -> YahooPrices:
    session = YahooSession(standin.address, pacer=ProcessPacer(math.inf), timeout=1.5)
    return YahooPrices(tmp_path_factory.getbasetemp() / "yahoo-cache", session)


def evening(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 20, 0, tzinfo=UTC)


def history(yahoo: YahooPrices, stored: Bars | None, day: date, ticker: str = TICKER) -> History:
    answer = answer_of(yahoo, stored, day, ticker)
    assert isinstance(answer, History), answer
    return answer


def answer_of(yahoo: YahooPrices, stored: Bars | None, day: date, ticker: str = TICKER) -> History | PriceError:
    known = {ticker: History(stored, adjusted=True)} if stored is not None else {}
    return refresh_histories(yahoo, [ticker], known, first_day=FIRST, now=evening(day))[ticker]


def closes(bars: Bars) -> dict[date, float]:
    return dict(zip(bars.session.tolist(), bars.close.tolist(), strict=True))


def test_the_first_time_everything_is_asked_for(yahoo: YahooPrices, standin: YahooStandIn) -> None:
    bars = history(yahoo, None, TUESDAY).bars
    assert bars.session.tolist() == sessions_between(exchange_of(TICKER), FIRST, TUESDAY)
    assert [asked.first for asked in standin.asked] == [FIRST]


def test_afterwards_only_new_sessions_and_five_old_ones_are(yahoo: YahooPrices, standin: YahooStandIn) -> None:
    stored = history(yahoo, None, TUESDAY).bars
    standin.market.until = lambda _: THURSDAY
    bars = history(yahoo, stored, THURSDAY).bars
    assert bars.session.tolist() == sessions_between(exchange_of(TICKER), FIRST, THURSDAY)
    assert standin.asked[-1].first == stored.session[-OVERLAP].astype(object)
    assert standin.requests[TICKER] == 2


@pytest.mark.parametrize("change", ["split", "dividend"])
def test_after_a_split_or_a_dividend_the_whole_history_is_fetched_again(
    change: str, yahoo: YahooPrices, standin: YahooStandIn
) -> None:
    stored = history(yahoo, None, TUESDAY).bars
    standin.market.until = lambda _: WEDNESDAY
    if change == "split":
        standin.market.splits[TICKER][WEDNESDAY] = 10.0
    else:
        standin.market.dividends[TICKER][WEDNESDAY] = 0.004
    found = history(yahoo, stored, WEDNESDAY)
    assert [asked.first for asked in standin.asked[-2:]] == [stored.session[-OVERLAP].astype(object), FIRST]
    assert standin.requests[TICKER] == 3
    assert closes(found.bars) == closes(history(yahoo, None, WEDNESDAY).bars)
    (finding,) = found.findings
    assert (finding.code, finding.session) == ("readjusted", TUESDAY)


def test_what_was_found_about_old_sessions_is_remembered_and_about_new_ones_found_again(
    yahoo: YahooPrices,
) -> None:
    bars = history(yahoo, None, TUESDAY).bars
    old, recent, general = (
        Finding("old", "Old.", "info", bars.session[-9].astype(object)),
        Finding("recent", "Recent.", "info", TUESDAY),
        Finding("general", "General.", "info"),
    )
    stored = {TICKER: History(bars, adjusted=True, findings=(old, recent, general))}
    answer = refresh_histories(yahoo, [TICKER], stored, first_day=FIRST, now=evening(TUESDAY))[TICKER]
    assert isinstance(answer, History)
    assert answer.findings == (old,)


def evenings_after(yahoo: YahooPrices, standin: YahooStandIn, stored: History, count: int) -> Iterator[History]:
    """Return the history to store on each of so many evenings after Tuesday."""
    for day in sessions_between(exchange_of(TICKER), WEDNESDAY, WEDNESDAY + timedelta(days=40))[:count]:
        standin.market.until = {TICKER: day}.__getitem__
        answer = refresh_histories(yahoo, [TICKER], {TICKER: stored}, first_day=FIRST, now=evening(day))[TICKER]
        assert isinstance(answer, History), answer
        stored = answer
        yield stored


@pytest.mark.parametrize("rows", [1, 2, 3, 4])
def test_a_new_adjustment_is_told_once(rows: int, yahoo: YahooPrices, standin: YahooStandIn) -> None:
    stored = history(yahoo, None, TUESDAY)
    standin.market.dividends[TICKER][stored.bars.session[-rows].astype(object)] = 0.02
    told = [[one.code for one in later.findings] for later in evenings_after(yahoo, standin, stored, 12)]
    assert told == [["readjusted"], *[[]] * 11]


def test_a_correction_is_told_once(yahoo: YahooPrices, standin: YahooStandIn) -> None:
    stored = history(yahoo, None, TUESDAY)
    for row, factor in ((-1, 1.01), (-OVERLAP, 1.02)):
        standin.market.revised[TICKER][stored.bars.session[row].astype(object)] = factor
    told = [[one.code for one in later.findings] for later in evenings_after(yahoo, standin, stored, 12)]
    assert told == [["corrected"] * 2, *[[]] * 11]


def test_a_kept_bar_is_told_while_answers_begin_before_it(yahoo: YahooPrices, standin: YahooStandIn) -> None:
    stored = history(yahoo, None, TUESDAY)
    day = stored.bars.session[-3].astype(object)
    standin.market.missing[TICKER].add(day)
    told = [[(one.code, one.session) for one in one.findings] for one in evenings_after(yahoo, standin, stored, 12)]
    assert told == [*[[("kept_bar", day)]] * 2, *[[]] * 10]


def test_a_longer_history_than_asked_for_is_not_made_shorter_by_a_split(
    yahoo: YahooPrices, standin: YahooStandIn
) -> None:
    stored = history(yahoo, None, TUESDAY).bars
    standin.market.splits[TICKER][TUESDAY] = 2.0
    answer = refresh_histories(
        yahoo, [TICKER], {TICKER: History(stored, adjusted=True)}, first_day=date(2026, 1, 1), now=evening(TUESDAY)
    )[TICKER]
    assert isinstance(answer, History)
    assert answer.bars.first_session == stored.first_session


@pytest.mark.parametrize(
    ("ticker", "kind", "permanent"),
    [
        ("UNKNOWN.NS", PriceErrorKind.NO_DATA, True),
        ("BROKEN.NS", PriceErrorKind.UNAVAILABLE, False),
        ("LIMITED.NS", PriceErrorKind.RATE_LIMITED, False),
        ("SLOW.NS", PriceErrorKind.TIMEOUT, False),
    ],
)
def test_a_failed_refresh_says_up_to_which_day_the_stored_bars_reach(
    ticker: str, kind: PriceErrorKind, permanent: bool, yahoo: YahooPrices, standin: YahooStandIn
) -> None:
    standin.market.until = lambda symbol: TUESDAY if symbol.endswith(".NS") else datetime.now(UTC).date()
    stored = history(yahoo, None, TUESDAY).bars
    error = answer_of(yahoo, stored, WEDNESDAY, ticker)
    assert isinstance(error, PriceError)
    assert (error.kind, error.permanent) == (kind, permanent)
    assert error.message.endswith("; stale: bars to 2026-04-21.")


def test_a_first_fetch_that_fails_has_nothing_stale_to_speak_of(yahoo: YahooPrices) -> None:
    error = answer_of(yahoo, None, WEDNESDAY, "UNKNOWN.NS")
    assert isinstance(error, PriceError)
    assert error.kind is PriceErrorKind.UNKNOWN_TICKER
    assert "stale" not in error.message


def test_when_the_fetch_after_a_split_fails_the_stored_bars_are_left_alone(
    yahoo: YahooPrices, standin: YahooStandIn
) -> None:
    stored = history(yahoo, None, TUESDAY).bars
    standin.market.splits[TICKER][TUESDAY] = 2.0
    standin.behaviours[TICKER] = lambda asked: (
        BEHAVIOURS["BROKEN"](asked) if asked.first == FIRST else as_json(asked.chart())
    )
    error = answer_of(yahoo, stored, WEDNESDAY)
    assert isinstance(error, PriceError)
    assert error.message.endswith("; stale: bars to 2026-04-21.")


def test_the_bar_of_an_open_session_is_not_kept_for_it_would_pass_for_a_closed_one(
    yahoo: YahooPrices, standin: YahooStandIn
) -> None:
    standin.market.until = lambda _: WEDNESDAY
    noon = datetime(2026, 4, 22, 6, 30, tzinfo=UTC)
    answer = refresh_histories(yahoo, [TICKER], {}, first_day=FIRST, now=noon)[TICKER]
    assert isinstance(answer, History)
    assert answer.bars.last_session == TUESDAY
    assert [finding.code for finding in answer.findings] == ["unfinished_session"]


def test_a_newest_session_without_a_close_is_asked_for_again(yahoo: YahooPrices, standin: YahooStandIn) -> None:
    standin.market.until = lambda _: WEDNESDAY
    found = history(yahoo, None, WEDNESDAY, "LASTNULL.NS")
    assert found.bars.last_session == TUESDAY
    assert [finding.code for finding in found.findings] == ["last_close_missing"]
    standin.behaviours["LASTNULL.NS"] = lambda asked: as_json(asked.chart())
    assert history(yahoo, found.bars, WEDNESDAY, "LASTNULL.NS").bars.last_session == WEDNESDAY


def test_a_session_listed_today_has_nothing_to_keep_yet(yahoo: YahooPrices, standin: YahooStandIn) -> None:
    def only_today(asked: Asked) -> Reply:
        return as_json(asked.market.chart(asked.symbol, WEDNESDAY, WEDNESDAY))

    standin.market.until = lambda _: WEDNESDAY
    standin.behaviours[TICKER] = only_today
    noon = datetime(2026, 4, 22, 6, 30, tzinfo=UTC)
    answer = refresh_histories(yahoo, [TICKER], {}, first_day=FIRST, now=noon)[TICKER]
    assert isinstance(answer, PriceError)
    assert (answer.kind, answer.permanent) == (PriceErrorKind.NO_DATA, False)


def test_a_hundred_stocks_of_different_ages_cost_one_request_each(yahoo: YahooPrices, standin: YahooStandIn) -> None:
    tickers = [f"OK{number}.NS" for number in range(20)]
    first = refresh_histories(yahoo, tickers, {}, first_day=FIRST, now=evening(TUESDAY))
    stored = {ticker: answer for ticker, answer in first.items() if isinstance(answer, History)}
    stored["OK3.NS"] = History(stored["OK3.NS"].bars[:-9], adjusted=True)
    standin.market.until = lambda _: WEDNESDAY
    again = refresh_histories(yahoo, [*tickers, "NEW.NS"], stored, first_day=FIRST, now=evening(WEDNESDAY))
    assert list(again) == [*tickers, "NEW.NS"]
    assert standin.requests == {"NEW.NS": 1} | dict.fromkeys(tickers, 2)
    for answer in again.values():
        assert isinstance(answer, History)
        assert answer.bars.session.tolist() == sessions_between(exchange_of(TICKER), FIRST, WEDNESDAY)


class Recording:
    """Another source, and what it was asked."""

    name = "demo"

    def __init__(self, source: DemoMarket | CsvPrices) -> None:
        self.source = source
        self.is_incremental = source.is_incremental
        self.asked: list[date | None] = []

    def fetch_daily(
        self, tickers: Sequence[str], since: date | None, instruments: Mapping[str, Instrument] = NOTHING_KNOWN
    ) -> dict[str, History | PriceError]:
        self.asked.append(since)
        return self.source.fetch_daily(tickers, since, instruments)

    def has_changed(self, ticker: str, since: datetime) -> bool:
        return self.source.has_changed(ticker, since)


def test_the_demo_market_is_always_taken_whole() -> None:
    """A company listed 43 sessions ago is so every day: its history moves on."""
    source = Recording(DemoMarket(lambda: evening(WEDNESDAY)))
    tickers = ["NAVANKURA.DEMO", "KAVERI.DEMO"]
    stored = {
        ticker: answer
        for ticker, answer in DemoMarket(lambda: evening(TUESDAY)).fetch_daily(tickers, FIRST).items()
        if isinstance(answer, History)
    }
    answers = refresh_histories(source, tickers, stored, first_day=FIRST, now=evening(WEDNESDAY))
    assert source.asked == [FIRST]
    young = answers["NAVANKURA.DEMO"]
    assert isinstance(young, History)
    assert len(young.bars) == 43


def test_a_csv_file_is_always_read_whole(tmp_path: Path) -> None:
    (tmp_path / "TCS.NS.csv").write_text(
        "date,open,high,low,close,volume\n2026-04-21,1,1,1,1,5\n2026-04-22,2,2,2,2,5\n"
    )
    source = Recording(CsvPrices(tmp_path))
    stored = {TICKER: History(make_bars(TUESDAY, 8), adjusted=False)}
    answers = refresh_histories(source, [TICKER], stored, first_day=FIRST, now=evening(WEDNESDAY))
    answer = answers[TICKER]
    assert isinstance(answer, History)
    assert answer.bars.close.tolist() == [1.0, 2.0]
    assert source.asked == [FIRST]


def make_bars(last: date, count: int, price: float = 100.0) -> Bars:
    sessions = np.array(sessions_between(exchange_of(TICKER), FIRST, last)[-count:], dtype="datetime64[D]")
    close = price + np.arange(count, dtype=np.float64)
    return Bars(sessions, close, close, close, close, np.full(count, 10.0))


@given(
    count=st.integers(1, 40),
    overlap=st.integers(1, 40),
    new=st.integers(0, 10),
    noise=st.floats(-0.9 * CLOSE_TOLERANCE, 0.9 * CLOSE_TOLERANCE),
)
def test_what_agrees_is_joined_without_losing_or_repeating_a_session(
    count: int, overlap: int, new: int, noise: float
) -> None:
    whole = make_bars(TUESDAY, count + new)
    stored, fetched = whole[:count], whole[max(count - overlap, 0) :]
    fetched = replace(fetched, close=fetched.close * (1 + noise))
    joined = merged(stored, fetched).bars
    assert joined.session.tolist() == whole.session.tolist()
    np.testing.assert_array_equal(joined.close[-len(fetched) :], fetched.close)


@pytest.mark.parametrize("factor", [1 - 2 * CLOSE_TOLERANCE, 1 + 2 * CLOSE_TOLERANCE, 0.5, 100.0])
@pytest.mark.parametrize("sessions", [1, 3, 5])
def test_a_new_adjustment_changes_the_earliest_shared_close(factor: float, sessions: int) -> None:
    stored = make_bars(TUESDAY, 30)
    fetched = stored[-5:]
    close = fetched.close.copy()
    close[:sessions] *= factor
    found = merge_bars(stored, replace(fetched, close=close), exchange_of(TICKER))
    assert found == Readjustment(fetched.session[sessions - 1].astype(object))


@pytest.mark.parametrize("row", [1, 2, 4])
def test_a_later_close_alone_that_differs_was_corrected(row: int) -> None:
    stored = make_bars(TUESDAY, 30)
    fetched = stored[-5:]
    close = fetched.close.copy()
    close[row] *= 1.03
    found = merged(stored, replace(fetched, close=close))
    assert found.bars.close[-5:].tolist() == close.tolist()
    (finding,) = found.findings
    assert (finding.code, finding.session) == ("corrected", fetched.session[row].astype(object))
    assert f"from {stored.close[row - 5]:.6g} to {close[row]:.6g}." in finding.message


def test_a_stored_session_that_is_not_fetched_again_is_kept() -> None:
    stored = make_bars(TUESDAY, 30)
    fetched = stored[-5:]
    gone = replace(fetched, close=np.where(np.arange(5) == 2, np.nan, fetched.close))
    for answer in (gone, fetched.select(np.arange(5) != 2)):
        found = merged(stored, answer)
        assert closes(found.bars) == closes(stored)
        assert [finding.code for finding in found.findings] == ["kept_bar"]


def test_a_close_that_one_side_lacks_is_no_new_adjustment() -> None:
    stored = make_bars(TUESDAY, 30)
    close = stored.close.copy()
    close[-2] = np.nan
    joined = merged(replace(stored, close=close), stored[-5:]).bars
    assert joined.close[-2] == stored.close[-2]


def test_bars_that_share_no_session_cannot_be_joined() -> None:
    whole = make_bars(TUESDAY, 30)
    found = merge_bars(whole[:10], whole[20:], exchange_of(TICKER))
    assert found == Readjustment(None)
    assert "no session was in both" in found.to_finding().message


def test_an_answer_that_ends_earlier_takes_no_stored_session_away() -> None:
    whole = make_bars(TUESDAY, 30)
    assert merged(whole, whole[20:25]).bars.session.tolist() == whole.session.tolist()


def test_after_a_split_a_session_that_is_missing_in_the_new_answer_is_kept_in_new_shares(
    yahoo: YahooPrices, standin: YahooStandIn
) -> None:
    stored = history(yahoo, None, TUESDAY).bars
    lost = stored.session[-40].astype(object)
    standin.market.until = lambda _: WEDNESDAY
    standin.market.splits[TICKER][WEDNESDAY] = 2.0
    standin.market.missing[TICKER].add(lost)
    found = history(yahoo, stored, WEDNESDAY)
    assert [finding.code for finding in found.findings] == ["readjusted", "kept_bar"]
    standin.market.missing.clear()
    true = history(yahoo, None, WEDNESDAY).bars
    assert closes(found.bars) == pytest.approx(closes(true), rel=1e-6)
    np.testing.assert_allclose(found.bars.volume, true.volume, rtol=1e-4)


@pytest.mark.parametrize("adds", [1, 3])
def test_the_first_closes_of_the_overlap_were_corrected_if_no_older_one_has_changed(
    adds: int, yahoo: YahooPrices, standin: YahooStandIn
) -> None:
    """A new adjustment looks the same until the whole history is there."""
    stored = history(yahoo, None, TUESDAY).bars
    days = stored.session[-OVERLAP:][:adds].tolist()
    standin.market.revised[TICKER] = dict.fromkeys(days, 1.02)
    found = history(yahoo, stored, TUESDAY)
    assert closes(found.bars) == closes(history(yahoo, None, TUESDAY).bars)
    assert [(finding.code, finding.session) for finding in found.findings] == [("corrected", day) for day in days]


def test_after_a_split_an_answer_with_few_sessions_replaces_nothing(yahoo: YahooPrices, standin: YahooStandIn) -> None:
    stored = history(yahoo, None, TUESDAY).bars
    standin.market.until = lambda _: WEDNESDAY
    standin.market.splits[TICKER][WEDNESDAY] = 2.0
    standin.market.missing[TICKER].update(stored.session[:60].tolist())
    error = answer_of(yahoo, stored, WEDNESDAY)
    assert isinstance(error, IdentityChanged)
    assert "lacks many of the stored sessions: it is not used unless the next 2 answers say the same" in error.message


@pytest.mark.parametrize("cut", [60, 10_000])
def test_the_third_such_answer_is_joined_with_the_stored_sessions_before_it_in_its_prices_and_shares(
    cut: int, yahoo: YahooPrices, standin: YahooStandIn
) -> None:
    stored = history(yahoo, None, TUESDAY)
    standin.market.until = lambda _: WEDNESDAY
    standin.market.splits[TICKER][WEDNESDAY] = 2.0
    standin.market.missing[TICKER].update(stored.bars.session[: min(cut, len(stored.bars) - 3)].tolist())
    before: dict[str, IdentityChange] = {}
    for _ in range(2):
        answer = refresh_histories(
            yahoo, [TICKER], {TICKER: stored}, first_day=FIRST, now=evening(WEDNESDAY), identity_changes=before
        )[TICKER]
        assert isinstance(answer, IdentityChanged)
        before[TICKER] = answer.change
        assert IdentityChange.from_dict(answer.change.as_dict()) == answer.change
    answer = refresh_histories(
        yahoo, [TICKER], {TICKER: stored}, first_day=FIRST, now=evening(WEDNESDAY), identity_changes=before
    )[TICKER]
    assert isinstance(answer, History)
    assert [finding.code for finding in answer.findings] == ["readjusted", "kept_bar"]
    standin.market.missing.clear()
    true = history(yahoo, None, WEDNESDAY).bars
    assert answer.bars.session.tolist() == true.session.tolist()
    np.testing.assert_allclose(answer.bars.close, true.close, rtol=1e-6)
    np.testing.assert_allclose(answer.bars.volume, true.volume, rtol=1e-3)


def merged(stored: Bars, fetched: Bars) -> MergedBars:
    found = merge_bars(stored, fetched, exchange_of(TICKER))
    assert isinstance(found, MergedBars)
    return found


def test_fewer_than_five_stored_sessions_are_all_asked_for_again() -> None:
    assert overlap_start(make_bars(TUESDAY, 3)) == TUESDAY - timedelta(days=4)


def test_splits_and_unadjusted_closes_are_kept_beside_the_bars(yahoo: YahooPrices, standin: YahooStandIn) -> None:
    standin.market.splits[TICKER][TUESDAY] = 2.0
    standin.market.dividends[TICKER][WEDNESDAY] = 0.1
    first = history(yahoo, None, TUESDAY)
    standin.market.until = lambda _: WEDNESDAY
    again = refresh_histories(yahoo, [TICKER], {TICKER: first}, first_day=FIRST, now=evening(WEDNESDAY))[TICKER]
    assert isinstance(again, History)
    assert again.splits == first.splits == {TUESDAY: 2.0}
    assert again.traded
    assert again.traded.session.tolist() == again.bars.session.tolist()
    before = again.bars.session < np.datetime64(WEDNESDAY)
    np.testing.assert_allclose(again.bars.close[before], 0.9 * again.traded.close[before], rtol=1e-6)
    assert again.traded.split_factor_after(date(2026, 4, 20)) == 2.0
    assert again.traded.split_factor_after(TUESDAY) == 1.0
    stored = unpack_traded(pack_traded(again.traded))
    assert (stored.splits, stored.close.tolist()) == (again.splits, again.traded.close.tolist())


def test_a_split_and_dividends_around_it_are_kept_evening_by_evening(yahoo: YahooPrices, standin: YahooStandIn) -> None:
    """As in a whole answer: dividends before the split are those of a share after it."""
    standin.market.dividends[TICKER] = {date(2026, 2, 3): 0.01, WEDNESDAY: 0.02, date(2026, 4, 24): 0.03}
    standin.market.splits[TICKER][THURSDAY] = 2.0
    stored = history(yahoo, None, TUESDAY)
    assert stored.traded
    assert list(stored.traded.dividends) == [date(2026, 2, 3)]
    for day in (WEDNESDAY, THURSDAY, date(2026, 4, 24)):
        standin.market.until = {TICKER: day}.__getitem__
        answer = refresh_histories(yahoo, [TICKER], {TICKER: stored}, first_day=FIRST, now=evening(day))[TICKER]
        assert isinstance(answer, History)
        stored = answer
    whole = history(yahoo, None, date(2026, 4, 24)).traded
    assert whole
    assert stored.traded
    assert len(whole.dividends) == 3
    assert stored.traded.dividends == whole.dividends
    assert stored.splits == whole.splits == {THURSDAY: 2.0}
    assert stored.metadata.symbol == TICKER


def pay_without_adjustment(standin: YahooStandIn, *days: date) -> None:
    """Let answers name dividends of these days for which prices are not adjusted."""

    def unadjusted(asked: Asked) -> Reply:
        chart = asked.chart()
        result = chart["chart"]["result"][0]
        rows = zip(result["timestamp"], result["indicators"]["quote"][0]["close"], strict=True)
        dividends = {
            str(stamp): {"amount": close / 2, "date": stamp}
            for stamp, close in rows
            if datetime.fromtimestamp(stamp, UTC).date() in days
        }
        result["events"] = {"dividends": dividends}
        return as_json(chart)

    standin.behaviours[TICKER] = unadjusted


EARLY = (date(2025, 10, 8), date(2025, 10, 9))  # more than half a year before


@pytest.mark.parametrize("days", [(TUESDAY,), (date(2026, 2, 3), TUESDAY), (*EARLY, date(2026, 4, 17), TUESDAY)])
def test_dividends_without_an_adjustment_are_warned_about_on_every_evening(
    days: tuple[date, ...], yahoo: YahooPrices, standin: YahooStandIn
) -> None:
    """Also on that when the overlap begins with one, where the close before it is not fetched again."""
    pay_without_adjustment(standin, *days)
    stored = history(yahoo, None, TUESDAY)
    told = {(one.code, one.message) for one in stored.findings}
    assert {one.session for one in stored.findings} == set(days) - {EARLY[0]}
    for later in evenings_after(yahoo, standin, stored, 10):
        assert {(one.code, one.message) for one in later.findings} == told, later.bars.last_session


def test_dividends_that_an_earlier_version_did_not_store_come_with_the_next_request(
    yahoo: YahooPrices, standin: YahooStandIn
) -> None:
    standin.market.dividends[TICKER][date(2026, 2, 3)] = 0.01
    stored = history(yahoo, None, TUESDAY)
    assert stored.traded
    unknown = replace(stored.traded, dividend=np.full(len(stored.bars), np.nan))
    standin.market.until = lambda _: WEDNESDAY
    old = {TICKER: replace(stored, traded=unknown)}
    answer = refresh_histories(yahoo, [TICKER], old, first_day=date(2026, 1, 1), now=evening(WEDNESDAY))[TICKER]
    assert isinstance(answer, History)
    assert answer.traded
    assert answer.traded.dividends == stored.traded.dividends
    assert answer.traded.knows_dividends_since == answer.bars.first_session == stored.bars.first_session
    assert standin.requests[TICKER] == 2
    assert "readjusted" not in [finding.code for finding in answer.findings]
    standin.market.until = lambda _: THURSDAY
    refresh_histories(yahoo, [TICKER], {TICKER: answer}, first_day=FIRST, now=evening(THURSDAY))
    assert standin.asked[-1].first == answer.bars.session[-OVERLAP].astype(object)


def test_a_history_without_splits_learns_those_of_the_sessions_that_are_fetched(
    yahoo: YahooPrices, standin: YahooStandIn
) -> None:
    old = replace(history(yahoo, None, TUESDAY), traded=None)
    answer = refresh_histories(yahoo, [TICKER], {TICKER: old}, first_day=FIRST, now=evening(WEDNESDAY))[TICKER]
    assert isinstance(answer, History)
    assert answer.traded
    assert answer.traded.session.tolist() == answer.bars.session.tolist()[-len(answer.traded.session) :]


def test_a_split_of_a_later_day_is_not_stored(tmp_path: Path) -> None:
    heading = "date,open,high,low,close,volume,stock splits"
    rows = [f"2026-04-{day},100,102,99,101,1000,{split}" for day, split in ((20, 0), (21, 2), (22, 0), (24, 5))]
    (tmp_path / f"{TICKER}.csv").write_text("\n".join([heading, *rows]))
    source = CsvPrices(tmp_path)
    for day, splits in ((WEDNESDAY, {TUESDAY: 2.0}), (date(2026, 4, 24), {TUESDAY: 2.0, date(2026, 4, 24): 5.0})):
        answer = refresh_histories(source, [TICKER], {}, first_day=FIRST, now=evening(day))[TICKER]
        assert isinstance(answer, History)
        assert answer.splits == splits


def say(standin: YahooStandIn, **meta: str) -> None:
    """Let answers have other metadata than the stand-in's."""

    def behaviour(asked: Asked) -> Reply:
        chart = asked.chart()
        chart["chart"]["result"][0]["meta"].update(meta)
        return as_json(chart)

    standin.behaviours[TICKER] = behaviour


@pytest.mark.parametrize(
    ("meta", "told"),
    [
        ({"currency": "USD"}, "has prices in USD, and those before were in INR"),
        ({"instrumentType": "ETF"}, "names the type fund, and those before named share"),
    ],
)
def test_another_currency_or_type_replaces_nothing_until_it_is_confirmed_twice(
    meta: dict[str, str], told: str, yahoo: YahooPrices, standin: YahooStandIn
) -> None:
    stored = history(yahoo, None, TUESDAY)
    standin.market.until = lambda _: WEDNESDAY
    say(standin, **meta)
    before: dict[str, IdentityChange] = {}
    for times in (1, 2):
        answer = refresh_histories(
            yahoo,
            [TICKER],
            {TICKER: stored},
            first_day=FIRST,
            now=evening(WEDNESDAY),
            identity_changes=before,
        )[TICKER]
        assert isinstance(answer, IdentityChanged)
        assert told in answer.message
        assert answer.change.times == times
        before[TICKER] = answer.change
    answer = refresh_histories(
        yahoo, [TICKER], {TICKER: stored}, first_day=FIRST, now=evening(WEDNESDAY), identity_changes=before
    )[TICKER]
    assert isinstance(answer, History)
    assert answer.bars.last_session == WEDNESDAY
    assert "identity_changed" in {finding.code for finding in answer.findings}


def test_a_change_that_is_not_confirmed_is_forgotten() -> None:
    rupees, dollars, euros = (StockMetadata(currency=code, kind="share") for code in ("INR", "USD", "EUR"))
    first = find_identity_change(rupees, dollars, None)
    assert first == IdentityChange("USD", "share", 1)
    assert find_identity_change(rupees, rupees, first) is None
    assert find_identity_change(rupees, euros, first) == IdentityChange("EUR", "share", 1)
    assert find_identity_change(rupees, StockMetadata(), first) is None
    assert find_identity_change(StockMetadata(), dollars, None) is None


EARLIER = date(2025, 4, 1)


def longer(yahoo: YahooPrices, stored: History) -> History | PriceError:
    """The answer to a request for more sessions than are stored, as a backfill makes it."""
    return refresh_histories(
        yahoo, [TICKER], {TICKER: stored}, first_day=EARLIER, now=evening(WEDNESDAY), include={TICKER: EARLIER}
    )[TICKER]


def test_a_longer_history_is_one_request_even_after_a_split(yahoo: YahooPrices, standin: YahooStandIn) -> None:
    stored = history(yahoo, None, TUESDAY)
    standin.market.until = lambda _: WEDNESDAY
    standin.market.splits[TICKER][WEDNESDAY] = 2.0
    found = longer(yahoo, stored)
    assert isinstance(found, History)
    assert found.bars.first_session == EARLIER
    assert [asked.first for asked in standin.asked] == [FIRST, EARLIER]
    assert "readjusted" in {finding.code for finding in found.findings}


def test_a_longer_history_of_another_currency_replaces_nothing(yahoo: YahooPrices, standin: YahooStandIn) -> None:
    stored = history(yahoo, None, TUESDAY)
    say(standin, currency="USD")
    assert isinstance(longer(yahoo, stored), IdentityChanged)


def test_a_longer_history_that_is_clipped_loses_no_stored_session(yahoo: YahooPrices, standin: YahooStandIn) -> None:
    stored = history(yahoo, None, TUESDAY)
    standin.market.until = lambda _: WEDNESDAY
    days = sessions_between(exchange_of(TICKER), EARLIER, WEDNESDAY)
    standin.market.missing[TICKER].update(days[:-43])
    found = longer(yahoo, stored)
    assert isinstance(found, History)
    assert closes(found.bars).items() >= closes(stored.bars).items()
    standin.market.splits[TICKER][WEDNESDAY] = 2.0
    assert isinstance(longer(yahoo, stored), IdentityChanged)


@pytest.mark.parametrize("first_day", [FIRST, date(2026, 4, 1), date(2026, 4, 15)])
def test_the_bars_of_another_security_under_the_right_symbol_replace_nothing(
    first_day: date, yahoo: YahooPrices, standin: YahooStandIn
) -> None:
    """Also of a stock that has traded for 13 or for 5 days."""
    standin.market.missing[TICKER].update(sessions_between(exchange_of(TICKER), FIRST, first_day - timedelta(days=1)))
    stored = history(yahoo, None, TUESDAY)
    assert stored.bars.first_session == first_day
    standin.market.until = lambda _: WEDNESDAY

    def other(asked: Asked) -> Reply:
        chart = asked.market.chart("OTHER.NS", asked.first, asked.last)
        chart["chart"]["result"][0]["meta"]["symbol"] = TICKER
        return as_json(chart)

    standin.behaviours[TICKER] = other
    before: dict[str, IdentityChange] = {}
    for times in (1, 2):
        answer = refresh_histories(
            yahoo, [TICKER], {TICKER: stored}, first_day=FIRST, now=evening(WEDNESDAY), identity_changes=before
        )[TICKER]
        assert isinstance(answer, IdentityChanged)
        assert "has closes that have nothing in common with the stored ones" in answer.message
        assert answer.change.times == times
        before[TICKER] = answer.change
        assert IdentityChange.from_dict(answer.change.as_dict()) == answer.change


@pytest.mark.parametrize("event", ["split", "dividend"])
@pytest.mark.parametrize("first_day", [date(2026, 4, 15), date(2026, 4, 16), date(2026, 4, 20)])
def test_two_events_within_a_stocks_first_sessions_are_no_other_security(
    first_day: date, event: str, yahoo: YahooPrices, standin: YahooStandIn
) -> None:
    standin.market.missing[TICKER].update(sessions_between(exchange_of(TICKER), FIRST, first_day - timedelta(days=1)))
    stored = history(yahoo, None, TUESDAY).bars
    standin.market.until = lambda _: WEDNESDAY
    for day in (date(2026, 4, 20), TUESDAY):
        if event == "split":
            standin.market.splits[TICKER][day] = 2.0
        else:
            standin.market.dividends[TICKER][day] = 0.05
    found = history(yahoo, stored, WEDNESDAY)
    assert [finding.code for finding in found.findings] == ["readjusted"]
    assert closes(found.bars) == closes(history(yahoo, None, WEDNESDAY).bars)


@pytest.mark.parametrize(
    ("shared", "steps", "is_other"),
    [
        (4, 3, False),  # too few to tell
        (5, 2, False),  # as after two dividends
        (5, 3, True),
        (13, 2, False),
        (13, 3, True),
        (30, 5, False),
        (30, 9, True),
        (200, 39, False),
        (200, 45, True),
    ],
)
def test_closes_are_anothers_if_their_factor_changes_often(shared: int, steps: int, is_other: bool) -> None:
    close = np.full(shared, 100.0)
    factor = 1.01 ** np.minimum(np.arange(shared), steps)
    assert (find_other_prices(close, close * factor, None) is not None) == is_other


@pytest.mark.parametrize("seed", range(5))
def test_many_splits_and_dividends_are_no_other_security(seed: int) -> None:
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.02, 1250)))
    factor = np.ones(1250)
    for day in random.integers(0, 1250, 60):
        factor[:day] *= 0.98
    assert find_other_prices(close, close * factor, None) is None
    other = 100 * np.exp(np.cumsum(random.normal(0, 0.01, 1250)))
    assert find_other_prices(close, other, None) is not None
