"""Prices: the sources of daily bars, their quality, and the sessions that they should reach.

`PriceSource.fetch_daily(tickers, since)` returns one `History` or one `PriceError` per ticker; it raises nothing for
the batch and never falls back to another source. A history holds the bars as the source had them. They are stored like
that (`pack_bars`) and pass the quality gate (`check_bars`) before every use: it repairs errors, drops the session that
has not closed, and reports repairs and suspicions as findings. `source_for` returns the source of a ticker.

`refresh_histories` updates stored histories with as few requests as possible; a `Pacer` permits each request to Yahoo
by the rules in `pace`.
"""

from analysis.prices.arrow import checksum, pack_bars, unpack_bars
from analysis.prices.csv_folder import CsvPrices
from analysis.prices.demo import DemoMarket
from analysis.prices.demo_companies import COMPANIES, Company
from analysis.prices.exchanges import Exchange, currency_code, exchange_named, exchange_of
from analysis.prices.incremental import Readjustment, merge_bars, refresh_histories
from analysis.prices.pace import Pace, PaceMode, Pacer, PauseReason, ProcessPacer
from analysis.prices.port import Finding, History, PriceError, PriceErrorKind, PriceSource
from analysis.prices.quality import CheckedBars, check_bars
from analysis.prices.registry import source_for, source_named
from analysis.prices.sessions import (
    calendar_end,
    due_at,
    find_assumed_weekdays,
    last_closed_session,
    latest_due_session,
    latest_today,
    session_after,
    sessions_between,
    sessions_late,
    today,
)
from analysis.prices.tickers import invalid_ticker_message, is_demo, is_well_formed, normalise
from analysis.prices.yahoo import YahooPrices
from analysis.prices.yahoo_listing import ListedStock, fetch_listing
from analysis.prices.yahoo_session import YahooSession

__all__ = [
    "COMPANIES",
    "CheckedBars",
    "Company",
    "CsvPrices",
    "DemoMarket",
    "Exchange",
    "Finding",
    "History",
    "ListedStock",
    "Pace",
    "PaceMode",
    "Pacer",
    "PauseReason",
    "PriceError",
    "PriceErrorKind",
    "PriceSource",
    "ProcessPacer",
    "Readjustment",
    "YahooPrices",
    "YahooSession",
    "calendar_end",
    "check_bars",
    "checksum",
    "currency_code",
    "due_at",
    "exchange_named",
    "exchange_of",
    "fetch_listing",
    "find_assumed_weekdays",
    "invalid_ticker_message",
    "is_demo",
    "is_well_formed",
    "last_closed_session",
    "latest_due_session",
    "latest_today",
    "merge_bars",
    "normalise",
    "pack_bars",
    "refresh_histories",
    "session_after",
    "sessions_between",
    "sessions_late",
    "source_for",
    "source_named",
    "today",
    "unpack_bars",
]
