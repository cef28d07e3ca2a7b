"""The currency of a price file: what its cells, its column or its title say, beside that of the instrument."""

import re
from collections.abc import Collection, Iterator, Sequence

from analysis.prices.cell_numbers import find_currency
from analysis.prices.currencies import CURRENCIES, MINOR_UNITS, currency_code, main_currency, unit_of
from analysis.prices.delimited_text import TableError
from analysis.prices.instruments import Instrument, InstrumentKind
from analysis.prices.port import Finding
from analysis.prices.price_columns import PriceColumns
from analysis.prices.security_columns import CURRENCY_COLUMNS
from analysis.prices.tables import CURRENCY_IN_HEADING, Table

_CURRENCIES_BY_WORD = {
    "$": ("USD", "CAD", "AUD", "HKD", "SGD", "NZD", "MXN", "TWD", "ARS", "CLP"), "us$": ("USD",), "hk$": ("HKD",),
    "s$": ("SGD",), "a$": ("AUD",), "c$": ("CAD",), "nz$": ("NZD",), "nt$": ("TWD",), "mx$": ("MXN",), "r$": ("BRL",),
    "r": ("ZAR",), "₩": ("KRW",), "฿": ("THB",), "₺": ("TRY",), "₪": ("ILS",), "₱": ("PHP",), "€": ("EUR",),
    "£": ("GBP",), "₹": ("INR",), "rs": ("INR",), "¥": ("JPY", "CNY"), "p": ("GBp",), "pence": ("GBp",),
    "pounds": ("GBP",), "british pound": ("GBP",), "british pounds": ("GBP",), "pound sterling": ("GBP",),
    "pounds sterling": ("GBP",), "sterling": ("GBP",), "pence sterling": ("GBp",), "british pence": ("GBp",),
    "uk pounds": ("GBP",), "gb pounds": ("GBP",), "dollars": ("USD", "CAD", "AUD", "HKD", "SGD", "NZD"),
    "rupee": ("INR",), "rupees": ("INR",), "indian rupee": ("INR",), "indian rupees": ("INR",), "euro": ("EUR",),
    "euros": ("EUR",), "us dollar": ("USD",), "us dollars": ("USD",), "cents": ("ZAc", "USX"), "rm": ("MYR",),
    "rmb": ("CNY",),
}  # fmt: skip
_KNOWN = CURRENCIES | MINOR_UNITS.keys()
_WITHOUT_COLUMN = (InstrumentKind.PAIR, InstrumentKind.INDEX)
"""The kinds with other things in a column of currencies: the two of a pair, points."""
UNIT_COLUMNS = ("unit", "price unit", "unit of price", "quote unit", "quote currency")
"""Columns that may be about other things, so that only a currency in them counts."""
_TITLE = re.compile(r"\b[Cc]urrency\b(?: in| is)?[ :=]*([A-Z]{3}|GBp)\b")
_TITLE_OF_PRICES = re.compile(
    r"\b(?:prices?|quotes?|quoted|values|amounts|figures)\b[^.;,]*?(?:\bin\s+|[(\[:]\s*(?:in\s+)?)([^\W\d]+|US\$|[$€£¥₹])"
    r"(?: ([^\W\d]+))?",
    re.IGNORECASE,
)
_WITHOUT_CURRENCY = re.compile(r"[\d.,\s'’+-]*")


def find_price_factor(table: Table, columns: PriceColumns, instrument: Instrument) -> tuple[float, list[Finding]]:
    """Return by how much prices as written are multiplied to be in the instrument's quoted unit, and findings.

    It is 1 where nothing names a currency that is known, or the quoted one; 100 for pounds where pence are quoted.
    Raise TableError for another currency, and where some prices only are in another unit.
    """
    of_table = [] if instrument.kind in _WITHOUT_COLUMN else list(_words_of_table(table))
    if instrument.kind is InstrumentKind.CRYPTO:  # whose column may name the coin
        of_table = [word for word in of_table if currency_code(word) in CURRENCIES]
    named = list(dict.fromkeys([*of_table, *_words_of_headings(table, columns), *_words_of_prices(table, columns)]))
    words = [word for word in named if not word or _currencies_of(word)]
    unknown = _describe_unknown([word for word in named if word not in words])
    if not instrument.currency or not any(words):
        return 1.0, unknown
    factor = _common_factor(words, instrument)
    if factor == 1.0:
        return factor, unknown
    change = f"multiplied by {factor:g}" if factor > 1 else f"divided by {1 / factor:g}"
    name = next(filter(None, words))
    message = f"Prices in {name} were {change}, as {instrument.ticker} is quoted in {instrument.currency}."
    return factor, [*unknown, Finding("converted_unit", message, "warning")]


def _common_factor(words: Sequence[str], instrument: Instrument) -> float:
    """Return the factor of all prices. Raise TableError for another currency, or if there is not one for all."""
    factors = {word: _factor_between(_currencies_of(word), instrument) for word in words if word}
    other = next((word for word, factor in factors.items() if factor is None), None)
    if other is not None:
        raise TableError(
            f"Its prices are in {other[:20]}, and {instrument.ticker} is quoted in {instrument.currency}. Give them in "
            f"{instrument.currency}."
        )
    if len(set(factors.values())) > 1 or ("" in words and set(factors.values()) != {1.0}):
        names = " and ".join(word[:20] or "no currency" for word in words[:3])
        raise TableError(f"Its prices are in {names}. Give all of them in {instrument.currency}.")
    return next(iter(factors.values())) or 1.0


def _describe_unknown(words: Sequence[str]) -> list[Finding]:
    """Return the finding about words in the place of a currency that are none here."""
    names = ", ".join(word[:20] for word in words[:3])
    message = f"Its prices are in {names}, which is no currency that is known here: it is not compared."
    return [Finding("unknown_currency", message, "info")] if words else []


def _words_of_table(table: Table) -> Iterator[str]:
    """Yield the currencies that a column or the lines above the heading name."""
    column = table.find_column(*CURRENCY_COLUMNS)
    yield from () if column is None else filter(None, dict.fromkeys(table.cells_of(column)))
    unit = table.find_column(*UNIT_COLUMNS)
    yield from () if unit is None else filter(_currencies_of, dict.fromkeys(table.cells_of(unit)))
    for row in table.above:
        title = " ".join(row.cells)
        yield from _TITLE.findall(title)
        for words in _TITLE_OF_PRICES.findall(title):
            yield from list(filter(_currencies_of, (" ".join(words).strip(), words[0])))[:1]


def _words_of_headings(table: Table, columns: PriceColumns) -> Iterator[str]:
    """Yield the currencies in the headings of prices, as in `Close (GBP)`."""
    for column in _price_columns(columns):
        yield from CURRENCY_IN_HEADING.findall(table.headings[column])


def _price_columns(columns: PriceColumns) -> list[int]:
    prices = (columns.open, columns.high, columns.low, columns.close, columns.adj_close)
    return [column for column in prices if column is not None]


def _words_of_prices(table: Table, columns: PriceColumns) -> Iterator[str]:
    """Yield the currencies at prices; an empty one, too, where some prices have one and others have none."""
    cells = [cell for column in _price_columns(columns) for cell in table.cells_of(column) if cell]
    if not _WITHOUT_CURRENCY.fullmatch("".join(cells)):
        words = dict.fromkeys(find_currency(cell) for cell in cells if any(map(str.isdigit, cell)))
        yield from words if set(words) != {""} else ()


def _currencies_of(word: str) -> Collection[str]:
    """Return the quoted currencies that a word or sign may mean; none for a word that is not known."""
    code = currency_code(word)
    return _CURRENCIES_BY_WORD.get(word.rstrip(".").lower()) or ((code,) if code in _KNOWN else ())


def _factor_between(currencies: Collection[str], instrument: Instrument) -> float | None:
    """Return the factor from one of the currencies to the instrument's; None if it has another main currency."""
    if instrument.currency in currencies:
        return 1.0
    same = [currency for currency in currencies if main_currency(currency) == instrument.main_currency]
    return instrument.unit / unit_of(same[0]) if same else None
