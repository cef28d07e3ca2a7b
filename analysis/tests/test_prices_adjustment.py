"""The adjustment of price files: which prices come out, and what is said where the file contradicts itself."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from analysis.prices.port import Finding
from analysis.tests.price_files import ADJUSTED, HEADER, read_history_of, write_file

RAW_AND_ADJUSTED = f"{HEADER},Adj. Open,Adj. High,Adj. Low,Adj. Close,Adj. Volume"
OF_YFINANCE = "Date,Open,High,Low,Close,Volume,Dividends,Stock Splits"
DAYS = [date(2026, 3, 2) + timedelta(days=day) for day in range(30)]


def codes_of(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.code for finding in findings]


@pytest.mark.parametrize("missing", ["", "null", "0"])
def test_a_close_without_an_adjusted_close_is_adjusted_as_the_session_beside_it(missing: str, tmp_path: Path) -> None:
    rows = [
        "2026-04-22,100,100,100,100,50,9",
        f"2026-04-23,100,110,100,110,{missing},9",
        "2026-04-24,100,100,100,100,50,9",
        "2026-04-27,50,50,50,50,50,9",
    ]
    for order in (rows, rows[1:]):
        write_file(tmp_path, ADJUSTED, *order)
        read = read_history_of(tmp_path)
        assert read.bars.close[-3] == 55.0
        assert [finding.message for finding in read.findings] == [
            "1 session has a close but no adjusted close, the last on 2026-04-23: "
            "kept, adjusted as the session beside it."
        ]


def test_negative_adjusted_closes_are_said_to_be_that(tmp_path: Path) -> None:
    write_file(tmp_path, ADJUSTED, "2026-04-22,9,9,9,9,-1,9", "2026-04-23,9,9,9,9,-2,9", "2026-04-24,8,8,8,8,8,9")
    read = read_history_of(tmp_path)
    assert read.bars.close.tolist() == [9.0, 9.0, 8.0]
    assert read.findings[0].message.startswith("2 sessions have a close but a negative adjusted close")


def test_an_adjusted_close_that_is_empty_throughout_adjusts_nothing(tmp_path: Path) -> None:
    write_file(tmp_path, ADJUSTED, "2026-04-23,9,9,9,9,,9", "2026-04-24,8,8,8,8,,9")
    read = read_history_of(tmp_path)
    assert (read.adjusted, read.bars.close.tolist()) == (False, [9.0, 8.0])
    assert read.findings[0].severity == "warning"


@pytest.mark.parametrize(
    ("closes", "adjusted", "others", "day", "size"),
    [
        ((100, 100, 50, 50), (50, "", "", 50), "", 24, "one of 50.0%"),  # a split, seen in the price
        ((100, 50, 50, 50), (50, "", "", 50), "", 23, "one of 50.0%"),
        ((100, 99, 97, 97), (97, "", "", 97), "0 0 3 0", 24, "one of 3.0%"),  # a dividend, named by the file
        ((100, 99, 97, 97), (97, "", "", 97), "0 3 0 0", 23, "one of 3.0%"),
        ((100, 0, 50, 50), (50, "", "", 50), "", 24, "one of 50.0%"),  # a row without prices between
    ],
)
def test_a_factor_that_changes_among_missing_ones_changes_where_no_jump_is_invented(
    closes: tuple[int, ...], adjusted: tuple[object, ...], others: str, day: int, size: str, tmp_path: Path
) -> None:
    dividends = others.split() or [""] * 4
    rows = [
        f"2026-04-{date},{close},{close},{close},{close},{adj},9,{dividend}"
        for date, close, adj, dividend in zip((22, 23, 24, 27), closes, adjusted, dividends, strict=True)
    ]
    write_file(tmp_path, f"{ADJUSTED},dividends", *rows)
    read = read_history_of(tmp_path)
    (placed,) = [finding for finding in read.findings if finding.code == "adjustment_placed"]
    assert placed.message.endswith(f"the last {size}: it is taken to begin on 2026-04-{day}.")
    priced = read.bars.close[read.bars.close > 0]
    assert abs(priced[1:] / priced[:-1] - 1).max() < 0.03


@pytest.mark.parametrize("share", [0.5, 0.9, 0.01, 1e-7, 2.0])
@pytest.mark.parametrize("heading", ["adj close", "Close_Adj"])
def test_the_last_session_keeps_its_traded_prices_whatever_its_adjusted_close(
    share: float, heading: str, tmp_path: Path
) -> None:
    rows = [f"2026-04-23,100,110,90,100,{50 * share},9", f"2026-04-24,50,55,45,52,{52 * share},9"]
    write_file(tmp_path, ADJUSTED.replace("adj_close", heading), *rows)
    read = read_history_of(tmp_path)
    assert read.bars.close.tolist() == pytest.approx([50.0, 52.0], rel=1e-12)
    assert read.bars.high.tolist() == pytest.approx([55.0, 55.0], rel=1e-12)
    (finding,) = read.findings
    assert (finding.code, finding.severity) == ("adjustment_scaled", "warning")
    assert f"is {share:.4g} times the close: adjusted prices are multiplied by {1 / share:.4g}" in finding.message


def test_the_rounding_of_an_adjusted_close_is_no_adjustment(tmp_path: Path) -> None:
    write_file(tmp_path, ADJUSTED, "2026-04-23,100,110,90,100,95,9", "2026-04-24,50,55,45,52.0049,52,9")
    assert read_history_of(tmp_path).findings == ()


@pytest.mark.parametrize(
    ("adjusted", "closes", "codes"),
    [
        (("100,105,95,102,100", "102,107,97,104,60"), [102.0, 104.0], []),
        (("50,52.5,47.5,51,100", "51,53.5,48.5,52,60"), [102.0, 104.0], ["adjustment_scaled"]),
        (("100,105,95,102,100", "102,107,97,,60"), [204.0, 104.0], ["adj_close_missing", "adjustment_scaled"]),
        ((",,,,", ",,,,"), [204.0, 104.0], ["adj_close_missing"]),
    ],
)
def test_raw_and_adjusted_columns_give_adjusted_prices_that_end_with_the_traded_ones(
    adjusted: tuple[str, str], closes: list[float], codes: list[str], tmp_path: Path
) -> None:
    rows = [f"2026-04-23,200,210,190,204,50,{adjusted[0]}", f"2026-04-24,102,107,97,104,60,{adjusted[1]}"]
    write_file(tmp_path, RAW_AND_ADJUSTED, *rows)
    read = read_history_of(tmp_path)
    assert (read.bars.close.tolist(), codes_of(read.findings)) == (closes, codes)
    assert read.bars.volume.tolist() == [100.0 if adjusted[0][0] != "," else 50.0, 60.0]


def prices_with_event(size: float) -> list[str]:
    """Return rows without dates, whose prices fall by this ratio at the 21st."""
    level = [100.0 * (1.005 if day % 2 else 1.0) / (size if day >= 20 else 1.0) for day in range(len(DAYS))]
    return [f"{price},{price * 1.01},{price * 0.99},{price},1000" for price in level]


@pytest.mark.parametrize("ratio", [1.05, 1.25, 1.5, 2.0, 0.8])
@pytest.mark.parametrize("kind", ["history()", "adjusted close", "plain"])
def test_a_split_of_the_file_at_which_its_prices_move_by_it_is_named(kind: str, ratio: float, tmp_path: Path) -> None:
    heading = {
        "history()": OF_YFINANCE,
        "adjusted close": f"{HEADER},dividend,split,adj close",
        "plain": f"{HEADER},dividend,split",
    }[kind]
    rows = [
        f"{day},{prices},0,{ratio if place == 20 else 0}" + (f",{prices.split(',')[3]}" if "adj" in heading else "")
        for place, (day, prices) in enumerate(zip(DAYS, prices_with_event(ratio), strict=True))
    ]
    write_file(tmp_path, heading, *rows)
    read = read_history_of(tmp_path)
    (finding,) = read.findings
    assert (finding.code, finding.session) == ("unadjusted_split", DAYS[20])
    assert f"a split of {ratio:g} for {DAYS[20]}" in finding.message
    assert ("usually are" in finding.message) is (kind != "plain")
    assert not read.adjusted


@pytest.mark.parametrize(("size", "ratio"), [(1.0, 2.0), (1.01, 1.25), (0.95, 1.25), (1.008, 1.01)])
def test_a_split_that_prices_are_adjusted_for_or_that_is_smaller_than_a_night_is_none(
    size: float, ratio: float, tmp_path: Path
) -> None:
    rows = [
        f"{day},{prices},0,{ratio if place == 20 else 0}"
        for place, (day, prices) in enumerate(zip(DAYS, prices_with_event(size), strict=True))
    ]
    write_file(tmp_path, OF_YFINANCE, *rows)
    read = read_history_of(tmp_path)
    assert (read.adjusted, read.findings) == (True, ())


@pytest.mark.parametrize(("size", "codes"), [(1 / 0.85, ["dividend_mismatch"]), (1.0, [])])
def test_a_large_dividend_that_a_history_is_not_adjusted_for_is_named(
    size: float, codes: list[str], tmp_path: Path
) -> None:
    rows = [
        f"{day},{prices},{15 if place == 20 else 0},0"
        for place, (day, prices) in enumerate(zip(DAYS, prices_with_event(size), strict=True))
    ]
    write_file(tmp_path, OF_YFINANCE, *rows)
    assert codes_of(read_history_of(tmp_path).findings) == codes
