"""The directory of known stocks: which of them a spelling means, by its ticker, its ISIN or its name."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import batched

from django.conf import settings

from analysis.models import FormerTicker, Stock
from analysis.prices.exchanges import US
from analysis.prices.market_symbols import SymbolReading
from analysis.prices.markets import EXCHANGE_CODES, market_named
from analysis.prices.security_columns import SecuritySpelling
from analysis.prices.symbol_text import clean_symbol, fold_name, split_isin
from analysis.prices.symbols import read_symbol
from analysis.prices.tickers import invalid_ticker_message, is_well_formed, suffix_of
from analysis.rejections import RequestRejected

AT_ONCE = 500
MOST_SUGGESTED = 5
_IN_BRACKETS = re.compile(r"[(\[].*[)\]]$")  # a symbol after a company's name


def read_securities(spellings: Sequence[SecuritySpelling], *, default: str) -> list[SymbolReading]:
    """Return the reading of each spelling, decided by the stocks that are known; four queries or fewer for any number.

    An ISIN of a known stock comes first, then the symbol. A name counts where there is no symbol, as that of a stock or
    a known ticker, and where the symbol is the name, as typed by a person. A former ticker is read as the present one,
    unless an ISIN or a name beside it is another than the stock's.
    `default` is the code of the exchange of bare names, empty for none.
    """
    spellings = [_set_isin_apart(one) for one in spellings]
    readings = [_read_alone(one, default) for one in spellings]
    written = [clean_symbol(one.symbol or one.name) for one in spellings]
    tickers = {*written, *(ticker for reading in readings for ticker in reading.tickers)}
    known = _known_tickers(tickers)
    renamed = find_renamed_stocks(tickers - known)
    known.update(stock.pk for stock in renamed.values())
    present = [
        _present_tickers(one, {*reading.tickers, text}, renamed)
        for one, reading, text in zip(spellings, readings, written, strict=True)
    ]
    readings = [_follow_renames(reading, tickers) for reading, tickers in zip(readings, present, strict=True)]
    written = [tickers.get(text, text) for text, tickers in zip(written, present, strict=True)]
    listed = _tickers_by_isin(one.isin for one in spellings)
    settled = [
        _settle(one, reading, text, listed.get(one.isin, []), known, default)
        for one, reading, text in zip(spellings, readings, written, strict=True)
    ]
    known.update(ticker for tickers in listed.values() for ticker in tickers)
    doubted = [_doubt(one, reading, known) for one, reading in zip(spellings, settled, strict=True)]
    named = _read_names(spellings, doubted, known, default)
    return [
        _doubt_reused(one, _explain_renames(reading, tickers), renamed)
        for one, reading, tickers in zip(spellings, named, present, strict=True)
    ]


def _set_isin_apart(one: SecuritySpelling) -> SecuritySpelling:
    """Return a spelling whose symbol, or name, is an ISIN with the ISIN in its place, and the exchange before it."""
    prefix, isin = split_isin(one.symbol or one.name)
    if not isin:
        return one
    return replace(one, symbol="", name=one.name if one.symbol else "", isin=isin, exchange=prefix or one.exchange)


def _read_alone(one: SecuritySpelling, default: str) -> SymbolReading:
    text = one.symbol or one.name or one.isin
    return read_symbol(text, exchange=one.exchange, default=default, currency=one.currency)


def _doubt(one: SecuritySpelling, reading: SymbolReading, known: set[str]) -> SymbolReading:
    """Return a reading that is not certain where only a name, or an ISIN of another market, is behind its ticker.

    Nor is a name beside an unknown ISIN offered as a ticker.
    """
    if reading.ticker in known or not (reading.ticker or (one.isin and reading.is_bare and not one.symbol)):
        return reading
    if not one.symbol and (reading.is_bare or one.exchange or "." not in reading.ticker):
        about = f"No stock with the ISIN {one.isin}" if one.isin else f"No stock called “{reading.text}”"
        return SymbolReading(reading.text, reason=f"{about} is known here. Give its ticker, like TCS.NS or AAPL.")
    if reading.is_bare and one.symbol == one.name and not (one.name.isupper() or one.name.islower()):
        reason = f"“{one.name[:30]}” may be a company’s name, which is not known here. Which ticker do you mean?"
        return SymbolReading(reading.text, candidates=reading.tickers, reason=reason)
    if one.isin and reading.is_bare:
        reason = f"No stock with the ISIN {one.isin} is known here, and “{reading.text}” does not say which exchange."
        return SymbolReading(reading.text, candidates=reading.tickers, reason=reason)
    return reading


def check_symbols(texts: Iterable[str], default: str = "") -> list[str]:
    """Return the tickers of symbols that a program or a command names; a bare name is of the exchange with
    the code `default`, else of the installation's, else New York's.

    Raise RequestRejected for what is no symbol or not certain, and where another exchange's stock is meant: a bare name
    that is not known while the directory has it with a suffix.
    """
    spellings = [SecuritySpelling(text) for text in texts]
    readings = read_securities(spellings, default=default or settings.DEFAULT_EXCHANGE or US.code)
    if reasons := [reading.reason for reading in readings if not reading.ticker]:
        more = f" ({len(reasons) - 3} more are not certain.)" if len(reasons) > 3 else ""
        raise RequestRejected(" ".join(reasons[:3]) + more)
    return [reading.ticker for reading in readings]


def find_unplaced(texts: Iterable[str]) -> list[str]:
    """Return the symbols, of stocks not known yet, that `check_symbols` takes as New York's for want of an exchange."""
    if settings.DEFAULT_EXCHANGE:
        return []
    bare = [clean_symbol(text) for text in texts if read_symbol(text).is_bare]
    known = _known_tickers(bare)
    return [symbol for symbol in dict.fromkeys(bare) if symbol not in known]


def _known_tickers(tickers: Collection[str]) -> set[str]:
    """Return those of the tickers that are confirmed stocks."""
    candidates = sorted(filter(is_well_formed, tickers))
    known: set[str] = set()
    for some in batched(candidates, AT_ONCE):
        known.update(Stock.objects.filter(pk__in=some, is_confirmed=True).values_list("pk", flat=True))
    return known


def find_renamed_stocks(tickers: Collection[str]) -> dict[str, Stock]:
    """Return the stock that had each of these tickers before it was renamed; only of those that no stock has now."""
    renamed: dict[str, Stock] = {}
    for some in batched(sorted(filter(is_well_formed, tickers)), AT_ONCE):
        renamed |= FormerTicker.objects.present_stocks(some)
    return renamed


def _present_tickers(one: SecuritySpelling, tickers: Collection[str], renamed: Mapping[str, Stock]) -> dict[str, str]:
    """Return the present tickers of those that a spelling means by these former ones."""
    found = {ticker: renamed[ticker] for ticker in tickers if ticker in renamed}
    return {old: stock.pk for old, stock in found.items() if not (_is_other(one, stock) or _may_be_other(one, stock))}


def _is_other(one: SecuritySpelling, stock: Stock) -> bool:
    """Return whether a spelling's ISIN is another than a stock's."""
    return bool(one.isin and stock.isin) and one.isin != stock.isin


def _may_be_other(one: SecuritySpelling, stock: Stock) -> bool:
    """Return whether a spelling's name is another than a stock's, or nothing but an ISIN is beside its symbol."""
    if one.isin and one.isin == stock.isin:
        return False
    if one.name in ("", one.symbol) or not one.symbol or not stock.name:
        return bool(one.isin)
    return fold_name(one.name) != fold_name(stock.name)


def _follow_renames(reading: SymbolReading, present: Mapping[str, str]) -> SymbolReading:
    """Return a reading with present tickers instead of former ones."""
    return replace(
        reading,
        ticker=present.get(reading.ticker, reading.ticker),
        as_written=present.get(reading.as_written, reading.as_written),
        candidates=tuple(dict.fromkeys(present.get(ticker, ticker) for ticker in reading.candidates)),
    )


def _explain_renames(reading: SymbolReading, present: Mapping[str, str]) -> SymbolReading:
    """Return a reading whose reason says which of its candidates had another ticker, as the reason may name it."""
    names = [f"{old} is {new} now." for old, new in present.items() if new in reading.candidates]
    return replace(reading, reason=" ".join([reading.reason, *names])) if reading.reason else reading


def _doubt_reused(one: SecuritySpelling, reading: SymbolReading, renamed: Mapping[str, Stock]) -> SymbolReading:
    """Return a reading of the ticker that a renamed stock had with a question whether that stock is meant, unless the
    ISIN says that it is another.
    """
    reused = tuple(ticker for ticker in reading.tickers if ticker in renamed)
    if not reused:
        return reading
    doubtful = next((ticker for ticker in reused if not _is_other(one, renamed[ticker])), "")
    if not doubtful:
        return replace(reading, reused=reused)
    stock = renamed[doubtful]
    named = f", “{stock.name[:30]}”" if stock.name else ""
    reason = f"{doubtful} is {stock.pk} now{named}, or it is another company’s by now. Which do you mean?"
    return SymbolReading(reading.text, candidates=(stock.pk, *reading.tickers), reason=reason, reused=reused)


def _tickers_by_isin(isins: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for some in batched(sorted(set(filter(None, isins))), AT_ONCE):
        for isin, ticker in (
            Stock.objects.filter(isin__in=some, is_confirmed=True).order_by("pk").values_list("isin", "pk")
        ):
            found.setdefault(isin, []).append(ticker)
    return found


def _settle(
    one: SecuritySpelling, reading: SymbolReading, text: str, listed: list[str], known: set[str], default: str
) -> SymbolReading:
    """Return the reading by the stocks that have the ISIN, else by those that have the ticker as it is written."""
    market = market_named(one.exchange) or EXCHANGE_CODES.get(default, "")
    by_isin = _doubt_isin(reading, listed, known) or _read_isin(reading, listed, market)
    return by_isin or _read_exactly(reading, "" if one.exchange else text, known).among(known)


def _doubt_isin(reading: SymbolReading, listed: list[str], known: set[str]) -> SymbolReading | None:
    """Return a question where the symbol is that of another known stock than the ISIN, on the same exchange."""
    suffixes = {suffix_of(ticker) for ticker in listed}
    others = [one for one in reading.tickers if one in known and one not in listed and suffix_of(one) in suffixes]
    if not others:
        return None
    reason = f"The ISIN is that of {' and '.join(listed)}, the symbol that of {others[0]}. Which do you mean?"
    return SymbolReading(reading.text, candidates=(*listed, *others), reason=reason)


def _read_isin(reading: SymbolReading, listed: list[str], market: str) -> SymbolReading | None:
    """Return the reading of the stock that has the ISIN; None if none has, or none on the exchange that is named.

    Of several listings that on `market` counts.
    """
    suffix = suffix_of(reading.ticker) if reading.ticker and not reading.is_bare else None
    if suffix is not None:
        listed = [ticker for ticker in listed if suffix_of(ticker) == suffix]
    usual = [ticker for ticker in listed if suffix_of(ticker) == _market_suffix(market)]
    if len(listed) == 1 or len(usual) == 1:
        return SymbolReading(reading.text, usual[0] if len(usual) == 1 else listed[0])
    if not listed:
        return None
    best = reading.ticker if reading.ticker in listed else ""
    question = f"This ISIN is that of {' and '.join(listed)}. Which do you mean?"
    return SymbolReading(reading.text, best, candidates=() if best else tuple(listed), reason="" if best else question)


def _read_exactly(reading: SymbolReading, ticker: str, known: set[str]) -> SymbolReading:
    """Return the reading of a text that is the ticker of a known stock as it stands; another reading as it is."""
    if ticker not in known:
        return reading
    return replace(reading, as_written=ticker) if reading.is_bare else SymbolReading(reading.text, ticker)


def _read_names(
    spellings: Sequence[SecuritySpelling], readings: list[SymbolReading], known: set[str], default: str
) -> list[SymbolReading]:
    """Return the readings, with those that no known stock decided replaced by what the names of stocks tell."""
    is_open = [
        bool(one.name) and one.symbol in ("", one.name) and _is_open(reading, known)
        for one, reading in zip(spellings, readings, strict=True)
    ]
    if not any(is_open):
        return readings
    tickers_by_name: dict[str, list[str]] = {}
    for ticker, name in Stock.objects.active().exclude(name="").order_by("pk").values_list("pk", "name"):
        tickers_by_name.setdefault(fold_name(name), []).append(ticker)
    return [
        _read_name(one.name, reading, tickers_by_name, default) if is_one else reading
        for one, reading, is_one in zip(spellings, readings, is_open, strict=True)
    ]


def _is_open(reading: SymbolReading, known: set[str]) -> bool:
    return reading.ticker not in known if reading.is_bare else not reading.ticker


def _read_name(name: str, reading: SymbolReading, tickers_by_name: dict[str, list[str]], default: str) -> SymbolReading:
    folded = fold_name(_IN_BRACKETS.sub("", name))
    exact = tickers_by_name.get(folded, [])
    usual = [ticker for ticker in exact if suffix_of(ticker) == _market_suffix(EXCHANGE_CODES.get(default, ""))]
    if len(exact) == 1 or len(usual) == 1:
        return SymbolReading(reading.text, usual[0] if len(usual) == 1 else exact[0])
    if reading.ticker and not exact:
        return reading
    near = exact or [
        ticker for other, some in tickers_by_name.items() if _begins_with(other, folded) for ticker in some
    ]
    if near:
        candidates = tuple(near[:MOST_SUGGESTED])
        reason = f"“{name[:30]}” may be {', '.join(candidates)}{' or another' if len(near) > MOST_SUGGESTED else ''}."
        return SymbolReading(reading.text, candidates=(*candidates, *reading.tickers), reason=reason)
    if reading.tickers or not folded or (reading.text and reading.reason != invalid_ticker_message(reading.text)):
        return reading
    return replace(
        reading, reason=f"No stock called “{name[:30]}” is known here. Give its ticker, like TCS.NS or AAPL."
    )


def _begins_with(name: str, words: str) -> bool:
    return len(words) > 2 and name.startswith(words)


def _market_suffix(market: str) -> str | None:
    """Return the suffix of a market's tickers, empty for New York, None without a market."""
    return "" if market == US.code else market or None
