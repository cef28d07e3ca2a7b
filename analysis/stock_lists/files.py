"""Files of stock lists: plain CSV files and those that NSE publishes."""

import csv
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from analysis.prices.csv_rows import UNREADABLE
from analysis.prices.instruments import currency_code
from analysis.prices.tickers import is_well_formed, normalise
from analysis.prices.yahoo_listing import ListedStock
from analysis.rejections import RequestRejected

# The names of columns in plain lists and in NSE's own files.
HEADINGS = {
    "ticker": "ticker",
    "symbol": "symbol",
    "name": "name",
    "company name": "name",
    "name of company": "name",
    "industry": "industry",
    "exchange": "exchange",
    "currency": "currency",
    "series": "series",
}
_CURRENCY = re.compile("[A-Za-z]{3}")
NSE = ".NS"  # Only NSE's lists have a series
PLACEHOLDER = "DUMMY"  # the name that NSE gives in an index to a share that a demerger has not listed yet


def read_list(file: Path, suffix: str | None) -> tuple[list[ListedStock], list[str]]:
    """Return the stocks of a CSV file with a header, and a sentence with file and line for every unusable row.

    Columns: ticker, or symbol to which `suffix` is added (None: `.NS` for lists of NSE, nothing for others); name,
    industry, exchange, currency if present. Raise RequestRejected if the file cannot be read or has no such column.
    """
    problems: list[str] = []
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            listed = {one.ticker: one for one in _read_rows(file.name, lines, suffix, problems)}
    except OSError as error:
        raise RequestRejected(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise RequestRejected(f"{file} is not a CSV file in UTF-8: {error}.") from None
    except csv.Error:
        raise RequestRejected(f"{file} cannot be read as a table: {UNREADABLE}.") from None
    if not listed and not problems:
        raise RequestRejected(f"{file} holds no stocks.")
    return list(listed.values()), problems


def _read_rows(file_name: str, lines: Iterable[str], suffix: str | None, problems: list[str]) -> Iterator[ListedStock]:
    reader = csv.reader(lines)  # it takes no more lines than the header has
    header = [HEADINGS.get(cell.strip().lower(), "") for cell in next(reader, [])]
    key = next((column for column in ("ticker", "symbol") if column in header), None)
    if key is None:
        raise RequestRejected(f"{file_name} has neither a ticker nor a symbol column in its first line.")
    is_of_nse = "series" in header
    added = (suffix if suffix is not None else NSE if is_of_nse else "") if key == "symbol" else ""
    for line, text in enumerate(lines, start=reader.line_num + 1):
        if not text.strip(", \r\n"):
            continue
        try:  # each line separately, so that a missing quotation mark does not swallow the rest
            cells = next(csv.reader([text]), [])
        except csv.Error:
            problems.append(f"{file_name}, line {line}: {UNREADABLE}.")
            continue
        row = {column: cell.strip() for column, cell in zip(header, cells, strict=False) if column}
        ticker = normalise(row.get(key, "") + added)
        if len(cells) != len(header):
            problems.append(f"{file_name}, line {line}: {len(cells)} columns where the first line has {len(header)}.")
        elif problem := _problem_of(ticker, row.get("currency", "")):
            problems.append(f"{file_name}, line {line}: {problem}")
        elif not (is_of_nse and ticker.startswith(PLACEHOLDER)):
            yield ListedStock(
                ticker,
                name=row.get("name", ""),
                industry=row.get("industry", ""),
                exchange=row.get("exchange", ""),
                currency=currency_code(row.get("currency", "")),
            )


def _problem_of(ticker: str, currency: str) -> str:
    """Return a sentence about a row's ticker or currency, empty if both are well-formed."""
    if not is_well_formed(ticker):
        return f"“{ticker[:30]}” is not a ticker."
    if currency and not _CURRENCY.fullmatch(currency):
        return f"“{currency[:30]}” is not a currency like INR."
    return ""
