"""Dividends that do not agree with what prices were adjusted by."""

import csv
import os
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from analysis.prices.dividends import Dividend, DividendSummary, find_dividend_mismatches, summarise_dividends
from analysis.prices.port import TradedPrices

SESSION = np.arange("2026-04-01", "2026-04-11", dtype="datetime64[D]")
CLOSE = np.full(10, 100.0)
YEARS = np.arange("2024-01-01", "2026-02-28", dtype="datetime64[D]")


def found(amounts: dict[int, float], shares: dict[int, float]) -> str:
    """What is said of dividends of these amounts when prices before are adjusted by these shares, by row."""
    dividend, adjusted = np.zeros(10), CLOSE.copy()
    for row, amount in amounts.items():
        dividend[row] = amount
    for row, share in shares.items():
        adjusted[:row] *= 1 - share
    findings = find_dividend_mismatches(SESSION, CLOSE, adjusted, dividend)
    assert {(finding.code, finding.severity) for finding in findings} <= {("dividend_mismatch", "warning")}
    return " ".join(finding.message for finding in findings)


@pytest.mark.parametrize(("amount", "share"), [(2.0, 0.02), (2.4, 0.02), (50.0, 0.5), (0.0, 0.0)])
def test_a_dividend_that_was_adjusted_for_is_fine(amount: float, share: float) -> None:
    assert found({5: amount}, {5: share}) == ""


@pytest.mark.parametrize(
    ("amount", "share"), [(2.0, 0.0), (2.0, 0.0002), (0.02, 0.02), (150.0, 0.9), (100.0, 1 - 1e-9)]
)
def test_a_dividend_that_was_not_or_was_a_hundredfold_is_told(amount: float, share: float) -> None:
    assert found({5: amount}, {5: share}).startswith("1 dividend, on 2026-04-06, does not agree")


def test_each_of_the_last_half_year_is_told_alone_and_earlier_ones_together() -> None:
    """An evening that fetches the last sessions again then finds all that a finding names, or none of it."""
    dividend = np.zeros(len(YEARS))
    paid = ["2024-05-03", "2024-11-01", "2025-08-29", "2025-08-30", "2026-02-24", "2026-02-27"]
    dividend[np.isin(YEARS, np.array(paid, dtype="datetime64[D]"))] = 2.0
    close = np.full(len(YEARS), 100.0)
    findings = find_dividend_mismatches(YEARS, close, close, dividend)
    why = "agree with how earlier prices were adjusted: those may be off."
    assert [(finding.message, str(finding.session)) for finding in findings] == [
        (f"3 dividends, the last on 2025-08-29, do not {why}", "2025-08-29"),
        *((f"1 dividend, on {day}, does not {why}", day) for day in paid[-3:]),
    ]
    again = find_dividend_mismatches(YEARS[-6:], close[-6:], close[-6:], dividend[-6:])
    assert again == findings[-2:]


def test_a_dividend_of_the_first_session_cannot_be_judged() -> None:
    assert found({0: 5.0}, {}) == ""


@pytest.mark.real
def test_yahoos_known_bad_dividends_are_noticed_and_good_and_repaired_ones_are_not() -> None:
    if "REAL_BARS_DIR" not in os.environ:
        pytest.skip("REAL_BARS_DIR names no folder of real bars.")
    folder = Path(os.environ["REAL_BARS_DIR"]).parent / "dirty_yahoo"
    if not folder.is_dir():
        pytest.skip("There is no folder dirty_yahoo beside the one that REAL_BARS_DIR names.")
    bad = {path.name for path in folder.glob("*.csv") if "div" in path.name and is_noticed(path)}
    assert not {name for name in bad if "fixed" in name or "no-bad" in name}
    assert len(bad) == 15


def day_of(row: dict[str, str]) -> str:
    return (row.get("Datetime") or row["Date"])[:10]


def is_noticed(path: Path) -> bool:
    with path.open(newline="") as file:
        rows = sorted(csv.DictReader(file), key=day_of)
    session = np.array([day_of(row) for row in rows], dtype="datetime64[D]")
    close, adjusted, dividend = (
        np.array([float(row[name] or "nan") for row in rows]) for name in ("Close", "Adj Close", "Dividends")
    )
    findings = find_dividend_mismatches(session, close, adjusted, dividend)
    assert all(isinstance(finding.session, date) for finding in findings)
    return bool(findings)


def summary(dividends: dict[str, float], unknown_until: str = "2024-01-01") -> DividendSummary | None:
    """The summary of these dividends of two years, which are not known before a day."""
    dividend = np.where(np.datetime64(unknown_until) > YEARS, np.nan, 0.0)
    for day, amount in dividends.items():
        dividend[np.flatnonzero(np.datetime64(day) == YEARS)] = amount
    return summarise_dividends(TradedPrices(YEARS, np.full(len(YEARS), 100.0), np.ones(len(YEARS)), dividend))


@pytest.mark.parametrize(
    ("dividends", "unknown_until", "expected"),
    [
        ({}, "2024-01-01", DividendSummary(date(2024, 1, 1), None, 0.0)),
        ({"2024-02-01": 1.0}, "2024-01-01", DividendSummary(date(2024, 1, 1), Dividend(date(2024, 2, 1), 1.0), 0.0)),
        (
            {"2025-02-27": 1.0, "2025-02-28": 2.0, "2025-11-03": 4.0, "2026-02-27": 8.0},  # the first is a year old
            "2024-01-01",
            DividendSummary(date(2024, 1, 1), Dividend(date(2026, 2, 27), 8.0), 14.0),
        ),
        (
            {"2024-02-01": 1.0, "2025-11-03": 4.0},  # the first is before what is not known
            "2025-06-01",
            DividendSummary(date(2025, 6, 1), Dividend(date(2025, 11, 3), 4.0), None),
        ),
        ({"2024-02-01": 1.0}, "2025-06-01", DividendSummary(date(2025, 6, 1), None, None)),
        ({"2024-02-01": 1.0}, "2026-02-28", None),
    ],
)
def test_the_latest_dividends_are_those_that_are_known_without_a_gap(
    dividends: dict[str, float], unknown_until: str, expected: DividendSummary | None
) -> None:
    assert summary(dividends, unknown_until) == expected
