"""A sound chart answer of which any one element is another value: it gives usable bars or an error."""

import copy
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from analysis.prices.arrow import pack_bars, pack_traded
from analysis.prices.incremental import refresh_histories
from analysis.prices.instruments import Instrument, instrument_of
from analysis.prices.pacer import ProcessPacer
from analysis.prices.port import NOTHING_KNOWN, History, PriceError, PriceErrorKind
from analysis.prices.quality import check_bars
from analysis.prices.yahoo import YahooPrices
from analysis.prices.yahoo_session import YahooSession
from tests.yahoo_standin.behaviours import as_json
from tests.yahoo_standin.market import Market
from tests.yahoo_standin.server import YahooStandIn, running

TICKER = "A.NS"
SINCE, LAST = date(2026, 4, 1), date(2026, 4, 24)
NOW = datetime(2026, 4, 25, 12, 0, tzinfo=UTC)
VALUES: list[object] = [
    None, "text", "", "12", 10**400, 1e308, 10**18, 10**12, -5, -1e308, 0, 1e-308, math.nan, math.inf, -math.inf,
    [], [1], {}, {"raw": 1}, True, False,
]  # fmt: skip

type Path = tuple[str | int, ...]


class OneAnswer:
    """A source that has one answer of Yahoo, for its ticker and any day."""

    name = "yahoo"
    is_incremental = True

    def __init__(self, answer: History | PriceError) -> None:
        self.answer = answer

    def fetch_daily(
        self, tickers: Sequence[str], since: date | None, instruments: Mapping[str, Instrument] = NOTHING_KNOWN
    ) -> dict[str, History | PriceError]:
        return dict.fromkeys(tickers, self.answer)

    def has_changed(self, ticker: str, since: datetime) -> bool:
        return False


@pytest.fixture
def standin(new_yfinance: None) -> Iterator[YahooStandIn]:
    with running() as server:
        yield server


@pytest.fixture
def yahoo(standin: YahooStandIn, tmp_path_factory: pytest.TempPathFactory) -> YahooPrices:
    session = YahooSession(standin.address, pacer=ProcessPacer(math.inf))
    return YahooPrices(tmp_path_factory.getbasetemp() / "yahoo-cache", session)


def make_chart() -> dict[str, Any]:
    market = Market(until=lambda _: LAST)
    market.dividends[TICKER] = {date(2026, 4, 9): 0.02, date(2026, 4, 22): 0.01}
    market.splits[TICKER] = {date(2026, 4, 16): 2.0}
    return market.chart(TICKER, SINCE, LAST)


def paths_in(part: Any, path: Path = ()) -> Iterator[Path]:
    """Return the ways to all elements of an answer: objects and lists, each member of an object, and some of a list."""
    yield path
    if isinstance(part, dict):
        for name, member in part.items():
            yield from paths_in(member, (*path, name))
    elif isinstance(part, list):
        for row in sorted({0, len(part) // 2, len(part) - 1}) if part else ():
            yield from paths_in(part[row], (*path, row))


def replaced(chart: dict[str, Any], path: Path, value: object) -> Any:
    if not path:
        return value
    changed = copy.deepcopy(chart)
    part: Any = changed
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = value
    return changed


def assert_usable(answer: History | PriceError, sound: History) -> None:
    """Assert that a history can be merged with stored bars, stored and checked."""
    if isinstance(answer, PriceError):
        assert answer.kind in {PriceErrorKind.BAD_DATA, PriceErrorKind.NO_DATA}
        return
    bars = answer.bars
    assert len(bars)
    assert not np.isnat(bars.session).any()
    assert bars.session.min() >= np.datetime64(SINCE - timedelta(days=1))
    assert (np.diff(bars.session) >= np.timedelta64(0)).all()
    assert not np.isinf([bars.open, bars.high, bars.low, bars.close, bars.volume]).any()
    short = History(sound.bars[:-2], adjusted=True)
    for stored in ({}, {TICKER: sound}, {TICKER: short}):
        joined = refresh_histories(OneAnswer(answer), [TICKER], stored, first_day=SINCE, now=NOW)[TICKER]
        if isinstance(joined, History):
            assert not np.isnat(joined.bars.session).any()
            assert joined.bars.close[-1] > 0
            assert joined.traded
            pack_bars(joined.bars)
            pack_traded(joined.traded)
            assert json.dumps([finding.as_dict() for finding in joined.findings])
            check_bars(joined.bars, instrument=instrument_of(TICKER), now=NOW)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: f"{str(value)[:9]!r}")
def test_an_answer_with_one_odd_element_gives_usable_bars_or_an_error(
    value: object, yahoo: YahooPrices, standin: YahooStandIn
) -> None:
    chart = make_chart()
    standin.behaviours[TICKER] = lambda _: as_json(chart)
    sound = yahoo.fetch_daily([TICKER], SINCE)[TICKER]
    assert isinstance(sound, History)
    assert sound.traded
    assert (len(sound.traded.dividends), len(sound.traded.splits)) == (2, 1)
    paths = list(paths_in(chart))
    assert len(paths) > 60
    failed = []
    for path in paths:
        odd = replaced(chart, path, value)
        standin.behaviours[TICKER] = lambda _: as_json(odd)  # noqa: B023
        try:
            assert_usable(yahoo.fetch_daily([TICKER], SINCE)[TICKER], sound)
        except Exception as error:  # noqa: BLE001  # all failures are listed
            failed.append((path, f"{error!r:.200}"))
    assert failed == []
