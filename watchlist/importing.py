"""Importing: read tickers from pasted text or a file, and preview what would be added to a list."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from analysis.exports import plain_text
from analysis.models import Stock
from analysis.prices.delimited_text import UNREADABLE
from analysis.prices.tickers import is_well_formed, normalise
from watchlist.models import NOTE_LENGTH, Watchlist

MOST_BYTES = 500_000
MOST_TICKERS = 1_000
SHOWN_LETTERS = 40
# As TradingView writes them, NSE:TCS; other exchanges' symbols are Yahoo's as they are.
PREFIXES = {"NSE": ".NS", "BSE": ".BO", "NASDAQ": "", "NYSE": "", "AMEX": ""}
SEPARATORS = re.compile(r"[\s,;]+")
TICKER_HEADINGS = ("ticker", "symbol")
NOTE_HEADINGS = ("note", "notes")


class UnreadableText(Exception):
    """A text or file has no tickers that can be read; the message is a sentence for the user."""


@dataclass(frozen=True)
class UnrecognisedEntry:
    """An entry of a line that is no ticker."""

    line: int
    text: str


@dataclass
class ParsedText:
    """The content of a text: notes by ticker, in its order; repeated tickers; entries that are no tickers.

    `cut` are the tickers whose note was shortened.
    """

    notes: dict[str, str] = field(default_factory=dict)
    repeated: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    problems: list[UnrecognisedEntry] = field(default_factory=list)


@dataclass(frozen=True)
class Preview:
    """The effect of an import on a list: tickers with and without a stock, and those on the list already."""

    reading: ParsedText
    known: list[Stock]
    unknown: list[str]
    present: list[str]

    @property
    def choices(self) -> list[str]:
        """Return the tickers that can be added, in the text's order."""
        return [ticker for ticker in self.reading.notes if ticker not in self.present]


def decode(content: bytes) -> str:
    """Return the text of an uploaded file. Raise UnreadableText with advice for the user."""
    if len(content) > MOST_BYTES:
        raise UnreadableText(f"The file is larger than {MOST_BYTES // 1000} KB; split it into smaller ones.")
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise UnreadableText("This is an Excel workbook; save the sheet as CSV and upload that.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableText("The file is text in UTF-16; save it as CSV in UTF-8.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableText("The file is not text in UTF-8; save it as CSV in UTF-8.") from None
    if "\0" in text:
        raise UnreadableText("The file is not text; upload a CSV file, or paste the tickers.")
    return text


def read(text: str) -> ParsedText:
    """Read tickers between commas, blanks or line ends, or a table whose heading has a column `ticker` or `symbol`.

    Raise UnreadableText if there is nothing, too much, or a broken table.
    """
    reading = ParsedText()
    lines = text.lstrip("\ufeff").splitlines()
    try:
        for line, raw, note in _table(lines) or _words(lines):
            _add_entry(reading, line, raw, note)
    except csv.Error:
        raise UnreadableText(f"The text cannot be read as a table: {UNREADABLE}.") from None
    if len(reading.notes) > MOST_TICKERS:
        raise UnreadableText(f"{len(reading.notes):,} tickers are too many at once; the limit is {MOST_TICKERS:,}.")
    if not reading.notes and not reading.problems:
        raise UnreadableText("There is no ticker in it.")
    return reading


def preview(watchlist: Watchlist, reading: ParsedText) -> Preview:
    """Return the effect that an import would have on a list."""
    present = set(watchlist.items.filter(stock__in=reading.notes).values_list("stock_id", flat=True))
    stocks = Stock.objects.in_bulk([ticker for ticker in reading.notes if ticker not in present])
    return Preview(
        reading,
        known=[stocks[ticker] for ticker in reading.notes if ticker in stocks],
        unknown=[ticker for ticker in reading.notes if ticker not in stocks and ticker not in present],
        present=[ticker for ticker in reading.notes if ticker in present],
    )


def _add_entry(reading: ParsedText, line: int, raw: str, note: str) -> None:
    ticker = _ticker(raw)
    if not is_well_formed(ticker):
        reading.problems.append(UnrecognisedEntry(line, raw[:SHOWN_LETTERS]))
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
    """Return the rows of a table with a heading; None if the first line is no heading."""
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
