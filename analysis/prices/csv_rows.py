"""Rows of price files: the headings, dates and numbers that Yahoo, Stooq, NSE and BSE write."""

import math
import re
from datetime import date, datetime

UNREADABLE = "a cell is too long, or a quotation mark is not closed"
"""The reason of any csv.Error, in plain words: its own speak of field limits."""
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
}  # of NSE's series; others are block deals, bonds and rights of the same name
DATES = ("%d-%b-%Y", "%d-%b-%y", "%d-%B-%Y", "%b %d, %Y")  # besides ISO's 2026-04-24 and 20260424
NO_VALUE = {"", "-", "nan", "null", "n/a"}
_GROUPED = re.compile(r"-?\d{1,3}(,\d{2,3})*,\d{3}(\.\d+)?")  # 1,234,567.8 and 12,34,567.8, never a decimal comma

type Row = tuple[date, tuple[float, ...]]


def columns_of(heading: list[str]) -> list[str]:
    """What each cell of a file's first line stands for; empty for what is not needed, or is there already."""
    columns: list[str] = []
    for cell in heading:
        column = COLUMN_BY_HEADING.get("_".join(cell.lower().strip(" <>*\n").split()), "")
        columns.append("" if column in columns else column)
    return columns


def read_row(columns: list[str], cells: list[str]) -> Row | None:
    """A line's date and numbers, prices adjusted where it says how; None when it is not about shares.

    Raises ValueError, in a few words, when it is broken.
    """
    if len(cells) < len(columns) or any(cells[len(columns) :]):  # BSE ends its rows with a comma
        raise ValueError(f"{len(cells)} cells instead of {len(columns)}")
    line = {column: cell.strip() for column, cell in zip(columns, cells, strict=False)}
    if line.get("series", "") not in SHARES:
        return None
    day = _date(line["date"])
    prices, volume = [_number(line[column]) for column in PRICES], _number(line["volume"])
    if "adj_close" in line:
        close = prices[-1]
        factor = _number(line["adj_close"]) / close if close else math.nan
        prices = [price * factor for price in prices]
    return day, (*prices, volume)


def _date(text: str) -> date:
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        for form in DATES:
            try:
                return datetime.strptime(text, form).date()  # noqa: DTZ007
            except ValueError:
                continue
    raise ValueError(f"{text!r} is not a date like 2026-04-24 or 24-Apr-2026")


def _number(text: str) -> float:
    if text.lower() in NO_VALUE:
        return math.nan
    try:
        return float(text.replace(",", "") if _GROUPED.fullmatch(text) else text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None
