"""Import text: the entries of a pasted text or a file, each with the words that name its security, and a note."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from analysis.exports import plain_text
from analysis.prices.delimited_text import UNREADABLE, TableError, count_cells, split_lines
from analysis.prices.exchanges import UNKNOWN_EXCHANGE
from analysis.prices.instruments import exchange_of
from analysis.prices.market_symbols import NUMBER
from analysis.prices.security_columns import (
    ISIN_COLUMNS,
    NAME_COLUMNS,
    SYMBOL_COLUMNS,
    SecuritySpelling,
    find_security_columns,
    is_placeholder,
)
from analysis.prices.symbol_text import UPSTOX_PREFIX, clean_symbol, is_contract
from analysis.prices.symbols import read_symbol
from analysis.prices.tables import DELIMITERS, Table, find_delimiter, read_rows, read_table

MOST_BYTES = 500_000
SHOWN_LETTERS = 40
SAMPLE_ROWS = 3
LONGEST_PIECE = 50_000
MOST_CHOICES = 50  # columns to choose from
NOTE_COLUMNS = ("note", "notes", "comment", "comments")
_UNREAD_COLUMN = re.compile(  # folded headings of quantities and of what was paid
    r".*(?:qty|quantity|costbasis|invested|einstand|kaufkurs|kaufpreis).*|(?:noof)?shares|(?:avail)?units(?:held)?|position|anzahl|stück"
    r"|aantal|bestand|menge|commission|fees?|priceshare|pricepaid"
    r"|(?:avg|average|buy|purchase|cost|unit|fill|open|entry)\w*(?:price|cost|avg|rate|value)|avg|avgopen"
)
_PRICE_COLUMN = "price"  # what was paid, where there is a quantity
KNOWN_COLUMNS = (*SYMBOL_COLUMNS, *ISIN_COLUMNS)
_PIECES = re.compile(r"[,;|\t]+")
_SECTION = "###"  # TradingView's headings of sections


class UnreadableText(Exception):
    """A text or file has no tickers that can be read; the message is a sentence for the user.

    Of a table whose column of tickers is not known, `headings` are those to choose from, `sample` its first rows.
    """

    def __init__(self, message: str, headings: Sequence[str] = (), sample: Sequence[Sequence[str]] = ()) -> None:
        super().__init__(message)
        self.headings = tuple(headings)
        self.sample = tuple(sample)


@dataclass(frozen=True, slots=True)
class ImportEntry:
    """One security of a text: its line, the words that name it, and the note beside it.

    Loose words between blanks may be one name or several tickers: then `words` are those, each alone.
    """

    line: int
    spelling: SecuritySpelling
    note: str = ""
    words: tuple[ImportEntry, ...] = ()

    @property
    def text(self) -> str:
        """Return the words as they are shown: the symbol, else the ISIN or the name."""
        return (self.spelling.symbol or self.spelling.isin or self.spelling.name)[:SHOWN_LETTERS]


@dataclass(frozen=True, slots=True)
class UnrecognisedEntry:
    """An entry or a line that names no security for certain: the reason, and the tickers that may be meant."""

    line: int
    text: str
    reason: str
    candidates: tuple[str, ...] = ()

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Return the candidates, each with the code of its exchange, empty where that is not known."""
        codes = ((ticker, exchange_of(ticker)) for ticker in self.candidates)
        return [(ticker, "" if exchange == UNKNOWN_EXCHANGE else exchange.code) for ticker, exchange in codes]


@dataclass
class ImportText:
    """The entries of a text; lines that cannot be read; headings of quantities and prices, which are not used."""

    entries: list[ImportEntry] = field(default_factory=list)
    broken: list[UnrecognisedEntry] = field(default_factory=list)
    unread: tuple[str, ...] = ()


def parse(text: str, column: str = "", *, is_sheet: bool = False) -> ImportText:
    """Return the entries of a table, of JSON, or of words between commas, semicolons, line ends or blanks.

    `column` is the heading of the tickers, if the person chose it. Raise UnreadableText for a table whose column is
    not known: a text is a table if it is a sheet of a workbook with two columns, if two of its lines have the same
    number of delimiters, more than one, or if it has two columns with numbers in the second.
    """
    text = text.removeprefix("\ufeff")
    if (table := _read_json(text) or _find_table(text, column)) is not None:
        return _entries_of(table, column)
    text = UPSTOX_PREFIX.sub(r"\1:", text)  # whose line is no delimiter
    if column or _is_table(text) or _has_numbers_beside(text) or (is_sheet and find_delimiter(text)):
        raise _unknown_columns(text)
    if any(len(piece) > LONGEST_PIECE for piece in _pieces(split_lines(text))):
        raise UnreadableText(f"The text cannot be read: {UNREADABLE}.")
    return ImportText(list(_words(text)))


def _read_json(text: str) -> Table | None:
    """Return the table that a JSON document holds, as Ghostfolio exports its activities; None for other text."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    lists = [content] if isinstance(content, list) else list(content.values())
    records = next((each for each in lists if isinstance(each, list) and each), [])
    rows = [_as_record(record) for record in records]
    headings = list(dict.fromkeys(heading for row in rows for heading in row)) or [""]
    table = [headings, *([row.get(name, "") for name in headings] for row in rows)]
    try:
        return read_rows(enumerate(table, 1), KNOWN_COLUMNS)
    except TableError as error:
        raise UnreadableText(f"This JSON holds no list with symbols: {error.message}") from None


def _as_record(record: Any) -> dict[str, str]:
    if not isinstance(record, dict):
        return {"symbol": str(record)}
    return {key: "" if value is None else str(value) for key, value in record.items()}


def _find_table(text: str, column: str) -> Table | None:
    """Return the table with the chosen column, or one whose headings are known: symbols, ISINs, or names alone."""
    for known in [(column,)] if column else (KNOWN_COLUMNS, NAME_COLUMNS):
        try:
            return read_table(text, known)
        except TableError:
            continue
    return None


def _entries_of(table: Table, column: str) -> ImportText:
    columns = find_security_columns(table)
    if (chosen := table.find_column(column) if column else None) is not None:
        columns = replace(columns, symbols=((chosen, ""),))
    rows = [(row.line, row.cells) for row in table.rows]
    if chosen is not None and any(NUMBER.fullmatch(heading) for heading in table.headings):
        rows.insert(0, (table.line, table.headings))  # a table without a heading
    note = table.find_column(*NOTE_COLUMNS)
    parsed = ImportText(unread=_unread_headings(table))
    parsed.broken = [UnrecognisedEntry(line, "", f"{reason}.") for line, reason in table.broken]
    for line, raw in rows:
        cells = [plain_text(cell).strip() for cell in raw]
        spelling = columns.spell(cells)
        if columns.publisher == "NSE" and is_placeholder(spelling.symbol):
            continue
        if not (spelling.symbol or spelling.isin or spelling.name):
            shown = ",".join(raw)[:SHOWN_LETTERS]
            parsed.broken.append(UnrecognisedEntry(line, shown, "This line has no ticker."))
        else:
            parsed.entries.append(ImportEntry(line, spelling, "" if note is None else cells[note]))
    return parsed


def _unread_headings(table: Table) -> tuple[str, ...]:
    unread = {name for name in table.folded_headings if _UNREAD_COLUMN.fullmatch(name)}
    unread.update({_PRICE_COLUMN} if unread else ())
    folded = zip(table.headings, table.folded_headings, strict=True)
    return tuple(heading for heading, name in folded if name in unread)


def _is_table(text: str) -> bool:
    """Return whether two lines have the same number of a delimiter, more than one; a list of prefixes is none."""
    lines = [line for line in split_lines(text)[:200] if line.strip()]
    if all(":" in piece or piece.lstrip().startswith(_SECTION) for piece in _pieces(lines)):
        return False
    return any(_has_equal_lines(lines, delimiter) for delimiter in DELIMITERS)


def _has_numbers_beside(text: str) -> bool:
    """Return whether each line has two cells, a word and a number; the first may be a heading, as it must be by commas.

    Numbers in the first column may be tickers.
    """
    lines = [line for line in split_lines(text)[:200] if line.strip()]
    for delimiter in DELIMITERS:
        pairs = [[cell.strip().strip('"') for cell in line.split(delimiter)] for line in lines]
        if len(pairs) > 1 and all(len(pair) == 2 for pair in pairs):
            first, rows = pairs[0], pairs[1:]
            are_numbers = all(NUMBER.fullmatch(number) and not NUMBER.fullmatch(word) for word, number in rows)
            return are_numbers and (delimiter != "," or not NUMBER.fullmatch(first[1]))
    return False


def _has_equal_lines(lines: list[str], delimiter: str) -> bool:
    counts = [count for line in lines if (count := count_cells(line, delimiter)) > 2]
    return len(counts) > len(set(counts))


def _unknown_columns(text: str) -> UnreadableText:
    """Return the error of a table whose column of tickers is not known, with the headings to choose from."""
    lines = [line for line in split_lines(text) if line.strip()][:200]
    delimiter = max(DELIMITERS, key=lambda each: [sum(count_cells(line, each) > n for line in lines) for n in (2, 1)])
    records = [next(csv.reader([line], delimiter=delimiter), []) for line in lines if count_cells(line, delimiter)]
    width = max(map(len, records), default=0)
    table = [[cell.strip() for cell in record] for record in records if len(record) == width]
    headings = list(dict.fromkeys(filter(None, table[0])))[:MOST_CHOICES] if table else []
    named = ", ".join(heading[:SHOWN_LETTERS] for heading in headings[:10])
    message = f"This is a table, and none of its columns is known to hold tickers: {named}. Choose the column."
    return UnreadableText(message, headings, [row[:MOST_CHOICES] for row in table[: SAMPLE_ROWS + 1]])


def _words(text: str) -> Iterator[ImportEntry]:
    for line, content in enumerate(split_lines(text), start=1):
        for piece in _pieces([content]):
            if not piece.startswith(_SECTION):
                words = [] if _is_one_symbol(piece) else _split_words(piece)
                alone = tuple(ImportEntry(line, SecuritySpelling(word, name=word)) for word in words)
                symbol = "" if len(words) > 1 else piece  # the blanks are not of a symbol then
                yield ImportEntry(line, SecuritySpelling(symbol, name=piece), words=() if symbol else alone)


def _split_words(piece: str) -> list[str]:
    """Return the words of a piece without bullets between them."""
    return [word for word in piece.split() if len(word) > 1 or clean_symbol(word)]


def _pieces(lines: Iterable[str]) -> list[str]:
    pieces = (piece.strip().strip("\"'").strip() for line in lines for piece in _PIECES.split(line))
    return [piece for piece in pieces if piece]


def _is_one_symbol(piece: str) -> bool:
    """Return whether the blanks of a piece belong to a symbol, as in BRK B, NIFTY 50 and AAPL US Equity."""
    symbol = clean_symbol(piece)
    words = symbol.split()
    has_prefix = ":" in words[0] and not all(":" in word for word in words) if words else True
    return len(words) < 2 or has_prefix or is_contract(symbol) or bool(read_symbol(symbol).tickers)
