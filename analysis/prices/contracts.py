"""Contracts: futures and options as brokers and terminals write them; they expire, and have no prices here."""

import re

_MONTH = "(?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)"
_PREFIX = re.compile(r"^[A-Z_]+: ?")
_SEPARATORS = re.compile(r"[ _/-]")
# Of the text as it is written.
_WRITTEN = re.compile(
    rf"[A-Z.]{{1,6}} .*(?:{_MONTH}|\d{{1,2}}/\d{{1,2}}).* (?:C|P|CALLS?|PUTS?)"  # SPY 01/19/2024 450 C
    r"|(?:FUT|OPT)[ _-].+\d.*|.+[ _-]FUT(?:URES?)?"  # RELIANCE-FUT
    r"|(?:.*NIFTY|SENSEX|BANKEX|[A-Z&]{6,})-I|.+-I{2,3}"  # the near and further months of chart data
)
# Of the text without blanks and dashes.
_JOINED = re.compile(
    rf"[A-Z0-9&]+?(?:\d{{1,2}})?{_MONTH}\d{{0,4}}FUT|[A-Z&]+\d{{5,8}}FUT"  # RELIANCE24DECFUT, NIFTY241226FUT
    rf"|[A-Z0-9&]*[A-Z&](?:\d{{3,}}(?:\.\d+)?|(?<={_MONTH})\d+(?:\.\d+)?)[CP]E"  # NIFTY24DEC24000CE, NIFTY2412124000PE
    rf"|[A-Z0-9&]+?\d+(?:\.\d+)?[CP]E\d{{1,2}}{_MONTH}\d{{2,4}}"  # NIFTY 24000 CE 26 DEC 24
    r"|(?:FUT|OPT)(?:STK|IDX|CUR|COM|IVX|IRC)[A-Z0-9&.]*"  # NSE's files
    r"|\.?[A-Z]{1,6}\d{6}[CP]\d{1,8}(?:\.\d+)?"  # AAPL240119C00150000
)


def is_contract(symbol: str) -> bool:
    """Return whether a clean symbol, with or without a prefix, is one future or option of an underlying."""
    symbol = _PREFIX.sub("", symbol)
    return bool(_WRITTEN.fullmatch(symbol) or _JOINED.fullmatch(_SEPARATORS.sub("", symbol)))


def contract_message(text: str) -> str:
    """Return the error message for a future or option."""
    return f"“{text}” is a future or option and is not read. Give its share or index instead."
