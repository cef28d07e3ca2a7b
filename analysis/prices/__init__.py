"""Prices: where daily bars come from, how good they are, and which sessions they should reach.

A `PriceSource` answers `daily(tickers, since)` with one `History` or one `PriceError` per ticker; it raises nothing for
the batch and never stands in for another source. A history holds the bars as the source had them. They are stored so
(`pack`), and pass the quality gate (`check`) before every use: it repairs what can be repaired, drops the session
that has not closed, and says in findings what it did and what it noticed. `source_for` picks the source of a ticker.

`refresh` is how stored histories are brought up to date, with as few requests as that takes; a `Pacer` gives leave
for each request to Yahoo, and `pace` holds the rules by which one decides.
"""

from analysis.prices.arrow import checksum, pack, unpack
from analysis.prices.csv_folder import CsvPrices
from analysis.prices.demo import DemoMarket
from analysis.prices.demo_companies import COMPANIES, Company
from analysis.prices.exchanges import Exchange, currency_code, exchange_named, exchange_of
from analysis.prices.incremental import Readjusted, merge, refresh
from analysis.prices.pace import Mode, Pace, Pacer, ProcessPacer, Reason
from analysis.prices.port import ErrorKind, Finding, History, PriceError, PriceSource
from analysis.prices.quality import Checked, check
from analysis.prices.registry import source_for, source_named
from analysis.prices.screener import Listed, listed_in
from analysis.prices.sessions import (
    assumed_weekdays,
    calendar_end,
    due_at,
    last_closed_session,
    latest_today,
    newest_due,
    session_after,
    sessions_between,
    sessions_late,
    today,
)
from analysis.prices.tickers import is_demo, is_well_formed, no_ticker, normalise
from analysis.prices.yahoo import YahooPrices
from analysis.prices.yahoo_session import YahooSession

__all__ = [
    "COMPANIES",
    "Checked",
    "Company",
    "CsvPrices",
    "DemoMarket",
    "ErrorKind",
    "Exchange",
    "Finding",
    "History",
    "Listed",
    "Mode",
    "Pace",
    "Pacer",
    "PriceError",
    "PriceSource",
    "ProcessPacer",
    "Readjusted",
    "Reason",
    "YahooPrices",
    "YahooSession",
    "assumed_weekdays",
    "calendar_end",
    "check",
    "checksum",
    "currency_code",
    "due_at",
    "exchange_named",
    "exchange_of",
    "is_demo",
    "is_well_formed",
    "last_closed_session",
    "latest_today",
    "listed_in",
    "merge",
    "newest_due",
    "no_ticker",
    "normalise",
    "pack",
    "refresh",
    "session_after",
    "sessions_between",
    "sessions_late",
    "source_for",
    "source_named",
    "today",
    "unpack",
]
