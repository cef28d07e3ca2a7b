"""Numbers in tables: which sign is the decimal point of a whole table, and the number that a cell holds."""

import math
import re
from collections.abc import Sequence

from analysis.prices.delimited_text import TableError

type Columns = Sequence[Sequence[str]]

NO_VALUE = {"", "-", "--", "—", "–", ".", "nan", "null", "none", "na", "n/a", "#n/a"}
MULTIPLES = {
    "k": 1e3, "m": 1e6, "mn": 1e6, "b": 1e9, "bn": 1e9, "t": 1e12, "l": 1e5, "lac": 1e5, "lacs": 1e5, "lakh": 1e5,
    "lakhs": 1e5, "cr": 1e7, "crs": 1e7, "crore": 1e7, "crores": 1e7,
}  # fmt: skip
OTHER_SIGN = {".": ",", ",": "."}
RARE = 10  # numbers in the other style to which one may be a slip

_BLANKS = " \u00a0\u202f\u2009"  # between thousands: also no-break, narrow and thin
_CURRENCIES = (
    r"(?:US|HK|NZ|NT|MX|[SACR])\$|[$€£¥₹₩฿₺₪₱]|RM|R(?=\s?\d)|INR|USD|EUR|GBP|GBX|GBp|CHF|CAD|AUD|NZD|JPY|CNY|HKD|SGD"
    r"|KRW|TWD|SEK|NOK|DKK|PLN|ZAR|ZAc|BRL|MXN"
)
_CURRENCY = re.compile(rf"^(-?)(?:Rs\.?|{_CURRENCIES})\s*|\s*(?:{_CURRENCIES}|p)$")
_MULTIPLE = re.compile(rf"(.*?\d[.,]?)\s*({'|'.join(MULTIPLES)})\.?", re.IGNORECASE)
_PLAIN = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)
_PLAIN_SIGNS = re.compile(r"[-+\d.eE]*", re.ASCII)
_GROUPED = re.compile(r"\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d+)?", re.ASCII)  # 1,234,567.8 and 12,34,567.8
_BARE = re.compile(r"[\d.,]+", re.ASCII)
_OPEN = re.compile(r"-?[1-9]\d{0,2}[.,]\d{3}", re.ASCII)  # 1,234: a thousand or a decimal
_ONE_SIGN = re.compile(r"-?\d*[.,]\d*", re.ASCII)
_TWO_POINTS = re.compile(r"\.\d*\.")
_DECIMAL_POINT = re.compile(r"^-?\d*\.(?:\d{0,2}|\d{4,})$", re.ASCII | re.MULTILINE)
_NUMBER = {
    sign: re.compile(
        rf"-?(?:\d+|\d{{1,3}}(?P<group>[{re.escape(other)}'’{_BLANKS}])(?:\d{{2,3}}(?P=group))*\d{{3}})?"
        rf"(?:{re.escape(sign)}\d*)?",
        re.ASCII,
    )
    for sign, other in OTHER_SIGN.items()
}


def find_decimal_sign(
    prices: Columns,
    amounts: Columns = (),
    others: Columns = (),
    *,
    is_point_usual: bool = False,
    lines: Sequence[int] = (),
) -> str:
    """Return the decimal sign, `.` or `,`, of a table's prices and its other numbers.

    `amounts` are other numbers that are used, `others` are columns that are not used and may hold text. One sign
    before exactly three digits, as in 1,234, is ambiguous. If all prices are like 1.234, a 0.5 in another column does
    not settle it; if they are like 1,234, it does, and they are thousands. If nothing settles it, a point is the
    decimal point only where `is_point_usual`. Raise TableError if the sign is not settled, or if numbers contradict one
    another; the message names one of the `lines`, one for each row.
    """
    if _have_plain_points(prices, amounts):
        return "."
    bare, bare_amounts, bare_others = (
        [[_strip_units(cell)[0] for cell in cells] for cells in columns] for columns in (prices, amounts, others)
    )
    of_prices = _votes_of(bare)
    open_signs = "" if of_prices else _open_signs_of(bare)
    for votes in (of_prices + _votes_of(bare_amounts, open_signs), _votes_of(bare_others, open_signs)):
        if votes:
            return _settle_votes(votes)
    return _decide_open([*bare, *bare_amounts], lines, is_point_usual=is_point_usual)


def find_currency(text: str) -> str:
    """Return the currency, a sign or code, that a cell has beside its number; empty without one."""
    match = _CURRENCY.search(text.strip().strip("()"))
    return match[0].strip().removeprefix("-") if match else ""


def parse_number(text: str, decimal: str, *, may_be_rounded: bool = False) -> float:
    """Return the number in a cell, NaN for a cell without a value.

    `may_be_rounded` allows 1.23M and the like. Raise ValueError, with a short reason, for anything else.
    """
    if decimal == "." and _PLAIN.fullmatch(text):
        return float(text)
    if decimal == "." and _GROUPED.fullmatch(text):
        return float(text.replace(",", ""))
    if text.lower() in NO_VALUE:
        return math.nan
    bare, multiple = _strip_units(text)
    if multiple != 1 and not may_be_rounded:
        raise ValueError(f"{text[:30]!r} is a rounded number")
    match = _NUMBER[decimal].fullmatch(bare)
    if match is None or not any(sign.isdigit() for sign in bare) or text.endswith("%"):
        raise ValueError(f"{text[:30]!r} is not a number")
    return float(bare.replace(match["group"] or "'", "").replace(decimal, ".")) * multiple


def parse_numbers(
    cells: Sequence[str], decimal: str, broken: dict[int, str], *, may_be_rounded: bool = False
) -> list[float]:
    """Return a column's numbers; an index whose cell is no number gets its reason in `broken`, unless it has one."""
    if decimal == "." and _PLAIN_SIGNS.fullmatch("".join(cells)):  # without the words and signs that float() reads too
        try:
            return [float(cell) for cell in cells]
        except ValueError:
            pass
    numbers = []
    for index, cell in enumerate(cells):
        try:
            numbers.append(parse_number(cell, decimal, may_be_rounded=may_be_rounded))
        except ValueError as error:
            broken.setdefault(index, str(error))
            numbers.append(math.nan)
    return numbers


def _have_plain_points(prices: Columns, amounts: Columns) -> bool:
    """Return, at little cost, whether the columns have no comma, and points in prices that cannot part thousands."""
    of_prices, of_amounts = ("\n".join("\n".join(cells) for cells in columns) for columns in (prices, amounts))
    if "," in of_prices or "," in of_amounts or _TWO_POINTS.search(f"{of_prices}\n{of_amounts}"):
        return False
    return "." not in of_prices + of_amounts or _DECIMAL_POINT.search(of_prices) is not None


def _votes_of(columns: Columns, open_signs: str = "") -> list[str]:
    """Return the decimal signs that numbers must have, without those that have one of the `open_signs` only."""
    return [
        sign
        for cells in columns
        for cell in cells
        if (sign := _decimal_sign_of(cell)) and not (sign in open_signs and _ONE_SIGN.fullmatch(cell))
    ]


def _open_signs_of(columns: Columns) -> str:
    """Return the signs of numbers like 1,234."""
    text = "".join(cell for cells in columns for cell in cells if _OPEN.fullmatch(cell))
    return "".join(sign for sign in OTHER_SIGN if sign in text)


def _strip_units(text: str) -> tuple[str, float]:
    """Return a cell without currency and percent sign, its minus in front, and the multiple that its end names."""
    if _BARE.fullmatch(text):
        return text, 1.0
    text = text.strip().lstrip("'").replace("−", "-").removesuffix("%").rstrip()
    if text.startswith("(") and text.endswith(")"):
        text = f"-{text[1:-1].strip()}"
    text = _CURRENCY.sub(lambda match: match[1] or "", text)
    multiple = _MULTIPLE.fullmatch(text)
    if multiple:
        return multiple[1], MULTIPLES[multiple[2].lower()]
    return text.removeprefix("+"), 1.0


def _decimal_sign_of(bare: str) -> str:
    """Return the decimal sign that this number must have; empty if it may have either, or is no number."""
    if ("." not in bare and "," not in bare) or _OPEN.fullmatch(bare):
        return ""
    if _ONE_SIGN.fullmatch(bare):
        return "." if "." in bare else ","
    possible = [sign for sign, pattern in _NUMBER.items() if pattern.fullmatch(bare)]
    return possible[0] if len(possible) == 1 else ""


def _settle_votes(votes: list[str]) -> str:
    """Return the sign of nearly all numbers, so that the few others are named as broken."""
    usual, other = sorted(OTHER_SIGN, key=votes.count, reverse=True)
    if votes.count(other) * RARE > votes.count(usual):
        raise TableError(
            f"Decimals follow “{usual}” in {votes.count(usual):,} numbers and “{other}” in {votes.count(other):,}. "
            "Write all in one way."
        )
    return usual


def _decide_open(columns: Columns, lines: Sequence[int], *, is_point_usual: bool) -> str:
    """Return the decimal sign where each number has none, or one before exactly three digits."""
    open_columns = [cells for cells in columns if any(map(_OPEN.fullmatch, cells))]
    if not open_columns:
        return "."
    row, example = next((row, cell) for row, cell in enumerate(open_columns[0]) if _OPEN.fullmatch(cell))
    signs = {"." if "." in cell else "," for cells in open_columns for cell in cells if _OPEN.fullmatch(cell)}
    sign = signs.pop()
    if not signs and any(map(_are_thousands, open_columns)):
        return OTHER_SIGN[sign]
    if not signs and sign == "." and is_point_usual and not any(map(_has_unparted, open_columns)):
        return sign
    where = f" (line {lines[row]})" if lines else ""
    raise TableError(
        f"Numbers like {example}{where} may have a thousand or three decimals, and no other number decides it. Write "
        "them without a sign between thousands, and with a decimal point."
    )


def _are_thousands(cells: Sequence[str]) -> bool:
    """Return whether the signs part thousands: if 1,200 had three fixed decimals, 900 beside it would be 900,000."""
    return _has_unparted(cells) and any(cell.endswith("0") for cell in cells if _OPEN.fullmatch(cell))


def _has_unparted(cells: Sequence[str]) -> bool:
    return any(cell.isdigit() and cell.strip("0") and len(cell) <= 3 for cell in cells)
