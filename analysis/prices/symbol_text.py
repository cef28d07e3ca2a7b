"""Symbol text: the characters of a symbol, without what surrounds it in lists, sentences and web pages."""

import re
import unicodedata
from html import unescape

_QUOTATION_MARKS = "\"'`´“”„‘’‚«»‹›′″,; "
_SURROUNDINGS = (
    (re.compile(r"^(?:[-–—*+] |[^\w\s^/$.<(\[{+*-]+ ?|\(?\d{1,3}[.)] )(?=\S)"), ""),  # a bullet, a sign or a number
    (re.compile(r"^[(\[](.*[^\d.,].*)[)\]]$"), r"\1"),  # brackets, but not those of a negative number
    (re.compile(r"[?…*†‡.,;]+$"), ""),  # the end of a sentence, or the mark of a footnote
    (re.compile(r"^((?:NSE|BSE|MCX|NCD|BCD)_[A-Z]+) ?\| ?"), r"\1:"),  # as Upstox writes prefixes
    (re.compile(r"\b([A-Z]) & ?(?=[A-Z]\b)|\b([A-Z]) ?& (?=[A-Z]\b)"), r"\1\2&"),
    (re.compile(r"^(\S+?) ?\. ?(?=[A-Z]{1,3}$)"), r"\1."),
)
_SMALL_PREFERRED = re.compile(r"([A-Z]{1,5})p([A-Z])")  # BACpL, as the consolidated tape writes preferred shares


def clean_symbol(text: str) -> str:
    """Return a symbol in capitals and plain characters with single blanks: `• ＮＳＥ：m&amp;m.` as NSE:M&M.

    Invisible characters, quotation marks, bullets, numbering, hash signs, brackets around it and the marks of a
    sentence's end are left out.
    """
    plain = unicodedata.normalize("NFKC", unescape(text)).replace("。", ".")
    visible = (letter for letter in plain if letter.isspace() or unicodedata.category(letter) not in {"Cf", "Cc"})
    symbol = " ".join("".join(visible).split()).strip(_QUOTATION_MARKS)
    if preferred := _SMALL_PREFERRED.fullmatch(symbol):
        return f"{preferred[1]}-P{preferred[2]}"
    symbol = symbol.upper()
    for pattern, replacement in _SURROUNDINGS:
        symbol = pattern.sub(replacement, symbol).strip(_QUOTATION_MARKS)
    return symbol
