"""Instruments: kind, market, currency, unit, decimals and volume, by a ticker's form and by what is said of it."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analysis.prices.currencies import currency_code, main_currency, unit_of
from analysis.prices.instruments import (
    InstrumentKind,
    exchange_of,
    instrument_of,
)
from analysis.prices.sessions import are_sessions, find_assumed_weekdays, last_closed_session, sessions_late

INDIA, LONDON, NEW_YORK = ZoneInfo("Asia/Kolkata"), ZoneInfo("Europe/London"), ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("ticker", "kind", "exchange", "currency"),
    [
        ("TCS.NS", InstrumentKind.SHARE, "NSE", "INR"),
        ("TCS.BO", InstrumentKind.SHARE, "BSE", "INR"),
        ("AAPL", InstrumentKind.SHARE, "US", "USD"),
        ("BRK-B", InstrumentKind.SHARE, "US", "USD"),
        ("BAC-PL", InstrumentKind.SHARE, "US", "USD"),
        ("VOD.L", InstrumentKind.SHARE, "LSE", "GBp"),
        ("SBK.JO", InstrumentKind.SHARE, "JSE", "ZAc"),
        ("KEN.TA", InstrumentKind.SHARE, "TASE", "ILA"),
        ("NOVO-B.CO", InstrumentKind.SHARE, "COPENHAGEN", "DKK"),
        ("7203.T", InstrumentKind.SHARE, "TSE", "JPY"),
        ("0700.HK", InstrumentKind.SHARE, "HKEX", "HKD"),
        ("KAVERI.DEMO", InstrumentKind.SHARE, "DEMO-IN", "INR"),
        ("QUILLMERE.DEMO", InstrumentKind.SHARE, "DEMO-US", "USD"),
        ("X.NOWHERE", InstrumentKind.SHARE, "OTHER", ""),
        ("BTC-USD", InstrumentKind.CRYPTO, "CRYPTO", "USD"),
        ("BTC-EUR", InstrumentKind.CRYPTO, "CRYPTO", "EUR"),
        ("ETH-BTC", InstrumentKind.CRYPTO, "CRYPTO", "BTC"),
        ("1INCH-USD", InstrumentKind.CRYPTO, "CRYPTO", "USD"),
        ("SHIB-INR", InstrumentKind.CRYPTO, "CRYPTO", "INR"),
        ("EURUSD=X", InstrumentKind.PAIR, "FOREX", "USD"),
        ("INR=X", InstrumentKind.PAIR, "FOREX", "INR"),
        ("GBPINR=X", InstrumentKind.PAIR, "FOREX", "INR"),
        ("GC=F", InstrumentKind.FUTURE, "FUTURES", "USD"),
        ("^NSEI", InstrumentKind.INDEX, "NSE", "INR"),
        ("^NSEBANK", InstrumentKind.INDEX, "NSE", "INR"),
        ("^CNXIT", InstrumentKind.INDEX, "NSE", "INR"),
        ("^BSESN", InstrumentKind.INDEX, "BSE", "INR"),
        ("^GSPC", InstrumentKind.INDEX, "US", "USD"),
        ("^SP500-45", InstrumentKind.INDEX, "US", "USD"),
        ("^N225", InstrumentKind.INDEX, "TSE", "JPY"),
        ("^FTSE", InstrumentKind.INDEX, "LSE", "GBp"),
        ("^NOWHERE", InstrumentKind.INDEX, "OTHER", ""),
    ],
)
def test_the_form_of_a_ticker_tells_kind_exchange_and_currency(
    ticker: str, kind: InstrumentKind, exchange: str, currency: str
) -> None:
    instrument = instrument_of(ticker)
    assert (instrument.kind, instrument.exchange.code, instrument.currency) == (kind, exchange, currency)


def test_a_report_decides_what_the_form_does_not_tell() -> None:
    index = instrument_of("^OMXH25", exchange="HELSINKI", currency="EUR", kind="index")
    assert (index.exchange.code, index.currency) == ("HELSINKI", "EUR")
    assert instrument_of("VWILX", kind="fund").kind is InstrumentKind.FUND
    assert instrument_of("NIFTYBEES.NS", kind="fund").exchange.code == "NSE"
    assert instrument_of("MWRL.L", currency="GBP").unit == 1
    assert instrument_of("BTC-USD", kind="share", exchange="US").kind is InstrumentKind.CRYPTO
    assert instrument_of("AAPL", exchange="anything that a list says").exchange.code == "US"


def test_pence_cents_and_fils_are_parts_of_money() -> None:
    codes = ("GBp", "ZAc", "ILA", "USX", "KWF", "GBP", "INR")
    assert [(main_currency(code), unit_of(code)) for code in codes] == [
        ("GBP", 100), ("ZAR", 100), ("ILS", 100), ("USD", 100), ("KWD", 1000), ("GBP", 1), ("INR", 1),
    ]  # fmt: skip
    assert instrument_of("NBK.KW", currency="KWF").turnover(1000, 950.0) == 950.0
    assert [currency_code(text) for text in ("GBX", "GBp", "gbp", "ZAC", "ILA", "KWF", "inr", "₹", "3.5", "")] == [
        "GBp", "GBp", "GBP", "ZAc", "ILA", "KWF", "INR", "INR", "", "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("ticker", "hint", "price", "decimals"),
    [
        ("TCS.NS", None, 2396.9, 2),
        ("TCS.NS", None, 10.0, 2),
        ("PENNY.NS", None, 9.95, 4),
        ("PENNY.NS", None, 0.85, 5),
        ("SNDL", 4, 0.3349, 5),
        ("OTCX", None, 0.0012, 7),
        ("TINY.L", None, 0.035, 6),
        ("SHIB-USD", None, 0.0000123, 9),
        ("BTC-USD", None, 59_282.18, 2),
        ("GBPUSD=X", None, 1.18444, 5),
        ("GBPUSD=X", 4, 1.18444, 5),
        ("JPY=X", None, 150.123, 4),
        ("IDR=X", 0, 15_700.5, 1),
        ("ZN=F", 6, 110.234375, 6),
        ("005930.KS", None, 70_000.0, 0),
        ("0700.HK", None, 512.5, 3),
        ("X.NOWHERE", None, 0.0, 2),
    ],
)
def test_a_price_has_the_decimals_that_its_size_needs(
    ticker: str, hint: int | None, price: float, decimals: int
) -> None:
    assert instrument_of(ticker, source_decimals=hint).decimals_at(price) == decimals


def test_volume_is_unknown_where_there_is_none_throughout_or_where_it_means_nothing() -> None:
    some, none = np.full(300, 1000.0), np.zeros(300)
    halted, holes = some.copy(), some.copy()
    halted[20:], holes[::4] = 0.0, 0.0

    share, index = instrument_of("TCS.NS"), instrument_of("^NSEI")
    assert all(share.is_volume_known(volume) for volume in (some, halted, holes))
    assert not share.is_volume_known(none)
    assert not share.is_volume_known(np.full(300, np.nan))
    assert instrument_of("^GSPC").is_volume_known(some)
    assert not index.is_volume_known(holes)
    assert not instrument_of("EURUSD=X").is_volume_known(some)


@pytest.mark.parametrize(
    ("ticker", "moment", "expected"),
    [
        ("^NSEI", datetime(2026, 11, 20, 15, 59, tzinfo=INDIA), date(2026, 11, 19)),
        ("^NSEI", datetime(2026, 11, 20, 16, 0, tzinfo=INDIA), date(2026, 11, 20)),
        ("^NSEI", datetime(2026, 11, 23, 12, 0, tzinfo=INDIA), date(2026, 11, 20)),
        ("^GSPC", datetime(2026, 11, 26, 20, 0, tzinfo=NEW_YORK), date(2026, 11, 25)),
        ("^GSPC", datetime(2026, 11, 27, 13, 30, tzinfo=NEW_YORK), date(2026, 11, 27)),
        ("BTC-USD", datetime(2026, 11, 21, 21, 45, tzinfo=UTC), date(2026, 11, 20)),
        ("BTC-USD", datetime(2026, 11, 22, 0, 29, tzinfo=UTC), date(2026, 11, 20)),
        ("BTC-USD", datetime(2026, 11, 22, 0, 30, tzinfo=UTC), date(2026, 11, 21)),
        ("BTC-USD", datetime(2026, 11, 23, 0, 30, tzinfo=UTC), date(2026, 11, 22)),
        ("BTC-EUR", datetime(2026, 12, 26, 0, 30, tzinfo=UTC), date(2026, 12, 25)),
        ("EURUSD=X", datetime(2026, 11, 22, 23, 30, tzinfo=LONDON), date(2026, 11, 20)),
        ("EURUSD=X", datetime(2026, 11, 24, 0, 29, tzinfo=LONDON), date(2026, 11, 20)),
        ("EURUSD=X", datetime(2026, 11, 24, 0, 30, tzinfo=LONDON), date(2026, 11, 23)),
        ("EURUSD=X", datetime(2026, 7, 8, 0, 30, tzinfo=LONDON), date(2026, 7, 7)),
        ("GC=F", datetime(2026, 11, 20, 18, 30, tzinfo=NEW_YORK), date(2026, 11, 20)),
        ("GC=F", datetime(2026, 11, 22, 20, 0, tzinfo=NEW_YORK), date(2026, 11, 20)),
        ("GC=F", datetime(2026, 12, 25, 20, 0, tzinfo=NEW_YORK), date(2026, 12, 24)),
        ("AV.L", datetime(2026, 11, 20, 17, 0, tzinfo=LONDON), date(2026, 11, 20)),
        ("AV.L", datetime(2026, 12, 24, 13, 0, tzinfo=LONDON), date(2026, 12, 24)),
        ("VWILX", datetime(2026, 11, 20, 16, 30, tzinfo=NEW_YORK), date(2026, 11, 20)),
    ],
)
def test_a_session_ends_when_the_instrument_stops_trading(ticker: str, moment: datetime, expected: date) -> None:
    exchange = exchange_of(ticker)
    assert last_closed_session(exchange, moment) == expected
    assert sessions_late(exchange, expected, moment) == 0


def test_round_the_clock_markets_have_no_unknown_holidays() -> None:
    for ticker in ("BTC-USD", "EURUSD=X"):
        assert find_assumed_weekdays(exchange_of(ticker), date(2026, 12, 25)) is None
    weekend = np.array(["2026-11-20", "2026-11-21", "2026-11-22"], dtype="datetime64[D]")
    assert are_sessions(exchange_of("BTC-USD"), weekend).tolist() == [True, True, True]
    assert are_sessions(exchange_of("EURUSD=X"), weekend).tolist() == [True, False, False]
    assert are_sessions(exchange_of("GC=F"), weekend).tolist() == [True, False, False]


def test_turnover_is_in_money() -> None:
    assert instrument_of("AV.L").turnover(1000.0, 842.9) == pytest.approx(8429.0)
    assert instrument_of("TCS.NS").turnover(10.0, 2400.0) == 24_000.0
    assert instrument_of("BTC-USD").turnover(4e9, 60_000.0) == 4e9
