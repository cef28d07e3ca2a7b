"""The port's values: they survive JSON, pickling and the way to another process."""

import json
import pickle
from datetime import date
from pathlib import Path

import pytest

from analysis.prices.csv_folder import CsvPrices
from analysis.prices.demo import DemoMarket
from analysis.prices.port import Finding, PriceError, PriceErrorKind, PriceSource
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
