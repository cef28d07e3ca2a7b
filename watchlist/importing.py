"""Importing: the stocks that a text names, and a preview of what would be added to a list."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from analysis.directory import find_renamed_stocks, read_securities
from analysis.models import Stock
from analysis.prices.market_symbols import SymbolReading
from analysis.prices.security_columns import SecuritySpelling
from watchlist.import_text import ImportEntry, ImportText, UnreadableText, UnrecognisedEntry, parse
from watchlist.models import NOTE_LENGTH, Watchlist

MOST_TICKERS = 1_000


@dataclass
class ParsedText:
    """The stocks of a text: notes by ticker, in its order; repeated tickers; those whose note was shortened.

    `problems` are entries that are no tickers, `questions` those with tickers to choose from, `alternatives` other
    exchanges' stocks of the same name by ticker, `reused` tickers that a renamed stock had and that are another
    company's here, `unread` the headings of quantities and prices.
    """

    notes: dict[str, str] = field(default_factory=dict)
    repeated: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    problems: list[UnrecognisedEntry] = field(default_factory=list)
    questions: list[UnrecognisedEntry] = field(default_factory=list)
    alternatives: dict[str, tuple[str, ...]] = field(default_factory=dict)
    reused: set[str] = field(default_factory=set)
    unread: tuple[str, ...] = ()

    def notes_of(self, tickers: Collection[str]) -> dict[str, str]:
        """Return the notes of these tickers, which are certain or candidates of a question, in the text's order."""
        chosen = self.follow_choices(tickers)
        return {ticker: note for ticker, note in self._offered.items() if ticker in chosen}

    def follow_choices(self, tickers: Collection[str]) -> set[str]:
        """Return the present tickers of those that a person chose on a page, before stocks were renamed perhaps."""
        renamed = find_renamed_stocks(set(tickers) - self._offered.keys())
        return {renamed[ticker].pk if ticker in renamed else ticker for ticker in tickers}

    @property
    def _offered(self) -> dict[str, str]:
        candidates = (ticker for question in self.questions for ticker in question.candidates)
        return self.notes | {ticker: "" for ticker in candidates if ticker not in self.notes}


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


def read(text: str, *, default: str = "", column: str = "", is_sheet: bool = False) -> ParsedText:
    """Read the stocks of a text; see `parse` for its forms, and `read_securities` for what a name means.

    `default` is the code of the exchange of bare names, `column` the heading of the tickers if the person chose it.
    Raise UnreadableText if there is nothing or too much, or a table whose column is not known.
    """
    parsed = parse(text, column, is_sheet=is_sheet)
    count = len({each.spelling for entry in parsed.entries for each in entry.words or (entry,)})
    if count > MOST_TICKERS:
        raise UnreadableText(f"{count:,} tickers are too many at once; the limit is {MOST_TICKERS:,}.")
    if not parsed.entries:
        broken = "".join(f" Line {one.line}: {one.reason}" for one in parsed.broken[:1])
        raise UnreadableText(f"There is no ticker in it.{broken}")
    entries = (each for entry in parsed.entries for each in (entry, *entry.words))
    spellings = list(dict.fromkeys(entry.spelling for entry in entries))
    readings = dict(zip(spellings, read_securities(spellings, default=default), strict=True))
    return _collect(parsed, readings)


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


def _collect(parsed: ImportText, readings: dict[SecuritySpelling, SymbolReading]) -> ParsedText:
    found = ParsedText(unread=parsed.unread, problems=list(parsed.broken))
    asked: set[SecuritySpelling] = set()
    for entry in _separate_words(parsed.entries, readings):
        reading = readings[entry.spelling]
        found.reused.update(reading.reused)
        if reading.ticker:
            _add_ticker(found, entry, reading)
        elif entry.spelling not in asked:
            asked.add(entry.spelling)
            unclear = UnrecognisedEntry(entry.line, entry.text, reading.reason, reading.tickers)
            (found.questions if reading.tickers else found.problems).append(unclear)
    found.problems.sort(key=lambda problem: problem.line)
    return found


def _separate_words(
    entries: Iterable[ImportEntry], readings: dict[SecuritySpelling, SymbolReading]
) -> Iterator[ImportEntry]:
    """Yield loose words as one name if they are that of a stock, as tickers if they look so, else as one name again."""
    for entry in entries:
        are_tickers = any(_is_whole_ticker(readings[word.spelling]) for word in entry.words)
        are_capitals = all(word.spelling.symbol.isupper() for word in entry.words)
        if entry.words and not readings[entry.spelling].tickers and (are_tickers or are_capitals):
            yield from entry.words
        else:
            yield entry


def _is_whole_ticker(reading: SymbolReading) -> bool:
    return bool(reading.ticker) and not reading.is_bare


def _add_ticker(found: ParsedText, entry: ImportEntry, reading: SymbolReading) -> None:
    ticker, note = reading.ticker, entry.note
    if ticker in found.notes:
        if ticker not in found.repeated:
            found.repeated.append(ticker)
        return
    found.notes[ticker] = note[:NOTE_LENGTH]
    if reading.candidates:
        found.alternatives[ticker] = reading.candidates
    if len(note) > NOTE_LENGTH:
        found.cut.append(ticker)
