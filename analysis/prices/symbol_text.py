"""Symbol text: a spelling in plain characters, a company's name without its legal form, and the texts that are no
symbol: dates, totals, ISINs, contracts.
"""

import re
import unicodedata
from html import unescape

from analysis.prices.tickers import invalid_ticker_message, is_isin

UPSTOX_PREFIX = re.compile(r"\b((?:NSE|BSE|MCX|NCD|BCD)_[A-Z]+) ?\| ?")
SHOWN = 30
LONGEST = 100  # letters of a text that may be a symbol beside a name

_QUOTATION_MARKS = "\"'`´“”„‘’‚«»‹›′″,; "
_SURROUNDINGS = (
    (re.compile(r"^(?:[-–—*+] |[^\w\s^/$.<(\[{+*-]+ ?|\(?\d{1,3}[.)] )(?=\S)"), ""),  # a bullet, a sign or a number
    (re.compile(r"^[(\[](.*[^\d.,].*)[)\]]$"), r"\1"),  # brackets, but not those of a negative number
    (re.compile(r"[?…*†‡.,;]+$"), ""),  # the end of a sentence, or the mark of a footnote
    (UPSTOX_PREFIX, r"\1:"),
    (re.compile(r"\b([A-Z]) & ?(?=[A-Z]\b)|\b([A-Z]) ?& (?=[A-Z]\b)"), r"\1\2&"),
    (re.compile(r"^(\S+?) ?\. ?(?=[A-Z]{1,3}$)"), r"\1."),
)
_SMALL_PREFERRED = re.compile(r"([A-Z]{1,5})p([A-Z])")  # BACpL, as the consolidated tape writes preferred shares

_MONTH = "(?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)"
_DATE = re.compile(
    r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ].*)?|\d{1,2}[- ][A-Z]{3,9}[-, ]+\d{2,4}|[A-Z]{3,9} \d{1,2},? \d{4}"
    rf"|\d{{1,2}}[- ]{_MONTH}|{_MONTH}[- ]\d{{2,4}}|\d{{1,2}}:\d{{2}}(?::\d{{2}})?(?: ?[AP]M)?"
)
_NO_SECURITY = frozenset({"$CASH", "$$CASH", "GRAND TOTAL", "SUBTOTAL", "SUB TOTAL", "N/A", "#N/A", "NULL", "NONE"})
_CUSIP = re.compile(r"\d{3}(?=\d*[A-Z])[A-Z0-9]{5}\d")
_PREFIX = re.compile(r"^[A-Z_]+: ?")
_SEPARATORS = re.compile(r"[ _/-]")
# Futures and options as brokers and terminals write them.
_CONTRACT = re.compile(
    rf"[A-Z.]{{1,6}} .*(?:{_MONTH}|\d{{1,2}}/\d{{1,2}}).* (?:C|P|CALLS?|PUTS?)"  # SPY 01/19/2024 450 C
    r"|(?:FUT|OPT)[ _-].+\d.*|.+[ _-]FUT(?:URES?)?"  # RELIANCE-FUT
    r"|(?:.*NIFTY|SENSEX|BANKEX|[A-Z&]{6,})-I|.+-I{2,3}"  # the near and further months of chart data
)
_JOINED_CONTRACT = re.compile(  # without blanks and dashes
    rf"[A-Z0-9&]+?(?:\d{{1,2}})?{_MONTH}\d{{0,4}}FUT|[A-Z&]+\d{{5,8}}FUT"  # RELIANCE24DECFUT, NIFTY241226FUT
    rf"|[A-Z0-9&]*[A-Z&](?:\d{{3,}}(?:\.\d+)?|(?<={_MONTH})\d+(?:\.\d+)?)[CP]E"  # NIFTY24DEC24000CE, NIFTY2412124000PE
    rf"|[A-Z0-9&]+?\d+(?:\.\d+)?[CP]E\d{{1,2}}{_MONTH}\d{{2,4}}"  # NIFTY 24000 CE 26 DEC 24
    r"|(?:FUT|OPT)(?:STK|IDX|CUR|COM|IVX|IRC)[A-Z0-9&.]*"  # NSE's files
    r"|\.?[A-Z]{1,6}\d{6}[CP]\d{1,8}(?:\.\d+)?"  # AAPL240119C00150000
)
_SIGNS = re.compile(r"[^\w&]+")
_LEGAL_FORMS = frozenset(
    "ltd limited inc incorporated corp corporation co company plc llc lp sa ag nv se ab asa oyj spa kgaa gmbh the"
    " common stock ordinary shares class".split()
)


def clean_symbol(text: str) -> str:
    """Return a symbol in capitals and plain characters with single blanks: `• ＮＳＥ：m&amp;m.` as NSE:M&M.

    Invisible characters, quotation marks, bullets, numbering, hash signs, brackets around it and the marks of a
    sentence's end are left out.
    """
    plain = unicodedata.normalize("NFKC", unescape(text)).replace("。", ".")
    visible = (letter for letter in plain if letter.isspace() or unicodedata.category(letter) not in {"Cf", "Cc"})
    symbol = " ".join("".join(visible).split()).strip(_QUOTATION_MARKS)
    if len(symbol) > LONGEST:
        return symbol.upper()
    if preferred := _SMALL_PREFERRED.fullmatch(symbol):
        return f"{preferred[1]}-P{preferred[2]}"
    symbol = symbol.upper()
    for pattern, replacement in _SURROUNDINGS:
        symbol = pattern.sub(replacement, symbol).strip(_QUOTATION_MARKS)
    return symbol


def split_isin(text: str) -> tuple[str, str]:
    """Return the prefix and the ISIN of a text like `NSE_EQ:INE467B01029`; both are empty for another text."""
    prefix, _, isin = clean_symbol(text).rpartition(":")
    return (prefix, isin) if is_isin(isin) else ("", "")


def find_no_symbol(symbol: str) -> str:
    """Return the reason why a clean text is no symbol at all, empty if it may be one."""
    shown = symbol[:SHOWN]
    if isin := split_isin(symbol)[1]:
        return f"No stock with the ISIN {isin} is known here. Give its ticker."
    if len(symbol) > LONGEST:
        return invalid_ticker_message(shown)
    if not symbol or symbol in _NO_SECURITY:
        return f"“{symbol}” is not a ticker." if symbol else "There is no ticker."
    if _DATE.fullmatch(symbol) or _CUSIP.fullmatch(symbol):
        return f"“{shown}” is a {'date' if _DATE.fullmatch(symbol) else 'CUSIP'}, not a ticker."
    return contract_message(shown) if is_contract(symbol) else ""


def is_contract(symbol: str) -> bool:
    """Return whether a clean symbol, with or without a prefix, is one future or option, which has no prices here."""
    symbol = _PREFIX.sub("", symbol)
    return bool(_CONTRACT.fullmatch(symbol) or _JOINED_CONTRACT.fullmatch(_SEPARATORS.sub("", symbol)))


def contract_message(text: str) -> str:
    """Return the error message for a future or option."""
    return f"“{text}” is a future or option and is not read. Give its share or index instead."


def fold_name(name: str) -> str:
    """Return a company's name in small letters without signs and legal forms: `Infosys Limited` as `infosys`."""
    words = _SIGNS.sub(" ", name.casefold().replace(".", "")).split()
    return " ".join(word for word in words if word not in _LEGAL_FORMS) or " ".join(words)
