"""Price files with rows of futures and options on a security."""

from pathlib import Path

import pytest

from analysis.tests.price_files import HEADER, ROWS, read_error_of, read_history_of, write_file

CONTRACTS = {
    "INSTRUMENT": "FUTSTK",
    "Instrument Type": "OPTSTK",
    "FinInstrmTp": "STF",
    "product_type": "Options",
    "Expiry": "28-May-2026",
    "EXPIRY_DT": "28-May-2026",
    "XpryDt": "2026-05-28",
    "Option Type": "CE",
    "OPTION_TYP": "PE",
    "right": "Call",
    "Strike Price": "2,400.00",
    "Sgmt": "FO",
}


@pytest.mark.parametrize("heading", CONTRACTS)
def test_a_file_of_futures_or_options_is_refused(heading: str, tmp_path: Path) -> None:
    cell = CONTRACTS[heading]
    write_file(tmp_path, f"Symbol\t{heading}\t{HEADER.replace(',', '\t')}", *(f"TCS\t{cell}\t{row}".replace(",", "\t")
               if "," not in cell else "\t".join(["TCS", cell, *row.split(",")]) for row in ROWS))  # fmt: skip
    assert read_error_of(tmp_path).message == (
        f"TCS.NS.csv cannot be used. Its rows are of futures or options ({cell} in the column {heading}), and the "
        "analysis needs the prices of TCS.NS itself."
    )


@pytest.mark.parametrize("heading", ["INSTRUMENT", "FinInstrmTp", "EXPIRY_DT", "right", "Sgmt"])
def test_beside_rows_of_the_share_they_are_left_out_and_said(heading: str, tmp_path: Path) -> None:
    shares = [f"TCS,,EQ,{row}" for row in ROWS]
    write_file(
        tmp_path, f"Symbol,{heading},Series,{HEADER}", *shares, f"TCS,{CONTRACTS[heading]},,2026-04-24,1,1,1,1,1"
    )
    read = read_history_of(tmp_path)
    assert read.bars.close.tolist() == [102.0, 104.0, 105.0]
    assert [finding.message for finding in read.findings] == [
        f"1 row of futures and options left out: {CONTRACTS[heading]} in the column {heading}."
    ]


@pytest.mark.parametrize("cell", ["", "-", "0", "0.00", "NA", "1970-01-01", "XX"])
def test_cells_without_a_contract_are_of_the_share(cell: str, tmp_path: Path) -> None:
    heading = f"Symbol,Expiry,Strike Price,Option Type,{HEADER}"
    write_file(tmp_path, heading, *(f"TCS,{cell},{cell},{cell},{row}" for row in ROWS))
    assert read_history_of(tmp_path).findings == ()


def test_a_continuous_future_may_name_the_contract_of_each_day(tmp_path: Path) -> None:
    write_file(tmp_path, f"Symbol,Expiry,{HEADER}", *(f"GC,2026-06-26,{row}" for row in ROWS), ticker="GC=F")
    assert len(read_history_of(tmp_path, "GC=F").bars) == 3


def test_a_ticker_that_is_written_like_a_kind_of_contract_is_a_share(tmp_path: Path) -> None:
    write_file(tmp_path, f"Instrument,{HEADER}", *(f"COF,{row}" for row in ROWS), ticker="COF")
    assert read_history_of(tmp_path, "COF").findings == ()
