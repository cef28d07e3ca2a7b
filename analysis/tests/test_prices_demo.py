"""The demo market: made-up bars that never change, and the nine companies that show something going wrong."""

import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import time_machine

from analysis.engine.bars import Bars
from analysis.prices.arrow import pack_bars
from analysis.prices.demo import DemoMarket
from analysis.prices.demo_companies import COMPANIES, Company
from analysis.prices.instruments import exchange_of, instrument_of
from analysis.prices.port import History, PriceError, PriceErrorKind
from analysis.prices.quality import check_bars
from analysis.prices.sessions import last_closed_session, sessions_between
from analysis.prices.tickers import is_demo, is_well_formed

NOW = datetime(2026, 4, 25, 12, 0, 30, tzinfo=UTC)  # a Saturday
TRADED = [company for company in COMPANIES if company.source != "gone"]


def history(ticker: str, now: datetime = NOW, since: date | None = None) -> History:
    answer = DemoMarket(lambda: now).fetch_daily([ticker], since)[ticker]
    assert isinstance(answer, History), answer
    return answer


def bars_of(ticker: str, now: datetime = NOW) -> Bars:
    return history(ticker, now).bars


def company_where(note: str) -> Company:
    (found,) = [company for company in COMPANIES if note in company.note]
    return found


def codes(ticker: str) -> list[str]:
    return [finding.code for finding in check_bars(bars_of(ticker), instrument=instrument_of(ticker), now=NOW).findings]


def test_there_are_forty_companies_in_rupees_and_dollars() -> None:
    assert (
        len(COMPANIES)
        == len({company.ticker for company in COMPANIES})
        == len({company.name for company in COMPANIES})
        == 40
    )
    assert {company.currency for company in COMPANIES} == {"INR", "USD"}
    for company in COMPANIES:
        assert is_demo(company.ticker)
        assert is_well_formed(company.ticker)
        assert exchange_of(company.ticker).code == company.exchange_hint
        assert exchange_of(company.ticker).currency == company.currency


def test_bars_are_sound_and_reach_the_last_closed_session(subtests: pytest.Subtests) -> None:
    for company in TRADED:
        with subtests.test(company.ticker):
            _assert_sound(company)


def _assert_sound(company: Company) -> None:
    told = history(company.ticker)
    bars = told.bars
    assert bars.last_session == last_closed_session(exchange_of(company.ticker), NOW) == date(2026, 4, 24)
    assert bars.session.tolist() == sessions_between(exchange_of(company.ticker), bars.first_session, bars.last_session)
    assert (bars.low <= np.minimum(bars.open, bars.close)).all()
    assert (bars.high >= np.maximum(bars.open, bars.close)).all()
    assert (bars.low > 0).all()
    assert (told.metadata.name, told.metadata.currency) == (company.name, company.currency)
    assert told.adjusted
    findings = check_bars(bars, instrument=instrument_of(company.ticker), now=NOW).findings
    unexplained = [finding for finding in findings if finding.code != "jump"]  # after earnings, some open far away
    assert not unexplained or company.halted_since or company.split_on


@pytest.mark.parametrize("days", [1, 30, 400])
def test_a_bar_never_changes_once_its_session_is_past(days: int, subtests: pytest.Subtests) -> None:
    for company in TRADED:
        with subtests.test(company.ticker):
            _assert_unchanged(company, timedelta(days=days))


def _assert_unchanged(company: Company, later: timedelta) -> None:
    before, after = bars_of(company.ticker), bars_of(company.ticker, NOW + later)
    common = np.isin(after.session, before.session)
    old = before[-int(common.sum()) :] if common.any() else before[:0]
    for column in ("session", "open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(getattr(after, column)[common], getattr(old, column))
    assert common.any() or company.listed_sessions


def digest_of_all() -> str:
    market = DemoMarket(lambda: NOW)
    packed = [
        pack_bars(answer.bars) for answer in market.fetch_daily(tickers(), None).values() if isinstance(answer, History)
    ]
    return sha256(b"".join(packed)).hexdigest()


def tickers() -> Sequence[str]:
    return [company.ticker for company in COMPANIES]


def test_another_process_makes_the_same_bars() -> None:
    code = "from analysis.tests.test_prices_demo import digest_of_all; print(digest_of_all())"
    root = Path(__file__).parents[2]
    other = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True, timeout=60
    )
    assert other.stdout.strip() == digest_of_all()


def test_the_bars_are_those_that_were_made_when_the_market_was_written() -> None:
    bars = bars_of("KAVERI.DEMO").until(date(2024, 1, 2))
    assert [float(column[-1]) for column in (bars.open, bars.high, bars.low, bars.close, bars.volume)] == KAVERI_2024


KAVERI_2024 = [511.96, 513.43, 508.35, 508.55, 393803.0]


def test_all_companies_take_well_under_two_seconds() -> None:
    digest_of_all()
    started = time.perf_counter()
    DemoMarket(lambda: NOW).fetch_daily(tickers(), None)
    assert time.perf_counter() - started < 2.0


def test_bars_look_like_a_market() -> None:
    """Volatility changes, volume follows movement, and there are gaps and jumps."""
    for company in TRADED:
        if company.listed_sessions or company.halted_since or company.split_on:
            continue
        bars = bars_of(company.ticker)
        moves = np.diff(np.log(bars.close))
        monthly = np.array([month.std() for month in np.array_split(moves, 60)])
        assert monthly.max() > 2 * monthly.min()
        assert np.corrcoef(np.abs(moves), bars.volume[1:])[0, 1] > 0.2
        assert np.abs(np.log(bars.open[1:] / bars.close[:-1])).max() > 3 * company.volatility
        assert company.price / 6 < bars.close.min() < bars.close.max() < company.price * 6


def test_only_sessions_since_the_day_asked_for_come_out() -> None:
    assert history("KAVERI.DEMO", since=date(2026, 4, 22)).bars.session.tolist() == [
        date(2026, 4, d) for d in (22, 23, 24)
    ]
    error = DemoMarket(lambda: NOW).fetch_daily(["KAVERI.DEMO"], date(2026, 4, 25))["KAVERI.DEMO"]
    assert isinstance(error, PriceError)
    assert error.kind is PriceErrorKind.NO_DATA


def test_before_the_market_began_there_are_no_bars() -> None:
    error = DemoMarket(lambda: datetime(2018, 6, 1, tzinfo=UTC)).fetch_daily(["KAVERI.DEMO"], None)["KAVERI.DEMO"]
    assert isinstance(error, PriceError)
    assert error.kind is PriceErrorKind.NO_DATA


def test_the_bar_of_the_open_session_is_not_there_yet() -> None:
    assert bars_of("KAVERI.DEMO", datetime(2026, 4, 24, 8, 0, tzinfo=UTC)).last_session == date(2026, 4, 23)


def test_the_clock_is_the_real_one_unless_another_is_given() -> None:
    with time_machine.travel(NOW, tick=False):
        answer = DemoMarket().fetch_daily(["KAVERI.DEMO"], None)["KAVERI.DEMO"]
    assert isinstance(answer, History)
    assert answer.bars.last_session == date(2026, 4, 24)


@pytest.mark.parametrize(("ticker", "sessions"), [("NAVANKURA.DEMO", 43), ("FRESHWICK.DEMO", 208)])
@pytest.mark.parametrize("later", [timedelta(), timedelta(days=1), timedelta(days=100)])
def test_a_young_listing_stays_young(ticker: str, sessions: int, later: timedelta) -> None:
    assert len(bars_of(ticker, NOW + later)) == sessions


def test_a_halted_stock_has_one_price_and_no_volume_for_weeks() -> None:
    bars = bars_of(company_where("Halted").ticker)
    assert len(set(bars.close[-30:])) == 1
    assert bars.volume[-30:].sum() == 0
    assert (bars.high == bars.low)[-30:].all()
    assert "zero_volume" in codes(company_where("Halted").ticker)


def test_a_split_is_left_in_the_prices_and_noticed() -> None:
    company = company_where("10:1 split")
    bars = bars_of(company.ticker)
    row = int(np.searchsorted(bars.session, np.datetime64(company.split_on)))
    assert 8 < bars.close[row - 1] / bars.close[row] < 12
    assert codes(company.ticker) == ["jump"]


def test_a_penny_stock_and_a_price_around_80_000_are_there() -> None:
    assert bars_of(company_where("penny").ticker).close[-1] < 10
    assert 40_000 < bars_of(company_where("80,000").ticker).close[-1] < 120_000


def test_a_name_has_an_ampersand() -> None:
    company = company_where("ampersand")
    assert (company.ticker, company.name) == ("B&D.DEMO", "Bhandar & Dharan Foods")
    assert len(bars_of(company.ticker)) > 1250


def test_the_delisted_company_fails_for_good() -> None:
    ticker = company_where("Delisted").ticker
    error = DemoMarket(lambda: NOW).fetch_daily([ticker], None)[ticker]
    assert isinstance(error, PriceError)
    assert (error.kind, error.permanent) == (PriceErrorKind.NO_DATA, True)


def test_a_source_that_is_down_answers_when_it_is_tried_again() -> None:
    ticker = company_where("down").ticker
    seconds = iter([0, 19, 20])
    market = DemoMarket(lambda: NOW.replace(second=next(seconds)))
    answers = [market.fetch_daily([ticker], None)[ticker] for _ in range(3)]
    assert [type(answer) for answer in answers] == [PriceError, PriceError, History]
    assert isinstance(answers[0], PriceError)
    assert (answers[0].kind, answers[0].permanent) == (PriceErrorKind.UNAVAILABLE, False)


def test_an_invented_name_that_is_not_in_the_market_is_unknown() -> None:
    error = DemoMarket(lambda: NOW).fetch_daily(["NOBODY.DEMO"], None)["NOBODY.DEMO"]
    assert isinstance(error, PriceError)
    assert (error.kind, error.permanent) == (PriceErrorKind.UNKNOWN_TICKER, True)


def test_one_companys_failure_leaves_the_others_their_bars() -> None:
    answers = DemoMarket(lambda: NOW).fetch_daily(tickers(), None)
    assert list(answers) == tickers()
    assert [ticker for ticker, answer in answers.items() if isinstance(answer, PriceError)] == ["VANQUAY.DEMO"]
