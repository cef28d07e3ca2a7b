"""Importing: reading tickers from what somebody pasted or uploaded, and telling what would come of it."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from analysis.exports import plain_text
from analysis.models import Stock
from analysis.prices import is_well_formed, normalise
from analysis.prices.csv_rows import UNREADABLE
from watchlist.models import NOTE_LENGTH, Watchlist

MOST_BYTES = 500_000
MOST_TICKERS = 1_000
SHOWN_LETTERS = 40
# As TradingView writes them, NSE:TCS; other exchanges' symbols are Yahoo's as they are.
PREFIXES = {"NSE": ".NS", "BSE": ".BO", "NASDAQ": "", "NYSE": "", "AMEX": ""}
SEPARATORS = re.compile(r"[\s,;]+")
TICKER_HEADINGS = ("ticker", "symbol")
NOTE_HEADINGS = ("note", "notes")


class Unreadable(Exception):
    """What came in is no text with tickers; the message is a sentence for whoever sent it."""


@dataclass(frozen=True)
class Problem:
    """Something in a line that is no ticker."""

    line: int
    text: str


@dataclass
class Reading:
    """What a text holds: a note by ticker, in its order; tickers that came more than once; what is no ticker.

    `cut` are the tickers whose note was too long to be kept whole.
    """

    notes: dict[str, str] = field(default_factory=dict)
    repeated: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True)
class Preview:
    """What an import would do to a list."""

    reading: Reading
    known: list[Stock]
    unknown: list[str]
    there: list[str]

    @property
    def choices(self) -> list[str]:
        """What can be added, in the text's order."""
        return [ticker for ticker in self.reading.notes if ticker not in self.there]


def decode(content: bytes) -> str:
    """The text of an uploaded file. Raises Unreadable with what to do about it."""
    if len(content) > MOST_BYTES:
        raise Unreadable(f"The file is larger than {MOST_BYTES // 1000} KB; split it into smaller ones.")
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise Unreadable("This is an Excel workbook; save the sheet as CSV and upload that.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Unreadable("The file is text in UTF-16; save it as CSV in UTF-8.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable("The file is not text in UTF-8; save it as CSV in UTF-8.") from None
    if "\0" in text:
        raise Unreadable("The file is not text; upload a CSV file, or paste the tickers.")
    return text


def read(text: str) -> Reading:
    """Tickers between commas, blanks or line ends; or, after a heading with a column `ticker` or `symbol`, a table.

    Raises Unreadable when there is nothing, or too much, or a broken table.
    """
    reading = Reading()
    lines = text.lstrip("\ufeff").splitlines()
    try:
        for line, raw, note in _table(lines) or _words(lines):
            _take(reading, line, raw, note)
    except csv.Error:
        raise Unreadable(f"The text cannot be read as a table: {UNREADABLE}.") from None
    if len(reading.notes) > MOST_TICKERS:
        raise Unreadable(f"{len(reading.notes):,} tickers are too many at once; the limit is {MOST_TICKERS:,}.")
    if not reading.notes and not reading.problems:
        raise Unreadable("There is no ticker in it.")
    return reading


def preview(watchlist: Watchlist, reading: Reading) -> Preview:
    there = set(watchlist.items.filter(stock__in=reading.notes).values_list("stock_id", flat=True))
    stocks = Stock.objects.in_bulk([ticker for ticker in reading.notes if ticker not in there])
    return Preview(
        reading,
        known=[stocks[ticker] for ticker in reading.notes if ticker in stocks],
        unknown=[ticker for ticker in reading.notes if ticker not in stocks and ticker not in there],
        there=[ticker for ticker in reading.notes if ticker in there],
    )


def _take(reading: Reading, line: int, raw: str, note: str) -> None:
    ticker = _ticker(raw)
    if not is_well_formed(ticker):
        reading.problems.append(Problem(line, raw[:SHOWN_LETTERS]))
    elif ticker in reading.notes:
        if ticker not in reading.repeated:
            reading.repeated.append(ticker)
    else:
        reading.notes[ticker] = note[:NOTE_LENGTH]
        if len(note) > NOTE_LENGTH:
            reading.cut.append(ticker)


def _ticker(raw: str) -> str:
    exchange, colon, symbol = normalise(raw).partition(":")
    return f"{symbol}{PREFIXES[exchange]}" if colon and exchange in PREFIXES else normalise(raw)


def _words(lines: list[str]) -> Iterator[tuple[int, str, str]]:
    for number, line in enumerate(lines, start=1):
        for word in SEPARATORS.split(line):
            if word.strip("\"'") and not word.startswith("###"):  # TradingView's headings of sections
                yield number, word.strip("\"'"), ""


def _table(lines: list[str]) -> Iterator[tuple[int, str, str]] | None:
    """The rows of a table with a heading; None where the first line is none."""
    delimiter = max(",;\t", key=(lines or [""])[0].count)
    heading = [cell.strip().lower() for cell in next(csv.reader(lines[:1], delimiter=delimiter), [])]
    ticker = next((heading.index(name) for name in TICKER_HEADINGS if name in heading), None)
    if ticker is None:
        return None
    note = next((heading.index(name) for name in NOTE_HEADINGS if name in heading), len(heading))
    suffix = ".NS" if "series" in heading and heading[ticker] == "symbol" else ""  # a list of NSE
    return _cells(csv.reader(lines[1:], delimiter=delimiter), ticker, note, suffix)


def _cells(rows: Iterator[list[str]], ticker: int, note: int, suffix: str) -> Iterator[tuple[int, str, str]]:
    for number, cells in enumerate(rows, start=2):
        plain = [plain_text(cell.strip()).strip() for cell in cells]
        raw, text = (plain[column] if column < len(plain) else "" for column in (ticker, note))
        if raw:
            yield number, raw + suffix, text
        elif any(cell.strip() for cell in cells):
            yield number, ",".join(cells), ""
