"""The market of a price file's rows: of a file with rows of several exchanges, the ticker's own are selected."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from analysis.prices.delimited_text import TableError
from analysis.prices.instruments import Instrument
from analysis.prices.markets import EXCHANGE_CODES, market_named
from analysis.prices.port import Finding
from analysis.prices.security_columns import EXCHANGE_COLUMNS, find_exchange_column
from analysis.prices.symbol_tables import EURONEXT
from analysis.prices.tables import Table, fold_heading

NAMES_SHOWN = 3
OF_UDIFF = "src"  # the exchange that wrote a bhavcopy; elsewhere the heading may mean anything
_ONE_LISTING = (
    {"L", "IL"}, {"KS", "KQ"}, {"TW", "TWO"}, {"TO", "V"}, {EURONEXT, "PA", "AS", "BR", "LS", "IR"},
)  # fmt: skip
"""Markets that are often named by one word, and on which a symbol is listed once."""
_TITLE_HEADINGS = frozenset(map(fold_heading, EXCHANGE_COLUMNS))
_TITLE_PAIR = re.compile(r"([^\W\d][\w /]*?)\s*[:=]\s*(\S.*?)(?=\s{2,}|[|;,]|\s+[^\W\d]\w*\s*[:=]|$)")


def select_market(table: Table, instrument: Instrument) -> tuple[Table, list[Finding]]:
    """Return the table with the rows of the instrument's exchange only, and findings about the others.

    Rows without an exchange stay, and so do all if the file names no exchange that is known. Raise TableError if it
    names others only.
    """
    own, column = market_of(instrument), _find_market_column(table)
    if own:
        _refuse_title(table, instrument, own)
    if not own or column is None:
        return table, []
    names = table.cells_of(column)
    market_by_name = {name: market_named(name) for name in dict.fromkeys(filter(None, names))}
    if not market_by_name:
        return table, []
    heading = table.headings[column]
    if not any(market_by_name.values()):
        message = f"The column {heading} has {list_names(Counter(market_by_name))}, which is no exchange that is known "
        return table, [Finding("unknown_exchange", f"{message}here: it is not compared.", "info")]
    if not any(is_same_market(market, own) for market in market_by_name.values()):
        raise TableError(
            f"Its column {heading} has rows of {list_names(Counter(filter(None, names)))} only, and "
            f"{instrument.ticker} is of {instrument.exchange.code}."
        )
    kept = [not name or is_same_market(market_by_name[name], own) for name in names]
    others = Counter(name for name, keep in zip(names, kept, strict=True) if not keep)
    if not others:
        return table, []
    rows = "1 row" if others.total() == 1 else f"{others.total():,} rows"
    finding = Finding("other_exchanges", f"{rows} of other exchanges left out: {list_names(others)}.", "info")
    return replace(table, rows=tuple(row for row, keep in zip(table.rows, kept, strict=True) if keep)), [finding]


def find_title_pairs(cells: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Return what a line above the heading says as label and value: `Symbol: INFY  Exchange: BSE`, or in two cells."""
    for cell in cells:
        yield from _TITLE_PAIR.findall(cell)
    filled = [cell.strip() for cell in cells if cell.strip()]
    if len(filled) == 2:
        yield filled[0].rstrip(" :="), filled[1]


def market_of(instrument: Instrument) -> str:
    """Return the market on which a share, fund or index is listed; empty for other instruments."""
    return EXCHANGE_CODES.get(instrument.exchange.code, "")


def is_same_market(market: str, own: str) -> bool:
    """Return whether two markets are one, or are named by one word."""
    return market == own or any({market, own} <= markets for markets in _ONE_LISTING)


def list_names(names: Counter[str]) -> str:
    """Return the most frequent names, shortened, and how many more there are."""
    shown = [name[:20] or "no name" for name, _ in names.most_common(NAMES_SHOWN)]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")


def _refuse_title(table: Table, instrument: Instrument, own: str) -> None:
    """Raise TableError if a line above the heading names another exchange, as `Exchange: BSE`."""
    for row in table.above:
        for label, name in find_title_pairs(row.cells):
            market = market_named(name) if fold_heading(label) in _TITLE_HEADINGS else ""
            if market and not is_same_market(market, own):
                raise TableError(
                    f"Line {row.line} names the exchange {name[:20]}, and {instrument.ticker} is of "
                    f"{instrument.exchange.code}. Remove the line if the rows are {instrument.ticker}'s."
                )


def _find_market_column(table: Table) -> int | None:
    column = find_exchange_column(table)
    is_udiff = table.find_column("tckrsymb", "fininstrmid") is not None
    return table.find_column(OF_UDIFF) if column is None and is_udiff else column
