"""Universe: importing a list of stocks from a file."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from analysis.models import Stock
from analysis.prices import COMPANIES, exchange_of, is_well_formed, normalise
from analysis.services.submit import Refused
from analysis.services.transient import transactional

# What a column may be called, in plain lists and in NSE's own files.
HEADINGS = {
    "ticker": "ticker",
    "symbol": "symbol",
    "name": "name",
    "company name": "name",
    "name of company": "name",
    "industry": "industry",
    "exchange": "exchange",
    "currency": "currency",
}
KEPT = ("name", "exchange", "currency", "industry")


@dataclass(slots=True)
class Import:
    """What became of a file's rows; `problems` are sentences that name file and line."""

    added: int = 0
    updated: int = 0
    problems: list[str] = field(default_factory=list)


def load_stocks(file: Path, *, suffix: str = "") -> Import:
    """Add and update stocks from a CSV file with a header; a broken row is reported and the others are used.

    Columns: ticker, or symbol to which `suffix` (like .NS) is added; name, industry, exchange, currency if there.
    Raises Refused when the file cannot be read or has no such column.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            done = Import()
            stocks = {stock.pk: stock for stock in _rows(file.name, csv.reader(lines), suffix, done)}
    except OSError as error:
        raise Refused(f"{file} cannot be read: {error.strerror}.") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refused(f"{file} is not a CSV file in UTF-8: {error}.") from None
    if not stocks and not done.problems:
        raise Refused(f"{file} holds no stocks.")
    _save(stocks, done)
    return done


def _rows(name: str, reader: Iterable[list[str]], suffix: str, done: Import) -> Iterator[Stock]:
    rows = iter(reader)
    header = [HEADINGS.get(cell.strip().lower(), "") for cell in next(rows, [])]
    key = next((column for column in ("ticker", "symbol") if column in header), None)
    if key is None:
        raise Refused(f"{name} has neither a ticker nor a symbol column in its first line.")
    for line, cells in enumerate(rows, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        row = {column: cell.strip() for column, cell in zip(header, cells, strict=False) if column}
        ticker = normalise(row.get(key, "") + (suffix if key == "symbol" else ""))
        if not is_well_formed(ticker):
            done.problems.append(f"{name}, line {line}: “{ticker[:30]}” is not a ticker.")
            continue
        if len(cells) != len(header):
            done.problems.append(f"{name}, line {line}: {len(cells)} columns where the first line has {len(header)}.")
            continue
        exchange = exchange_of(ticker)
        yield Stock(
            ticker=ticker,
            name=row.get("name", "")[:200],
            industry=row.get("industry", "")[:100],
            exchange=(row.get("exchange") or exchange.code)[:16],
            currency=(row.get("currency") or exchange.currency).upper()[:3],
        )


@transactional
def _save(stocks: dict[str, Stock], done: Import) -> None:
    known = set(Stock.objects.filter(pk__in=stocks).values_list("pk", flat=True))
    Stock.objects.bulk_create(
        stocks.values(), update_conflicts=True, unique_fields=["ticker"], update_fields=KEPT, batch_size=500
    )
    done.added, done.updated = len(stocks) - len(known), len(known)


def load_demo_market() -> list[str]:
    """Add the demo market's companies, or bring their names up to date; returns their tickers in its order."""
    stocks = {
        company.ticker: Stock(
            ticker=company.ticker,
            name=company.name,
            industry=company.industry,
            exchange=exchange_of(company.ticker).code,
            currency=company.currency,
        )
        for company in COMPANIES
    }
    _save(stocks, Import())
    return list(stocks)
