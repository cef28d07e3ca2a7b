"""Price files in the dress of many sources: the same bars come out, whatever they look like."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analysis.tests.price_files import HEADER, ROWS, read_error_of, read_history_of, write_file

SESSIONS = [date(2026, 4, day) for day in (13, 15, 16, 17, 20, 21, 22, 23, 24)]  # 14 April is a holiday in India
PLAIN = [(1000.5 + day, 1010.25 + day, 990.75 + day, 1004.5 + day, 120_000 + day) for day in range(len(SESSIONS))]
CLOSES = [row[3] for row in PLAIN]


def lines_of(
    date_of: Callable[[date], str] = date.isoformat, number: Callable[[float], str] = str, delimiter: str = ","
) -> list[str]:
    return [
        delimiter.join([date_of(day), *map(number, row[:4]), str(row[4])])
        for day, row in zip(SESSIONS, PLAIN, strict=True)
    ]


def german(number: float) -> str:
    return f"{number:,.2f}".replace(",", "_").replace(".", ",").replace("_", ".")


def unix_open(day: date) -> str:
    return str(int(datetime(day.year, day.month, day.day, 9, 15, tzinfo=ZoneInfo("Asia/Kolkata")).timestamp()))


FULL_HEADING = "Date,Open,High,Low,Close,Volume"
OTHERS = {
    "UTF-16, as Excel's Unicode text": "\t".join(FULL_HEADING.split(",")) + "\n" + "\n".join(lines_of(delimiter="\t")),
    "bars": "\n".join([FULL_HEADING.replace(",", "|"), *lines_of(delimiter="|")]),
    "line ends of the old Macintosh": "\r".join([FULL_HEADING, *lines_of()]),
    "a title and sep=": "\n".join(
        ["sep=;", "Tata Consultancy", FULL_HEADING.replace(",", ";"), *lines_of(delimiter=";")]
    ),
    "columns in another order": "\n".join(
        ["Vol,Close,Low,High,Open,Date"]
        + [",".join(map(str, (*reversed(row), day))) for day, row in zip(SESSIONS, PLAIN, strict=True)]
    ),
    "Germany": "\n".join(
        ["Datum;Eröffnung;Hoch;Tief;Schluss;Volumen", *lines_of(lambda day: f"{day:%d.%m.%Y}", german, ";")]
    ),
    "Switzerland": "\n".join(
        [FULL_HEADING.replace(",", ";"), *lines_of(number=lambda x: f"{x:,.2f}".replace(",", "'"), delimiter=";")]
    ),
    "India": "\n".join([FULL_HEADING, *lines_of(number=lambda x: f'"₹{x:,.2f}"')]),
    "day first": "\n".join([FULL_HEADING, *lines_of(lambda day: f"{day:%d/%m/%Y}")]),
    "month first": "\n".join([FULL_HEADING, *lines_of(lambda day: f"{day:%m/%d/%Y}")]),
    "the month's name": "\n".join([FULL_HEADING, *lines_of(lambda day: f'"{day:%a, %b %d, %Y}"')]),
    "midnight in UTC": "\n".join(
        [FULL_HEADING, *lines_of(lambda day: f"{datetime(day.year, day.month, day.day) - timedelta(hours=5.5)}+00:00")]  # noqa: DTZ001
    ),
    "TradingView": "\n".join(
        ["time,open,high,low,close,Volume,Volume MA"]
        + [f"{line},1" for line in lines_of(lambda d: f"{d}T09:15:00+05:30")]
    ),
    "TradingView in UNIX time": "\n".join(["time,open,high,low,close,Volume", *lines_of(unix_open)]),
    "Investing.com": "\n".join(
        ['"Date","Price","Open","High","Low","Vol.","Change %"']
        + [
            f'"{day:%m/%d/%Y}","{close:,.2f}","{open_:,.2f}","{high:,.2f}","{low:,.2f}","{volume / 1000:.3f}K","0.10%"'
            for day, (open_, high, low, close, volume) in reversed(list(zip(SESSIONS, PLAIN, strict=True)))
        ]
    ),
    "nasdaq.com": "\n".join(
        ["Date,Close/Last,Volume,Open,High,Low"]
        + [
            f"{day:%m/%d/%Y},${close},{volume},${open_},${high},${low}"
            for day, (open_, high, low, close, volume) in reversed(list(zip(SESSIONS, PLAIN, strict=True)))
        ]
    ),
    "an unnamed column in front": "\n".join([f",{FULL_HEADING}", *(f",{line}" for line in lines_of())]),
    "France": "\n".join(
        ['Date;Dernier;Ouv.;" Plus Haut";"Plus Bas";Vol.;"Variation %"']
        + [
            ";".join(
                [
                    f"{day:%d/%m/%Y}",
                    *(f"{x:,.2f}".replace(",", "\u202f").replace(".", ",") for x in cells),
                    volume,
                    "0,1%",
                ]
            )
            for day, (open_, high, low, close, traded) in zip(SESSIONS, PLAIN, strict=True)
            for cells, volume in [((close, open_, high, low), f"{traded / 1000:.3f}K".replace(".", ","))]
        ]
    ),
    "Spain": "\n".join(
        ["Fecha,Apertura,Máximo,Mínimo,Último,Volumen"]
        + [line.replace(";", '","').join('""') for line in lines_of(lambda day: f"{day:%d.%m.%Y}", german, ";")]
    ),
    "Stooq in Polish": "\n".join(["Data,Otwarcie,Najwyzszy,Najnizszy,Zamkniecie,Wolumen", *lines_of()]),
    "MetaTrader 4 without a heading": "\n".join(lines_of(lambda day: f"{day:%Y.%m.%d},00:00")),
    "MetaTrader 5 without a heading": "\n".join(
        f"{line}\t2".replace(f"\t{row[4]}\t", f"\t7\t{row[4]}\t")
        for line, row in zip(lines_of(lambda day: f"{day:%Y.%m.%d}\t00:00:00", delimiter="\t"), PLAIN, strict=True)
    ),
    "MetaTrader": "\n".join(
        ["<DATE>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<VOL>", *lines_of(lambda day: f"{day:%Y.%m.%d}", delimiter="\t")]
    ),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_the_same_bars_in_another_dress_are_the_same_bars(kind: str, tmp_path: Path) -> None:
    encoding = "utf-16" if kind.startswith("UTF-16") else "utf-8"
    ticker = "AAPL" if kind == "nasdaq.com" else "TCS.NS"
    (tmp_path / f"{ticker}.csv").write_bytes(OTHERS[kind].encode(encoding))
    bars = read_history_of(tmp_path, ticker).bars
    assert bars.session.tolist() == SESSIONS
    assert [bars.open.tolist(), bars.high.tolist(), bars.low.tolist(), bars.close.tolist(), bars.volume.tolist()] == [
        list(column) for column in zip(*PLAIN, strict=True)
    ]


@pytest.mark.parametrize(
    ("ticker", "zone"), [("AAPL", "America/New_York"), ("7203.T", "Asia/Tokyo"), ("AV.L", "Europe/London")]
)
def test_a_stamp_with_an_offset_becomes_the_exchanges_day(ticker: str, zone: str, tmp_path: Path) -> None:
    days = [
        date(2026, 1, 5) + timedelta(days=7 * week + week % 5) for week in range(0, 30, 2)
    ]  # both sides of summer time
    local = [datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)) for day in days]
    for moments in (local, [moment.astimezone(UTC) for moment in local]):
        write_file(tmp_path, HEADER, *(f"{moment},1,1,1,1,5" for moment in moments), ticker=ticker)
        assert read_history_of(tmp_path, ticker=ticker).bars.session.tolist() == days


def test_midnights_labelled_utc_keep_their_date_where_the_exchange_is_behind(tmp_path: Path) -> None:
    write_file(tmp_path, HEADER, *lines_of(lambda day: f"{day}T00:00:00+00:00"), ticker="AAPL")
    assert read_history_of(tmp_path, ticker="AAPL").bars.session.tolist() == SESSIONS


STACKED = [
    "Price,Close,Close,High,High,Low,Low,Open,Open,Volume,Volume",
    "Ticker,TCS.NS,INFY.NS,TCS.NS,INFY.NS,TCS.NS,INFY.NS,TCS.NS,INFY.NS,TCS.NS,INFY.NS",
    "Date,,,,,,,,,,",
    "2026-04-23,1210,1,1230,1,1190,1,1200,1,500,7",
    "2026-04-24,1240,1,1250,1,1200,1,1210,1,600,7",
]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_stacked_heading_of_yfinance_is_read_for_the_ticker_and_is_adjusted(
    order: tuple[int, int], tmp_path: Path
) -> None:
    write_file(tmp_path, *(STACKED[line] for line in order), *STACKED[2:])
    read = read_history_of(tmp_path)
    assert (read.bars.open.tolist(), read.bars.close.tolist()) == ([1200.0, 1210.0], [1210.0, 1240.0])
    assert read.adjusted
    assert [finding.code for finding in read.findings] == ["other_securities"]
    write_file(tmp_path, *STACKED, ticker="WIPRO.NS")
    assert (
        read_error_of(tmp_path, "WIPRO.NS").message
        == "WIPRO.NS.csv cannot be used. It names TCS.NS, INFY.NS, but never WIPRO.NS."
    )


def test_a_stacked_heading_of_one_stock_is_read(tmp_path: Path) -> None:
    write_file(
        tmp_path, "Price,Close,High,Low,Open,Volume", "Ticker" + ",TCS.NS" * 5, "Date,,,,,", "2026-04-24,4,6,3,5,900"
    )
    assert read_history_of(tmp_path).bars.open.tolist() == [5.0]


def test_the_history_of_yfinance_is_adjusted_without_an_adjusted_close(tmp_path: Path) -> None:
    rows = (f"{line},0.0,0.0,0.0" for line in lines_of(lambda day: f"{day} 00:00:00+05:30"))
    write_file(tmp_path, f"{FULL_HEADING},Dividends,Stock Splits,Capital Gains", *rows)
    assert read_history_of(tmp_path).adjusted


def test_a_file_without_volumes_has_none(tmp_path: Path) -> None:
    write_file(tmp_path, "Date,Open,High,Low,Close", "2026-04-24,104,106,103,105")
    assert np.isnan(read_history_of(tmp_path).bars.volume).all()


def test_unadjusted_closes_and_splits_are_kept_beside_the_bars(tmp_path: Path) -> None:
    write_file(
        tmp_path,
        "timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient",
        "2026-04-24,104,106,103,105,105,900,0.0,2.0",
        "2026-04-23,204,210,202,208,104,1500,0.0,1.0",
        "2026-04-22,202,208,200,204,102,1200,0.0,1.0",
    )
    history = read_history_of(tmp_path)
    assert history.bars.close.tolist() == [102.0, 104.0, 105.0]
    assert history.splits == {date(2026, 4, 24): 2.0}
    assert history.traded
    assert history.traded.close.tolist() == [204.0, 208.0, 105.0]
    write_file(tmp_path, HEADER, *ROWS)
    assert read_history_of(tmp_path).traded is None


def test_dividends_of_a_file_are_for_a_share_of_today(tmp_path: Path) -> None:
    """Closes that fall to a half at a split are those of their day, and so are dividends before it."""
    heading = "timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient"
    rows = (
        "2026-04-21,200,206,198,204,101,1200,0.0,1.0",
        "2026-04-22,202,208,200,204,102,1200,2.0,1.0",
        "2026-04-23,204,210,202,208,104,1500,0.0,1.0",
        "2026-04-24,104,106,103,105,105,900,{},2.0",
    )
    for cell, last in (("1.5", {date(2026, 4, 24): 1.5}), ("", {}), ("-1", {})):
        write_file(tmp_path, heading, *(row.format(cell) for row in rows))
        traded = read_history_of(tmp_path).traded
        assert traded
        assert traded.dividends == {date(2026, 4, 22): 1.0, **last}
        assert traded.knows_dividends_since == date(2026, 4, 21)


def test_dividends_are_not_known_from_a_file_without_them(tmp_path: Path) -> None:
    rows = [f"2026-04-{day},100,101,99,100,100,1200" for day in (22, 23)]
    write_file(tmp_path, "date,open,high,low,close,adj close,volume", *rows)
    traded = read_history_of(tmp_path).traded
    assert traded
    assert traded.knows_dividends_since is None
    write_file(tmp_path, "date,open,high,low,close,dividends,volume", *rows)
    traded = read_history_of(tmp_path).traded
    assert traded
    assert traded.knows_dividends_since == date(2026, 4, 22)
    assert np.isnan(traded.close).all()


def test_a_dividend_that_a_file_does_not_adjust_for_is_noticed(tmp_path: Path) -> None:
    heading = "date,open,high,low,close,adj close,volume,dividends"
    rows = ["2026-04-22,100,101,99,100,{},1200,0", "2026-04-23,97,98,96,97,97,1500,3.0"]
    for adjusted, codes in ((97.0, []), (100.0, ["dividend_mismatch"])):
        write_file(tmp_path, heading, *(row.format(adjusted) for row in rows))
        assert [finding.code for finding in read_history_of(tmp_path).findings] == codes


@pytest.mark.parametrize(("ticker", "opening"), [("EURUSD=X", "T22:00:00+01:00"), ("GC=F", "T18:00:00-04:00")])
def test_a_stamp_at_the_opening_of_a_round_the_clock_session_is_of_the_next_day(
    ticker: str, opening: str, tmp_path: Path
) -> None:
    evenings = [date(2026, 4, 19) + timedelta(days=n) for n in range(5)]
    rows = [f"{day}{opening},1.1,1.2,1.0,1.15,0" for day in evenings]
    write_file(tmp_path, "time,open,high,low,close,volume", *rows, ticker=ticker)
    sessions = read_history_of(tmp_path, ticker).bars.session.tolist()
    assert sessions == [day + timedelta(days=1) for day in evenings]


def test_lines_of_a_file_without_a_heading_are_counted_from_its_first(tmp_path: Path) -> None:
    lines = lines_of(lambda day: f"{day:%Y.%m.%d},00:00")
    write_file(tmp_path, *lines[:2], "2026.04.16,00:00,1,x,1,1,1", *lines[3:])
    first, second = read_history_of(tmp_path).findings
    assert "line 3 ('x' is not a number)" in first.message
    assert second.message == "TCS.NS.csv has no heading: it is read as MetaTrader's."


def test_whole_german_thousands_are_no_decimals(tmp_path: Path) -> None:
    """Prices of 2,397 beside an unparted volume, as a spreadsheet writes columns of different formats."""
    rows = [f"{day:%d.%m.%Y};2.410;2.425;2.380;2.397;{1234567}" for day in SESSIONS]
    for heading in ("Datum;Eröffnung;Hoch;Tief;Schluss;Volumen", "Date;Open;High;Low;Close;Volume"):
        for delimiter in ";,\t":
            write_file(tmp_path, *(line.replace(";", delimiter) for line in (heading, *rows)))
            assert "Numbers like 2.410 (line 2) may have a thousand" in read_error_of(tmp_path).message


@pytest.mark.parametrize(
    "heading", ["Date,Time,Open,High,Low,Close,Volume", "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<VOL>"]
)
def test_three_fixed_decimals_of_a_currency_pair_are_decimals(heading: str, tmp_path: Path) -> None:
    rows = [f"{day:%Y.%m.%d},00:00,148.123,148.456,147.980,148.230,12345" for day in SESSIONS]
    delimiter = "\t" if "\t" in heading else ","
    write_file(tmp_path, heading, *(row.replace(",", delimiter) for row in rows), ticker="JPY=X")
    assert set(read_history_of(tmp_path, "JPY=X").bars.close) == {148.23}


def test_impossible_offsets_and_years_are_broken_rows(tmp_path: Path) -> None:
    write_file(tmp_path, HEADER, *ROWS, "2026-04-25 00:00:00+99:00,1,1,1,1,1", "0001-01-01T09:00:00+05:30,1,1,1,1,1")
    (finding,) = [each for each in read_history_of(tmp_path).findings if each.code == "broken_rows"]
    assert "2 rows could not be read" in finding.message
