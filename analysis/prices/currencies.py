"""Currencies: codes of money, the parts of it in which some exchanges quote, and the quotes of pairs."""

import re
from typing import NamedTuple


class MinorUnit(NamedTuple):
    """A part of a currency in which prices are quoted; `parts` of them make one of the currency."""

    currency: str
    parts: int


MINOR_UNITS = {
    "GBp": MinorUnit("GBP", 100),
    "ZAc": MinorUnit("ZAR", 100),
    "ILA": MinorUnit("ILS", 100),
    "USX": MinorUnit("USD", 100),
    "KWF": MinorUnit("KWD", 1000),
}
"""Pence, cents, agorot, US cents (futures of grain) and fils, as Yahoo writes them."""

CURRENCIES = frozenset(
    "USD EUR GBP JPY INR CHF AUD NZD CAD CNY CNH HKD SGD KRW TWD THB MYR IDR PHP VND SEK NOK DKK ISK PLN CZK HUF TRY"
    " ILS SAR AED QAR KWD BHD OMR ZAR EGP BRL MXN CLP COP PEN ARS RUB RON BGN PKR LKR BDT NPR".split()
)
STABLE_COINS = ("USDT", "USDC", "BUSD", "FDUSD")
QUOTES = {
    **dict.fromkeys(STABLE_COINS, "USD"),
    **{
        code: code for code in "USD EUR GBP INR JPY CAD AUD CHF CNY KRW BRL TRY RUB SGD HKD IDR ZAR MXN BTC ETH".split()
    },
}
"""The quotes of pairs of cryptocurrencies as exchanges write them, and Yahoo's."""

_OTHER_SPELLINGS = {
    "GBX": "GBp", "ZAC": "ZAc", "₹": "INR", "RS": "INR", "RS.": "INR", "€": "EUR", "£": "GBP", "$": "USD", "US$": "USD",
}  # fmt: skip
_CODE = re.compile("[A-Z]{3}")


def main_currency(currency: str) -> str:
    """Return the currency of money for one in which prices are quoted: GBP for GBp."""
    return MINOR_UNITS[currency].currency if currency in MINOR_UNITS else currency


def unit_of(currency: str) -> int:
    """Return how many units of a quoted currency make one of its main currency: 100 for GBp, 1000 for KWF."""
    return MINOR_UNITS[currency].parts if currency in MINOR_UNITS else 1


def currency_code(text: str) -> str:
    """Return a currency as it is stored, empty for other text: three capitals, but GBp for pence and ZAc for cents."""
    text = text.strip()
    if text in MINOR_UNITS:
        return text
    capitals = text.upper()
    return _OTHER_SPELLINGS.get(capitals) or (capitals if _CODE.fullmatch(capitals) else "")
