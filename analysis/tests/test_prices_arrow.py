"""Stored bars: what goes in comes out, and damage is noticed."""

import numpy as np
import pyarrow as pa
import pytest

from analysis.engine.bars import Bars
from analysis.prices.arrow import checksum, pack_bars, unpack_bars


def make_bars(count: int) -> Bars:
    session = np.datetime64("2020-01-01") + np.arange(count)
    columns = np.random.default_rng(7).lognormal(4.0, 0.5, (5, count))
    return Bars(session, *columns)


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


def test_a_checksum_tells_different_bars_apart() -> None:
    bars = make_bars(100)
    stored = pack_bars(bars)
    assert checksum(stored) == checksum(pack_bars(bars))
    assert checksum(stored) != checksum(pack_bars(bars[1:]))
    assert len(checksum(stored)) == 64
