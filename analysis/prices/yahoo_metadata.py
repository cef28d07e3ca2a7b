"""Yahoo's metadata: what the `meta` of a chart answer says of the instrument."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from analysis.prices.currencies import currency_code
from analysis.prices.exchanges import EXCHANGE_BY_YAHOO_CODE, UNKNOWN_EXCHANGE, Exchange
from analysis.prices.instruments import MOST_DECIMALS, InstrumentKind, instrument_of
from analysis.prices.port import Finding, StockMetadata

START = datetime(1970, 1, 1, tzinfo=UTC)  # of Yahoo's times
LONGEST_TEXT = 200
_KINDS: dict[str, str] = {
    "EQUITY": InstrumentKind.SHARE,
    "ETF": InstrumentKind.FUND,
    "MUTUALFUND": InstrumentKind.FUND,
    "INDEX": InstrumentKind.INDEX,
    "CURRENCY": InstrumentKind.PAIR,
    "CRYPTOCURRENCY": InstrumentKind.CRYPTO,
    "FUTURE": InstrumentKind.FUTURE,
}


def read_metadata(about: Mapping[str, Any]) -> StockMetadata:
    """Return what the `meta` of Yahoo's chart answer says of the instrument; what is missing or odd stays empty."""
    exchange = EXCHANGE_BY_YAHOO_CODE.get(_read_text(about.get("exchangeName")), UNKNOWN_EXCHANGE)
    decimals = about.get("priceHint")
    return StockMetadata(
        name=_read_text(about.get("longName")) or _read_text(about.get("shortName")),
        currency=currency_code(_read_text(about.get("currency"))),
        kind=_KINDS.get(_read_text(about.get("instrumentType")), ""),
        exchange=exchange.code if exchange is not UNKNOWN_EXCHANGE else "",
        decimals=decimals if type(decimals) is int and 0 <= decimals <= MOST_DECIMALS else None,
        symbol=_read_text(about.get("symbol")),
        exchange_name=_read_text(about.get("fullExchangeName")),
        first_trade_date=_read_day(about.get("firstTradeDate"), exchange),
    )


def _read_text(value: object) -> str:
    """Return a text without characters that are not shown, which a database may refuse; empty for anything else."""
    text = " ".join(value.split()) if isinstance(value, str) else ""
    return "".join(filter(str.isprintable, text))[:LONGEST_TEXT]


def _read_day(value: object, exchange: Exchange) -> date | None:
    """Return the day at the exchange of a time, as yfinance gives it, or of Yahoo's seconds since 1970; else None.

    0 is no first trade: 1 January 1970 was a holiday.
    """
    if isinstance(value, pd.Timestamp):
        return value.date()
    if isinstance(value, bool) or not isinstance(value, int | float) or not value:
        return None
    try:
        moment = START + timedelta(seconds=value)
        return moment.astimezone(ZoneInfo(exchange.timezone)).date()
    except (OverflowError, ValueError):
        return None


def find_other_currency(ticker: str, currency: str) -> Finding | None:
    """Return the finding that prices are in another currency than is usual on the ticker's exchange; None otherwise."""
    instrument = instrument_of(ticker)
    if not currency or currency == instrument.currency or not instrument.currency:
        return None
    usual = f"on {instrument.exchange.name} they are usually in {instrument.currency}"
    message = f"Yahoo gives prices in {currency}; {usual}."
    return Finding("other_currency", message, "warning")
