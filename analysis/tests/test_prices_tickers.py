"""What may be a ticker, and which source answers for it."""

import math
from datetime import date
from pathlib import Path

import pytest

from analysis.prices.csv_folder import CsvPrices
from analysis.prices.demo import DemoMarket
from analysis.prices.pacer import ProcessPacer
from analysis.prices.port import History
from analysis.prices.registry import source_named
from analysis.prices.tickers import is_well_formed, normalise
from analysis.prices.yahoo import YahooPrices
from tests.yahoo_standin.server import running


@pytest.mark.parametrize(
    "ticker", ["TCS.NS", "M&M.NS", "BAJAJ-AUTO.NS", "AAPL", "^NSEI", "EURUSD=X", "0700.HK", "GC=F", "B&D.DEMO"]
)
def test_yahoo_symbols_are_well_formed(ticker: str) -> None:
    assert is_well_formed(ticker)


@pytest.mark.parametrize(
    "ticker",
    [
        "",
        "tcs.ns",
        "TCS NS",
        "TCS;NS",
        "../ETC",
        ".NS",
        "TCS/NS",
        "A" * 21,
        "TCS.NS\n",
        "₹",
        "INE467B01029",
        "-X",
        "A\\B",
    ],
)
def test_anything_else_is_refused(ticker: str) -> None:
    assert not is_well_formed(ticker)


def test_a_ticker_is_stripped_and_capitalised() -> None:
    assert normalise("  m&m.ns ") == "M&M.NS"


@pytest.mark.parametrize(("name", "source"), [("yahoo", YahooPrices), ("csv", CsvPrices), ("demo", DemoMarket)])
def test_a_setting_names_a_source_that_knows_its_name(name: str, source: type, tmp_path: Path) -> None:
    named = source_named(name, csv_folder=tmp_path, cache_folder=tmp_path / "cache")
    assert isinstance(named, source)
    assert named.name == name
    assert source_named(name, csv_folder=tmp_path, cache_folder=tmp_path / "cache") is named


def test_yahoo_is_asked_where_it_is_said_to_be(tmp_path: Path) -> None:
    with running() as standin:
        yahoo = source_named(
            "yahoo", csv_folder=tmp_path, cache_folder=tmp_path, yahoo_url=standin.address, pacer=ProcessPacer(math.inf)
        )
        assert isinstance(yahoo.fetch_daily(["TCS.NS"], date(2026, 1, 1))["TCS.NS"], History)
        assert standin.requests == {"TCS.NS": 1}


def test_an_unknown_source_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'bloomberg' is not a price source"):
        source_named("bloomberg", csv_folder=tmp_path, cache_folder=tmp_path)
