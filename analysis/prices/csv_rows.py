"""Rows of price files: the headings, dates and numbers of Yahoo, Stooq, NSE and BSE."""

import math
import re
from datetime import date, datetime

UNREADABLE = "a cell is too long, or a quotation mark is not closed"
"""The reason of any csv.Error in plain words; its own text is about field limits."""
PRICES = ("open", "high", "low", "close")
NEEDED = ("date", *PRICES, "volume")
# Headings in lower case, blanks as `_`, without < > and *.
COLUMN_BY_HEADING = {
    "date": "date", "datetime": "date", "timestamp": "date", "date1": "date", "traddt": "date",
    "open": "open", "open_price": "open", "opnpric": "open",
    "high": "high", "high_price": "high", "hghpric": "high",
    "low": "low", "low_price": "low", "lwpric": "low",
    "close": "close", "close_price": "close", "clspric": "close",
    "adj_close": "adj_close", "adjclose": "adj_close", "adjusted_close": "adj_close",
    "volume": "volume", "vol": "volume", "tottrdqty": "volume", "ttl_trd_qnty": "volume",
    "total_traded_quantity": "volume", "ttltradgvol": "volume", "no.of_shares": "volume",
    "series": "series", "sctysrs": "series",
}  # fmt: skip
SHARES = {
    "",
    "EQ",
    "BE",
    "BZ",
    "SM",
    "ST",
}  # NSE's series of shares; others are block deals, bonds and rights of the same name
DATES = ("%d-%b-%Y", "%d-%b-%y", "%d-%B-%Y", "%b %d, %Y")  # besides ISO's 2026-04-24 and 20260424
NO_VALUE = {"", "-", "nan", "null", "n/a"}
_GROUPED = re.compile(r"-?\d{1,3}(,\d{2,3})*,\d{3}(\.\d+)?")  # 1,234,567.8 and 12,34,567.8, never a decimal comma

type Row = tuple[date, tuple[float, ...]]


def columns_of(heading: list[str]) -> list[str]:
    """Return the column of each cell of a file's first line; empty for columns that are not needed or repeated."""
    columns: list[str] = []
    for cell in heading:
        column = COLUMN_BY_HEADING.get("_".join(cell.lower().strip(" <>*\n").split()), "")
        columns.append("" if column in columns else column)
    return columns


def read_row(columns: list[str], cells: list[str]) -> Row | None:
    """Return a line's date and numbers, prices adjusted if it has an adjusted close; None if it is not about shares.

    Raise ValueError, with a short reason, if the line is broken.
    """
    if len(cells) < len(columns) or any(cells[len(columns) :]):  # BSE ends its rows with a comma
        raise ValueError(f"{len(cells)} cells instead of {len(columns)}")
    line = {column: cell.strip() for column, cell in zip(columns, cells, strict=False)}
    if line.get("series", "") not in SHARES:
        return None
    day = _parse_date(line["date"])
    prices, volume = [_parse_number(line[column]) for column in PRICES], _parse_number(line["volume"])
    if "adj_close" in line:
        close = prices[-1]
        factor = _parse_number(line["adj_close"]) / close if close else math.nan
        prices = [price * factor for price in prices]
    return day, (*prices, volume)


def _parse_date(text: str) -> date:
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        for form in DATES:
            try:
                return datetime.strptime(text, form).date()  # noqa: DTZ007
            except ValueError:
                continue
    raise ValueError(f"{text!r} is not a date like 2026-04-24 or 24-Apr-2026")


def _parse_number(text: str) -> float:
    if text.lower() in NO_VALUE:
        return math.nan
    try:
        return float(text.replace(",", "") if _GROUPED.fullmatch(text) else text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None
