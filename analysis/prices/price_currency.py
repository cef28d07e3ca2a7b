"""The currency of a price file: what its cells, its column or its title say, beside that of the instrument."""

import re
from collections.abc import Collection, Iterator

from analysis.prices.cell_numbers import find_currency
from analysis.prices.currencies import currency_code, main_currency, unit_of
from analysis.prices.delimited_text import TableError
from analysis.prices.instruments import Instrument, InstrumentKind
from analysis.prices.port import Finding
from analysis.prices.price_columns import PriceColumns
from analysis.prices.security_columns import CURRENCY_COLUMNS
from analysis.prices.tables import Table

_CURRENCIES_BY_WORD = {
    "$": ("USD", "CAD", "AUD", "HKD", "SGD", "NZD", "MXN", "TWD", "ARS", "CLP"), "us$": ("USD",), "€": ("EUR",),
    "£": ("GBP",), "₹": ("INR",), "rs": ("INR",), "¥": ("JPY", "CNY"), "p": ("GBp",), "pence": ("GBp",),
    "pounds": ("GBP",), "rupee": ("INR",), "rupees": ("INR",), "euro": ("EUR",), "euros": ("EUR",), "cents": ("ZAc",),
}  # fmt: skip
_TITLE = re.compile(r"\b[Cc]urrency\b(?: in| is)?[ :=]*([A-Z]{3}|GBp)\b")
_WITHOUT_CURRENCY = re.compile(r"[\d.,\s'’+-]*")


def find_price_factor(table: Table, columns: PriceColumns, instrument: Instrument) -> tuple[float, list[Finding]]:
    """Return by how much prices as written are multiplied to be in the instrument's quoted unit, and findings.

    It is 1 where nothing names a currency, or the quoted one; 100 for pounds where pence are quoted. Raise TableError
    for another currency, and where some prices only are in another unit.
    """
    names_pair = instrument.kind in (InstrumentKind.PAIR, InstrumentKind.CRYPTO)  # in a column of currencies
    of_table = () if names_pair else _words_of_table(table)
    words = list(dict.fromkeys([*of_table, *_words_of_prices(table, columns)]))
    if not instrument.currency or not words:
        return 1.0, []
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
    factor = next(iter(factors.values()), None) or 1.0
    if factor == 1.0:
        return factor, []
    change = f"multiplied by {factor:g}" if factor > 1 else f"divided by {1 / factor:g}"
    message = (
        f"Prices in {next(iter(factors))} were {change}, as {instrument.ticker} is quoted in {instrument.currency}."
    )
    return factor, [Finding("converted_unit", message, "warning")]


def _words_of_table(table: Table) -> Iterator[str]:
    """Yield the currencies that a column or the lines above the heading name."""
    column = table.find_column(*CURRENCY_COLUMNS)
    yield from () if column is None else filter(None, dict.fromkeys(table.cells_of(column)))
    for row in table.above:
        yield from _TITLE.findall(" ".join(row.cells))


def _words_of_prices(table: Table, columns: PriceColumns) -> Iterator[str]:
    """Yield the currencies at prices; an empty one, too, where some prices have one and others have none."""
    prices = (columns.open, columns.high, columns.low, columns.close, columns.adj_close)
    cells = [cell for column in prices if column is not None for cell in table.cells_of(column) if cell]
    if not _WITHOUT_CURRENCY.fullmatch("".join(cells)):
        words = dict.fromkeys(find_currency(cell) for cell in cells if any(map(str.isdigit, cell)))
        yield from words if set(words) != {""} else ()


def _currencies_of(word: str) -> Collection[str]:
    """Return the quoted currencies that a word or sign may mean."""
    return _CURRENCIES_BY_WORD.get(word.rstrip(".").lower()) or (currency_code(word),)


def _factor_between(currencies: Collection[str], instrument: Instrument) -> float | None:
    """Return the factor from one of the currencies to the instrument's; None if it has another main currency."""
    if instrument.currency in currencies:
        return 1.0
    same = [currency for currency in currencies if main_currency(currency) == instrument.main_currency]
    return instrument.unit / unit_of(same[0]) if same else None
