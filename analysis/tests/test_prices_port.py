"""The port's values: they survive JSON, pickling and the way to another process."""

import json
import pickle
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from analysis.engine.bars import Bars
from analysis.prices.csv_folder import CsvPrices
from analysis.prices.demo import DemoMarket
from analysis.prices.port import (
    Finding,
    History,
    PriceError,
    PriceErrorKind,
    PriceSource,
    StockMetadata,
    TradedPrices,
)
from analysis.prices.yahoo import YahooPrices


@pytest.mark.parametrize("session", [None, date(2026, 4, 24)])
def test_a_finding_survives_json(session: date | None) -> None:
    finding = Finding("gap", "1 gap of more than 5 sessions, before 2026-04-24.", "warning", session)
    assert Finding.from_dict(json.loads(json.dumps(finding.as_dict()))) == finding


def test_a_finding_of_an_unknown_severity_is_refused() -> None:
    stored = Finding("gap", "A gap.", "warning").as_dict() | {"severity": "fatal"}
    with pytest.raises(ValueError, match="'fatal' is not a severity"):
        Finding.from_dict(stored)


def test_an_error_reads_as_its_sentence_and_survives_pickling() -> None:
    error = PriceError(PriceErrorKind.RATE_LIMITED, "Wait a little.", permanent=False)
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert str(copy) == "Wait a little."
    assert (copy.kind, copy.message, copy.permanent) == (PriceErrorKind.RATE_LIMITED, "Wait a little.", False)


def test_every_source_keeps_to_the_port(tmp_path: Path) -> None:
    sources: list[PriceSource] = [CsvPrices(tmp_path), DemoMarket(), YahooPrices(tmp_path)]
    assert [source.name for source in sources] == ["csv", "demo", "yahoo"]
    assert [source.fetch_daily([], None) for source in sources] == [{}, {}, {}]


def make_traded(first: str, dividend: list[float]) -> TradedPrices:
    days = np.datetime64(first) + np.arange(len(dividend))
    return TradedPrices(days, np.full(len(dividend), 100.0), np.ones(len(dividend)), np.array(dividend))


def test_dividends_of_the_days_that_are_fetched_again_replace_those_that_were_stored() -> None:
    stored = make_traded("2026-04-20", [1.0, 0.0, 2.0, 0.0])
    joined = stored.joined_with(make_traded("2026-04-22", [2.5, 0.0, 3.0]))
    assert joined.dividends == {date(2026, 4, 20): 1.0, date(2026, 4, 22): 2.5, date(2026, 4, 24): 3.0}
    assert joined.session.tolist() == [date(2026, 4, day) for day in (20, 21, 22, 23, 24)]
    assert joined.until(date(2026, 4, 23)).dividends == {date(2026, 4, 20): 1.0, date(2026, 4, 22): 2.5}
    assert len(joined.until(date(2026, 4, 23)).dividend) == 4


@pytest.mark.parametrize(
    ("dividend", "lacks"), [([0.0] * 4, False), ([np.nan] * 4, True), ([np.nan, 0.0, 0.0, 1.0], False)]
)
def test_a_history_lacks_dividends_if_most_are_not_known(dividend: list[float], lacks: bool) -> None:
    traded = make_traded("2026-04-20", dividend)
    price = traded.close
    bars = Bars(traded.session, price, price, price, price, price)
    assert History(bars, adjusted=True, traded=traded).lacks_dividends == lacks
    assert not History(bars, adjusted=True).lacks_dividends  # its source has none at all


@pytest.mark.parametrize(
    "metadata",
    [
        StockMetadata(),
        StockMetadata("", "GBp", "share", "LSE", 0, "AV.L", "LSE", date(1962, 1, 2)),
        StockMetadata(symbol="X", exchange_name="A & B"),
    ],
)
def test_what_is_kept_of_metadata_survives_json(metadata: StockMetadata) -> None:
    stored = json.loads(json.dumps(metadata.as_dict()))
    assert StockMetadata.from_dict(stored) == metadata
    assert "" not in stored.values()
