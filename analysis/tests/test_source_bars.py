"""Source bars: what is stored of a source's answers, and what an answer that cannot be stored costs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from analysis.engine.bars import Bars
from analysis.models import PriceHistory, QuietStock, Stock
from analysis.prices.instruments import Instrument, exchange_of
from analysis.prices.port import NOTHING_KNOWN, History, PriceError, PriceErrorKind, StockMetadata
from analysis.prices.sessions import sessions_between
from analysis.tests.make import make_job, make_stock
from analysis.worker.source_bars import SourceBars

pytestmark = pytest.mark.django_db
TICKER = "TCS.NS"
TODAY = date(2026, 4, 24)
NOW = datetime(2026, 4, 24, 16, tzinfo=UTC)


class OneAnswer:
    """A source that gives the same answer to all, and remembers since when it was asked."""

    name = "yahoo"
    is_incremental: bool = True

    def __init__(self, answer: History) -> None:
        self.answer = answer
        self.asked: list[date | None] = []

    def fetch_daily(
        self, tickers: Sequence[str], since: date | None, instruments: Mapping[str, Instrument] = NOTHING_KNOWN
    ) -> dict[str, History | PriceError]:
        self.asked.append(since)
        bars = self.answer.bars.select(~(self.answer.bars.session < np.datetime64(since or date(1970, 1, 1))))
        return dict.fromkeys(tickers, replace(self.answer, bars=bars))

    def has_changed(self, ticker: str, since: datetime) -> bool:
        return False


NOTHING_SAID = StockMetadata()


def history(metadata: StockMetadata = NOTHING_SAID) -> History:
    days = np.array(sessions_between(exchange_of(TICKER), date(2021, 1, 1), TODAY), dtype="datetime64[D]")
    close = np.linspace(100.0, 200.0, len(days), dtype=np.float64)
    return History(Bars(days, close, close, close, close, np.full(len(days), 1e6)), True, metadata=metadata)


@pytest.fixture
def stock() -> Stock:
    return make_stock(TICKER)


def bars_of(source: OneAnswer, stock: Stock, now: datetime = NOW, *, others: int = 0) -> SourceBars:
    stocks = {stock.pk: stock, **{f"S{n}.NS": make_stock(f"S{n}.NS") for n in range(others)}}
    bars = SourceBars(source, make_job(*stocks), now, stocks)
    bars.read_stored(list(PriceHistory.objects.all()))
    return bars


def test_an_answer_that_cannot_be_stored_is_the_error_of_its_stock_alone(stock: Stock) -> None:
    source = OneAnswer(history())
    source.answer.bars.session[0] = np.datetime64("NaT")
    error = bars_of(source, stock).refresh(stock)
    assert isinstance(error, PriceError)
    assert (error.kind, error.permanent) == (PriceErrorKind.BAD_DATA, False)
    assert not PriceHistory.objects.exists()


def test_what_a_later_answer_leaves_out_of_the_instrument_stays_known(stock: Stock) -> None:
    source = OneAnswer(history(StockMetadata(symbol=TICKER, exchange_name="NSE")))
    assert bars_of(source, stock).refresh(stock) is None
    source.answer = history(StockMetadata(symbol=TICKER))
    assert bars_of(source, stock, NOW + timedelta(days=3)).refresh(stock) is None
    assert PriceHistory.objects.get().about["exchange_name"] == "NSE"


@pytest.mark.parametrize(("days", "is_whole"), [(-300, True), (-40, True), (-3, False), (0, False), (3, True)])
def test_the_whole_history_is_compared_once_a_month_and_after_a_clock_that_was_ahead(
    days: int, is_whole: bool, stock: Stock
) -> None:
    source = OneAnswer(history())
    bars_of(source, stock).refresh(stock)
    PriceHistory.objects.update(fetched_whole_on=TODAY + timedelta(days=days))
    bars_of(source, stock).refresh(stock)
    first = PriceHistory.objects.get().first_session
    assert (source.asked[-1] == first) == is_whole, source.asked


@pytest.mark.parametrize(("days", "is_left_alone"), [(-1, True), (1, False)])
def test_a_quiet_stock_is_requested_after_a_clock_that_was_ahead(days: int, is_left_alone: bool, stock: Stock) -> None:
    requested = TODAY + timedelta(days=days)
    QuietStock.objects.create(
        stock=stock,
        source="yahoo",
        requests=9,
        requested_on=requested,
        next_request=requested + timedelta(days=30),
        error_kind="no_data",
        error_message="Yahoo has no prices for TCS.NS.",
    )
    known = bars_of(OneAnswer(history()), stock, others=1).known_error(TICKER)
    assert (known is not None) == is_left_alone


@pytest.mark.parametrize("is_incremental", [True, False])
def test_the_longer_history_of_a_backfill_stays(stock: Stock, is_incremental: bool) -> None:
    source = OneAnswer(history())
    source.is_incremental = is_incremental
    job = make_job(TICKER, since=date(2026, 1, 5), as_of=date(2026, 2, 2))
    assert SourceBars(source, job, NOW, {TICKER: stock}).refresh(stock) is None
    first = PriceHistory.objects.get().first_session
    assert first < date(2021, 1, 15)
    job.delete()
    assert bars_of(source, stock).refresh(stock) is None
    stored = PriceHistory.objects.get()
    assert (stored.first_session, stored.unpack().first_session) == (first, first)
    assert stored.requested_since <= first
