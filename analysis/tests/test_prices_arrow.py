"""Stored bars: what goes in comes out, and damage is noticed."""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from analysis.engine.bars import Bars
from analysis.prices.arrow import checksum, pack_bars, pack_traded, unpack_bars, unpack_traded
from analysis.prices.port import TradedPrices


def make_bars(count: int) -> Bars:
    session = np.datetime64("2020-01-01") + np.arange(count)
    columns = np.random.default_rng(7).lognormal(4.0, 0.5, (5, count))
    return Bars(session, *columns)


def make_traded(bars: Bars) -> TradedPrices:
    """Closes with two decimals, a split, and a dividend in each quarter."""
    dividend = np.zeros(len(bars))
    dividend[30::62] = np.round(0.24 * 1.015 ** np.arange(len(dividend[30::62])), 4)
    split = np.ones(len(bars))
    split[40::900] = 2.0
    return TradedPrices(bars.session, np.round(bars.close, 2), split, dividend)


def pack_without_dividends(traded: TradedPrices) -> bytes:
    """The bytes as earlier versions stored them."""
    columns = {"session": traded.session, "close": traded.close, "split": traded.split}
    batch = pa.record_batch([pa.array(column) for column in columns.values()], names=list(columns))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue().to_pybytes())


def assert_same(one: Bars, other: Bars) -> None:
    for column in ("session", "open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(getattr(one, column), getattr(other, column))
    assert one.session.dtype == other.session.dtype == np.dtype("datetime64[D]")


@pytest.mark.parametrize("count", [0, 1, 43, 1250])
def test_bars_come_out_as_they_went_in(count: int) -> None:
    bars = make_bars(count)
    assert_same(unpack_bars(pack_bars(bars)), bars)


def test_missing_prices_stay_missing() -> None:
    bars = make_bars(5)
    bars.close[2] = np.nan
    assert_same(unpack_bars(pack_bars(bars)), bars)


def test_a_slice_of_bars_is_packed_alone() -> None:
    bars = make_bars(1250)
    assert_same(unpack_bars(pack_bars(bars[-43:])), bars[-43:])
    assert len(pack_bars(bars[-43:])) < len(pack_bars(bars)) / 10


def test_stored_bars_are_smaller_than_their_numbers() -> None:
    bars = make_bars(1250)
    prices = np.round(bars.close, 2)
    rounded = Bars(bars.session, prices, prices, prices, prices, np.round(bars.volume))
    assert len(pack_bars(rounded)) < 1250 * 6 * 8 * 0.8


def other_columns() -> bytes:
    sink = pa.BufferOutputStream()
    batch = pa.record_batch([pa.array([1.0])], names=["price"])
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue().to_pybytes())


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"not arrow at all",
        b"\x00" * 200,
        pack_bars(make_bars(100))[:-600],
        pack_bars(make_bars(100))[20:],
        other_columns(),
    ],
    ids=["empty", "text", "zeros", "cut short", "beginning lost", "other columns"],
)
def test_what_pack_did_not_store_is_refused_in_words(stored: bytes) -> None:
    with pytest.raises(ValueError, match=r"^The stored bars .*\.$"):
        unpack_bars(stored)


@pytest.mark.parametrize("count", [0, 1, 43, 1250])
def test_unadjusted_closes_splits_and_dividends_come_out_as_they_went_in(count: int) -> None:
    traded = make_traded(make_bars(count))
    read = unpack_traded(pack_traded(traded))
    for column in ("session", "close", "split", "dividend"):
        np.testing.assert_array_equal(getattr(read, column), getattr(traded, column))
    assert (read.splits, read.dividends) == (traded.splits, traded.dividends)


def test_dividends_of_prices_that_an_earlier_version_stored_are_not_known() -> None:
    traded = make_traded(make_bars(1250))
    read = unpack_traded(pack_without_dividends(traded))
    np.testing.assert_array_equal(read.close, traded.close)
    assert read.splits == traded.splits
    assert np.isnan(read.dividend).all()
    assert (read.dividends, read.knows_dividends_since) == ({}, None)
    assert not read.dividend.flags.writeable
    unpacked = unpack_traded(pack_without_dividends(make_traded(make_bars(0))))
    assert len(unpacked.dividend) == 0


def test_dividends_of_five_years_take_less_than_a_kilobyte() -> None:
    traded = make_traded(make_bars(1250))
    assert len(traded.dividends) == 20
    assert len(pack_traded(traded)) - len(pack_without_dividends(traded)) < 1000


def test_dividends_are_known_from_the_session_after_the_last_unknown_one() -> None:
    traded = make_traded(make_bars(50))
    assert traded.knows_dividends_since == date(2020, 1, 1)
    traded.dividend[[3, 20]] = np.nan
    assert traded.knows_dividends_since == date(2020, 1, 22)
    traded.dividend[-1] = np.nan
    assert traded.knows_dividends_since is None


@pytest.mark.parametrize("stored", [b"", pack_bars(make_bars(9)), other_columns()], ids=["empty", "bars", "other"])
def test_other_bytes_are_no_unadjusted_closes(stored: bytes) -> None:
    with pytest.raises(ValueError, match=r"^The stored bars .*\.$"):
        unpack_traded(stored)


def test_a_checksum_tells_different_bars_apart() -> None:
    bars = make_bars(100)
    stored = pack_bars(bars)
    assert checksum(stored) == checksum(pack_bars(bars))
    assert checksum(stored) != checksum(pack_bars(bars[1:]))
    assert len(checksum(stored)) == 64
