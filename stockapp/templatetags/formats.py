"""Formats: numbers, times and verdicts in the form for pages; loaded in every template.

A missing value is "–", never 0. A minus is "−". Digits are grouped as `grouping` says.
`stockapp/static/js/formats.js` does the same in the browser; the tests hold both to one table.
"""

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from analysis import clock, wait_sentences
from analysis.engine.verdict import Verdict
from stockapp.grouping import group_digits, is_indian

register = template.Library()

MISSING = "–"
MINUS = "−"
SYMBOLS = {"INR": "₹", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "KRW": "₩", "CNY": "CN¥", "HKD": "HK$"}
WITHOUT_CENTS = {"JPY", "KRW", "IDR", "CLP", "VND"}
WORDS = ((10_000_000, "Cr"), (100_000, "L")), ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K"))
DAY = 86_400  # seconds
ARROWS = {2: "▲▲", 1: "▲", 0: "◆", -1: "▼", -2: "▼▼"}

type Number = float | Decimal | None


@dataclass(frozen=True)
class Currency:
    """The notation of prices in one currency, of one exchange."""

    code: str
    decimals: int = 2

    def write(self, digits: str) -> str:
        symbol = SYMBOLS.get(self.code)
        return f"{symbol}{digits}" if symbol else f"{digits} {self.code}".rstrip()


@register.filter
def money(value: Number, stock: Any) -> str:
    """Return a price or sum in the currency of a stock, or of a code: ₹1,23,45,678.90, $12,345,678.90."""
    currency = _currency(stock)
    return _with_sign(value, currency.decimals, currency, plus="")


@register.filter
def money_change(value: Number, stock: Any) -> str:
    """Return a difference of prices with its sign: +₹12.30, −$0.40."""
    currency = _currency(stock)
    return _with_sign(value, currency.decimals, currency, plus="+")


@register.filter
def percent(value: Number) -> str:
    """Return a change in percent with its sign: +1.23%, −0.40%, 0.00%."""
    written = _with_sign(value, 2, None, plus="+")
    return written if written == MISSING else f"{written}%"


@register.filter
def number(value: Number, decimals: int = 2) -> str:
    """Return a plain number with thousands separators: 1,234.50, −0.12."""
    return _with_sign(value, decimals, None, plus="")


@register.filter
def reading_value(value: Number) -> str:
    """Return an indicator's value: with two decimals from 10 on, below it with five significant digits."""
    size = 0.0 if _is_missing(value) else abs(float(value or 0))
    return number(value, min(max(2, 4 - math.floor(math.log10(size))), 15) if 0 < size < 10 else 2)


@register.filter
def compact(value: Number, stock: Any) -> str:
    """Return a large count in three or four digits, in the units of a stock's market: 1.23 Cr, 12.35M."""
    if _is_missing(value):
        return MISSING
    amount, indian = float(value or 0), is_indian(_currency(stock).code)
    words = WORDS[0 if indian else 1]
    for (size, word), (below, decimals) in zip(words, [*((size, 2) for size, _ in words[1:]), (1, 0)], strict=True):
        if round(abs(amount) / below, decimals) * below >= size:
            return f"{number(amount / size)}{' ' if indian else ''}{word}"
    return number(amount, 0)


@register.filter
def compact_money(value: Number, stock: Any) -> str:
    """Return a large sum in three or four digits, in the currency of a stock: ₹1.23 Cr, $12.35M."""
    if _is_missing(value):
        return MISSING
    amount = float(value or 0)
    written = compact(abs(amount), stock)
    sign = MINUS if amount < 0 and written != "0" else ""
    return f"{sign}{_currency(stock).write(written)}"


@register.filter
def score(value: Number) -> str:
    """Return a score in [-1, +1] as −100 to +100."""
    return _with_sign(None if _is_missing(value) else 100 * Decimal(str(value)), 0, None, plus="+")


@register.filter
def direction(value: Number) -> str:
    """Return `up`, `down` or `flat`, the CSS class of a change; its sign says the same without colour."""
    rounded = 0 if _is_missing(value) else round(float(value or 0), 2)
    return "up" if rounded > 0 else "down" if rounded < 0 else "flat"


@register.filter
def duration(value: timedelta | None) -> str:
    """Return a duration like 0.8 s, 12 s, 3 min 5 s, 1 h 2 min."""
    if value is None:
        return MISSING
    seconds = value.total_seconds()
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if minutes else f"{rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


@register.filter
def day(value: date | None) -> str:
    """Return a date like 21 Nov 2025."""
    return f"{value.day} {value:%b %Y}" if value else MISSING


@register.filter
def ago(value: datetime | None) -> SafeString | str:
    """Return a <time>: “3 min ago” under a day with the moment in its title, the moment itself after that."""
    if value is None:
        return MISSING
    local = timezone.localtime(value)
    moment = f"{local.day} {local:%b %Y, %H:%M %Z}"
    age = (timezone.now() - value).total_seconds()
    if age < DAY:
        return format_html('<time datetime="{}" title="{}">{}</time>', local.isoformat(), moment, age_in_words(age))
    return format_html('<time datetime="{}">{}</time>', local.isoformat(), moment)


@register.filter
def clock_time(value: datetime | None) -> str:
    """Return the time of day of a moment, like 21:33; with its day if that is not today."""
    if value is None:
        return MISSING
    local = timezone.localtime(value)
    return f"{local:%H:%M}" if local.date() == timezone.localdate() else f"{local:%H:%M} on {local.day} {local:%b}"


@register.filter
def time_ahead(value: datetime) -> str:
    """Return the time of a future moment as the sentences of waits have it: 21:34, or 21:33:40 if that is near."""
    return wait_sentences.time_ahead(value, clock.now())


@register.filter
def waiting_until(reason: str, until: datetime | None) -> str:
    """Return the reason of a wait with the time of the next attempt: Yahoo limits our requests; next attempt at …"""
    return wait_sentences.describe_wait(reason, until)


@register.filter
def wait_beside(summary: Any, notice: Any) -> str:
    """Return why a stock waits for its source, in agreement with the notice; empty if it waits for a worker alone."""
    return str(summary.describe_wait(notice))


@register.filter
def counted(count: int, noun: str) -> str:
    """Return 1 stock, 2,300 stocks; an irregular plural is given after a comma: "history,histories"."""
    singular, _, plural = noun.partition(",")
    return f"{group_digits(str(count))} {singular if count == 1 else plural or singular + 's'}"


@register.filter
def verdict_label(value: str) -> str:
    return Verdict(value).label if value else MISSING


@register.filter
def signal_arrow(signal: int | None) -> str:
    return MISSING if signal is None else ARROWS[signal]


@register.filter
def signal_word(signal: int | None) -> str:
    return "silent" if signal is None else {1: "up", 0: "neutral", -1: "down"}[signal]


@register.simple_tag
def verdict(value: Verdict | str | None) -> SafeString | str:
    """Return a verdict as a label with an arrow, so that colour is not its only sign."""
    if not value:
        return MISSING
    verdict = Verdict(value)
    return format_html(
        '<span class="verdict {}"><span class="verdict-arrow" aria-hidden="true">{}</span>{}</span>',
        direction(verdict.code),
        ARROWS[verdict.code],
        verdict.label,
    )


@register.simple_tag
def score_bar(value: Number) -> SafeString | str:
    """Return a score as a bar from the middle, to be shown beside its number."""
    if _is_missing(value):
        return ""
    length = 40 * min(abs(float(value or 0)), 1)
    return format_html(
        '<svg class="score-bar {}" viewBox="0 0 80 6" width="80" height="6" aria-hidden="true" focusable="false">'
        '<rect class="track" width="80" height="6" rx="3"/><rect class="fill" x="{}" width="{}" height="6"/>'
        '<rect class="middle" x="39.5" width="1" height="6"/></svg>',
        direction(value),
        f"{40 if (value or 0) > 0 else 40 - length:.1f}",
        f"{length:.1f}",
    )


@register.filter
def part(value: Number, decimals: int = 1) -> str:
    """Return a part of one in percent, without a sign: 38.1%."""
    return MISSING if _is_missing(value) else f"{number(100 * Decimal(str(value)), decimals)}%"


@register.filter
def signed_part(value: Number) -> str:
    """Return a return, given as a part of one, in percent with its sign: +0.25%, −2.87%."""
    return MISSING if _is_missing(value) else percent(100 * Decimal(str(value)))


def age_in_words(seconds: float) -> str:
    """Return an age under a day, like “42 s ago”, in whole units that have passed."""
    if seconds < 5:
        return "just now"
    if seconds < 60:
        return f"{int(seconds)} s ago"
    return f"{int(seconds // 60)} min ago" if seconds < 3600 else f"{int(seconds // 3600)} h ago"


def _currency(stock: Any) -> Currency:
    """Return the currency of a stock or of a code."""
    return (
        Currency(stock, 0 if stock in WITHOUT_CENTS else 2)
        if isinstance(stock, str)
        else Currency(stock.currency, stock.decimals)
    )


def _is_missing(value: Number) -> bool:
    return value is None or value == "" or not math.isfinite(value)


def _with_sign(value: Number, decimals: int, currency: Currency | None, plus: str) -> str:
    if _is_missing(value):
        return MISSING
    rounded = Decimal(str(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    sign = MINUS if rounded < 0 else plus if rounded > 0 else ""
    digits = group_digits(f"{abs(rounded):f}", currency.code if currency else "")
    return f"{sign}{currency.write(digits) if currency else digits}"
