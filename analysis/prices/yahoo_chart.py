"""Yahoo's chart answer: whether it has the shape that this version reads, and its content without odd parts.

yfinance converts all of an answer, so that one odd value costs a ticker its prices, or becomes a session without a day.
"""

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeGuard
from zoneinfo import ZoneInfo

METADATA = {
    "symbol",
    "longName",
    "shortName",
    "currency",
    "instrumentType",
    "exchangeName",
    "fullExchangeName",
    "exchangeTimezoneName",
    "priceHint",
    "firstTradeDate",
}
REQUIRED_METADATA = {"currency", "instrumentType", "exchangeTimezoneName"}  # which yfinance reads
UNADJUSTED_TYPES = ("INDEX", "CURRENCY", "CRYPTOCURRENCY", "FUTURE")  # which pay no dividends
COLUMNS = ("open", "high", "low", "close", "volume")
LATEST_TIME = 7_000_000_000  # seconds from 1970, which is about as far from the limits of pandas
LARGEST_PRICE = 1e100
LARGEST_EVENT = 1e12  # cash for a share, or shares for one
LARGEST_VOLUME = 2**62  # yfinance converts volumes to 64 bits


def quote_of(result: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of a result's prices; empty if it has none."""
    try:
        quote = result["indicators"]["quote"][0]
    except (KeyError, IndexError, TypeError):
        return {}
    return quote if isinstance(quote, dict) else {}


def is_readable(result: dict[str, Any]) -> bool:
    """Return whether a result with prices has the shape that is read.

    Its timestamps are numbers, and each column has as many numbers or nulls. A number may be written as text. Without
    adjusted closes, for which yfinance takes the closes, those of a share or fund would not be adjusted for dividends.
    """
    meta, stamps, quote = result.get("meta"), result.get("timestamp"), quote_of(result)
    if not isinstance(meta, dict) or not meta.keys() >= REQUIRED_METADATA:
        return False
    if not _is_time_zone(meta["exchangeTimezoneName"]):
        return False
    if not isinstance(stamps, list) or not all(map(_is_moment, stamps)):
        return False
    if not all(_is_column(quote.get(name), len(stamps)) for name in COLUMNS):
        return False
    return meta["instrumentType"] in UNADJUSTED_TYPES or _has_adjusted_closes(result, len(stamps))


def clean_chart_answer(content: bytes) -> bytes:
    """Return a readable chart answer with only the parts that are read here.

    Metadata are those that are read, without a first trade at no time. Numbers that cannot be a price or a volume are
    null. Odd adjusted closes of an instrument that pays no dividends are left out, and so are odd events.
    """
    body = json.loads(content)
    chart = body["chart"]
    chart["error"] = None
    result = chart["result"][0]
    result["meta"], result["events"] = _clean_metadata(result["meta"]), _clean_events(result.get("events"))
    quote, indicators = quote_of(result), result["indicators"]
    if _has_adjusted_closes(result, len(result["timestamp"])):
        indicators["adjclose"] = [{"adjclose": _clean_column(_adjusted_closes_of(result), LARGEST_PRICE)}]
    else:
        indicators.pop("adjclose", None)
    for name in COLUMNS:
        quote[name] = _clean_column(quote[name], LARGEST_VOLUME if name == "volume" else LARGEST_PRICE)
    return json.dumps(body).encode()


def _has_adjusted_closes(result: dict[str, Any], length: int) -> bool:
    return _is_column(_adjusted_closes_of(result), length)


def _adjusted_closes_of(result: dict[str, Any]) -> Any:
    try:
        return result["indicators"]["adjclose"][0]["adjclose"]
    except (KeyError, IndexError, TypeError):
        return None


def _clean_metadata(meta: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in meta.items() if name in METADATA}
    first_trade = kept.get("firstTradeDate")
    if not (type(first_trade) is int and _is_moment(first_trade)):
        kept.pop("firstTradeDate", None)
    return kept


def _clean_events(events: object) -> dict[str, Any]:
    """Return the dividends and splits of a day and a size; events of other kinds are not read."""
    given = events if isinstance(events, dict) else {}
    return {
        "dividends": _clean_events_of(given.get("dividends"), _read_dividend),
        "splits": _clean_events_of(given.get("splits"), _read_split),
    }


def _clean_events_of(events: object, read: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    if not isinstance(events, dict):
        return {}
    dated = {key: event for key, event in events.items() if isinstance(event, dict) and _is_moment(event.get("date"))}
    sizes = {key: read(event) for key, event in dated.items()}
    return {
        key: {"date": dated[key]["date"], **size} for key, size in sizes.items() if all(map(_is_size, size.values()))
    }


def _read_dividend(event: dict[str, Any]) -> dict[str, Any]:
    return {"amount": event.get("amount")}


def _read_split(event: dict[str, Any]) -> dict[str, Any]:
    """Return a split's numerator and denominator, by its ratio if it lacks one of them."""
    numerator, denominator = event.get("numerator"), event.get("denominator")
    ratio = re.fullmatch(r"([0-9.]+):([0-9.]+)", str(event.get("splitRatio")))
    if ratio and not (_is_size(numerator) and _is_size(denominator)):
        numerator, denominator = map(_read_number, ratio.groups())
    return {"numerator": numerator, "denominator": denominator}


def _is_size(value: object) -> bool:
    return _is_number(value) and value > 0 and _is_between(value, LARGEST_EVENT)


def _is_column(column: object, length: int) -> bool:
    return isinstance(column, list) and len(column) == length and all(map(_is_cell, column))


def _is_cell(cell: object) -> bool:
    return cell is None or _is_number(cell) or (isinstance(cell, str) and _read_number(cell) is not None)


def _clean_column(column: list[Any], largest: float) -> list[Any]:
    numbers = (float(cell) if isinstance(cell, str) else cell for cell in column)
    return [number if number == 0 or _is_between(number, largest) else None for number in numbers]


def _is_between(number: float | None, largest: float) -> bool:
    """Return whether a number's size lies between the largest and its inverse, so that ratios of such are finite."""
    return number is not None and 1 / largest < abs(number) < largest


def _read_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _is_moment(value: object) -> bool:
    """Return whether a value is a number of seconds from 1970 to which pandas knows a day."""
    return _is_number(value) and -LATEST_TIME < value < LATEST_TIME


def _is_number(value: object) -> TypeGuard[float]:
    return type(value) in (int, float)  # and not bool


def _is_time_zone(name: object) -> bool:
    return isinstance(name, str) and _is_known_time_zone(name)


@lru_cache(maxsize=256)
def _is_known_time_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
