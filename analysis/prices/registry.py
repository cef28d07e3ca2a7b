"""The registry: price sources by name."""

from functools import cache
from pathlib import Path

from analysis.prices.csv_folder import CsvPrices
from analysis.prices.demo import DemoMarket
from analysis.prices.pacer import Pacer
from analysis.prices.port import PriceSource
from analysis.prices.yahoo import YahooPrices
from analysis.prices.yahoo_session import YahooSession

_DEMO_MARKET = DemoMarket()


@cache
def source_named(
    name: str,
    *,
    csv_folder: Path,
    cache_folder: Path,
    yahoo_url: str = "",
    pacer: Pacer | None = None,
    seconds: float = 60.0,
) -> PriceSource:
    """Return the process's single source of this name: `yahoo`, `csv` or `demo`. Raise ValueError for others.

    `pacer` permits each request to Yahoo, at `yahoo_url` if that is not empty; `seconds` limits the time of a ticker
    there, without the pacer's waits.
    """
    match name:
        case "yahoo":
            return YahooPrices(cache_folder, YahooSession(yahoo_url, pacer=pacer, seconds=seconds))
        case "csv":
            return CsvPrices(csv_folder)
        case "demo":
            return _DEMO_MARKET
    raise ValueError(f"{name!r} is not a price source: yahoo, csv and demo are.")
