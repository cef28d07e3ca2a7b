"""Market symbols: a symbol as it is written on one market, in Yahoo's spelling."""

import re
from collections.abc import Callable, Container
from dataclasses import dataclass, replace

from analysis.prices.currencies import CURRENCIES, QUOTES, STABLE_COINS
from analysis.prices.index_names import find_index
from analysis.prices.symbol_tables import (
    CLASS_SHARES,
    COINS,
    CRYPTO,
    EURONEXT,
    FUTURE_ROOTS,
    FUTURES,
    INDICES,
    JOINED_CLASSES,
    METALS,
    NO_PRICES,
    NSE_UNDERSCORES,
    PAIRS,
    US,
    YAHOO_COINS,
)
from analysis.prices.symbol_text import contract_message
from analysis.prices.tickers import invalid_ticker_message

NUMBER = re.compile(r"[-+(]?[₹$€£]?\d[\d.,' ]*(?:E[-+]?\d+)?%?\)?|\d+\.\d+[KMBT]?")
CONTINUOUS_FUTURE = re.compile(r"([A-Z0-9]+?)\d!")
FUTURE_CONTRACT = re.compile(rf"(?:{'|'.join(sorted(FUTURE_ROOTS))})[FGHJKMNQUVXZ](?:\d{{1,2}}|20\d\d)")

AMERICAN_DASH = re.compile(r"[A-Z]{1,5}-(?:[A-Z]|P[A-Z]?|WT[A-Z]?|UN|RI)")
_DIGITS = {"BO": 6, "T": 4, "HK": 4, "SS": 6, "SZ": 6, "TW": 4, "TWO": 4, "KS": 6, "KQ": 6, "SR": 4, "KL": 4}
_PREFERRED = re.compile(r"(.+?)(?:[./ -](?:PR|PRF|PFD)[./ -]?(?:SER(?:IES)?[./ -])?|[\^$]|[./ -]P[./ ])([A-Z])?")
_CLASSES = "ABC"
_FURTHER_CLASSES = {"U": "UN", "UN": "UN", "WS": "WT", "WT": "WT", "W": "WT", "R": "RI", "RT": "RI"}
_SERIES = {
    "NS": re.compile(r"(.+)[-:](?:EQ|BE|BZ|SM|ST|BL|E1|GB|RR|IV|T0)"),
    "BO": re.compile(r"(.+)[-:](?:EQ|A|B|T|X|XT|XD|Z|ZP|M|MT|MS|TS|F|G|P|IF)"),
}
_JOINED = re.compile(r"(?:^|_)[A-Z](?:_|$)|(?:^[A-Z]_)")
_CRYPTO_PAIR = re.compile(rf"([A-Z0-9]{{2,12}}?)([-/_ ]?)({'|'.join(QUOTES)})(\.P|PERP)?")
_CONTRACT = re.compile(r"[A-Z0-9]{1,3}[FGHJKMNQUVXZ](?:\d{1,2}|20\d\d)")
_MARKETS_OF_PAIRS = (PAIRS, CRYPTO, FUTURES, INDICES, NO_PRICES)
_EURONEXT_CITIES = ("PA", "AS", "BR", "LS")


@dataclass(frozen=True, slots=True)
class SymbolReading:
    """The meaning of a spelling: a ticker that is certain; or candidates, with a sentence; or a sentence alone.

    A certain ticker may have candidates: other spellings of it, which count if they alone are known. A bare name has no
    exchange: its ticker is that of the default exchange, `as_written` the American one, or another that counts if it is
    known; of its other candidates none is decided by being known. Of the tickers, `reused` ones were those of stocks
    that have other tickers now, and another company is meant.
    """

    text: str
    ticker: str = ""
    candidates: tuple[str, ...] = ()
    reason: str = ""
    is_bare: bool = False
    as_written: str = ""
    reused: tuple[str, ...] = ()

    @property
    def tickers(self) -> tuple[str, ...]:
        """Return all tickers that it may be."""
        return tuple(dict.fromkeys(filter(None, (self.ticker, self.as_written, *self.candidates))))

    def among(self, known: Container[str]) -> "SymbolReading":
        """Return the reading decided by the tickers of known stocks; of a bare name with the others as candidates."""
        found = tuple(ticker for ticker in self.tickers if ticker in known)
        if self.is_bare:
            return self._bare_among(found)
        if self.ticker:
            best = found[0] if len(found) == 1 else self.ticker
            return replace(self, ticker=best, candidates=())
        return replace(self, ticker=found[0], candidates=(), reason="") if len(found) == 1 else self

    def _bare_among(self, found: tuple[str, ...]) -> "SymbolReading":
        first = next((ticker for ticker in (self.ticker, self.as_written) if ticker in found), "")
        if first:
            others = tuple(ticker for ticker in found if ticker != first)
            return replace(self, ticker=first, candidates=others, reason="")
        if found:
            reason = f"“{self.text}” is not known here. Did you mean {' or '.join(found)}?"
            candidates = (*found, *filter(None, [self.as_written]))
            return SymbolReading(self.text, candidates=candidates, reason=reason)
        return replace(self, candidates=()) if self.ticker else self


def read_listed(shown: str, symbol: str, market: str) -> SymbolReading:
    """Return the reading of a symbol as it is written on one market."""
    symbol, marks_index = symbol.removesuffix(f".{market}"), symbol.endswith("-INDEX")
    if index := find_index(symbol.removesuffix("-INDEX"), market):
        return SymbolReading(shown, index)
    if not symbol.strip("./-_"):
        return SymbolReading(shown, reason=invalid_ticker_message(shown))
    reader = _read_index if marks_index else _READERS.get(market, _read_share)
    return reader(shown, symbol, market)


def read_on_market(shown: str, symbol: str, market: str) -> SymbolReading:
    """Return the reading of a symbol on a market that something else names, a prefix or a file.

    On a market of shares a pair with a sign is a pair all the same, and one without is asked about: it may be a
    contract on it.
    """
    pair = None if market in _MARKETS_OF_PAIRS else read_pair_form(shown, symbol)
    if pair is None or not pair.ticker:
        return read_listed(shown, symbol, market)
    if not symbol.isalnum():
        return pair
    reason = f"“{shown}” is a pair or a contract on it. Did you mean {pair.ticker}?"
    return SymbolReading(shown, candidates=(pair.ticker,), reason=reason)


def _read_share(shown: str, symbol: str, market: str) -> SymbolReading:
    """Return the reading of a symbol of a market without rules of its own."""
    if NUMBER.fullmatch(symbol):
        return read_number(shown, symbol, market)
    if market == "T" and not symbol[0].isdigit():  # Google wrote TSE: for Toronto
        ticker = f"{dash_class(symbol)}.TO"
        return SymbolReading(shown, candidates=(ticker,), reason=f"Tokyo’s tickers are numbers. Did you mean {ticker}?")
    return SymbolReading(shown, f"{dash_class(symbol)}.{market}")


def read_number(shown: str, symbol: str, market: str) -> SymbolReading:
    """Return the reading of a number, which is a ticker on some markets alone, and there with so many digits."""
    width = _DIGITS.get(market, 0)
    symbol = symbol.removesuffix(".0")  # of a spreadsheet
    digits = symbol.lstrip("0").zfill(width) if market == "HK" else symbol
    if not symbol.isdecimal() or not width or not width <= len(digits) <= width + 2:
        hint = "Give the ticker, or write the exchange before it, like BSE:500325."
        return SymbolReading(shown, reason=f"“{shown}” is a number. {hint}")
    return SymbolReading(shown, f"{digits}.{market}")


def dash_class(symbol: str) -> str:
    """Return a symbol with its class of share as Yahoo writes it: `BT.A`, `VOLV B`, `BBD/B` as BT-A, VOLV-B, BBD-B."""
    stem = symbol.rstrip("./")
    if preferred := _PREFERRED.fullmatch(stem):
        return f"{preferred[1]}-P{preferred[2] or ''}"
    return re.sub(r"[./_]| (?=(?:[A-Z]|UN)$)", "-", stem)


def _read_american(shown: str, symbol: str, market: str) -> SymbolReading:
    if NUMBER.fullmatch(symbol):
        return read_number(shown, symbol, market)
    ticker = symbol if AMERICAN_DASH.fullmatch(symbol) else JOINED_CLASSES.get(symbol) or dash_class(symbol)
    if "&" in ticker or "!" in ticker:
        return SymbolReading(shown, reason=invalid_ticker_message(shown))
    stem, dash, kind = ticker.rpartition("-")
    if dash and kind in _FURTHER_CLASSES:
        return SymbolReading(shown, f"{stem}-{_FURTHER_CLASSES[kind]}")
    if len(kind) > 1 or not dash or stem in CLASS_SHARES or kind == "P":
        return SymbolReading(shown, ticker)
    return _read_one_letter(shown, stem, kind)


def _read_one_letter(shown: str, stem: str, letter: str) -> SymbolReading:
    """Return the reading of an American share with a letter: a class of shares, or a series of preferred ones.

    Common shares have classes A to C; other letters are series, which Nasdaq writes as classes and Yahoo with a P.
    """
    common, preferred = f"{stem}-{letter}", f"{stem}-P{letter}"
    if letter in _CLASSES:
        return SymbolReading(shown, common, candidates=(preferred,))
    reason = f"“{shown}” may be the preferred share {preferred} or the class {common}. Which do you mean?"
    return SymbolReading(shown, candidates=(preferred, common), reason=reason)


def _read_indian(shown: str, symbol: str, market: str) -> SymbolReading:
    """Return the reading of a symbol of NSE or BSE, in which TradingView writes `_` for `&` and for `-`.

    Of NSE's symbols those with `&` have a single letter beside it, but for those in the table; those with `-` have not.
    """
    if symbol.endswith("!"):
        return _read_contract(shown, symbol, market)
    if NUMBER.fullmatch(symbol):
        return read_number(shown, symbol, market)
    if series := _SERIES[market].fullmatch(symbol):
        return read_listed(shown, series[1], market)
    if "." in symbol:
        return SymbolReading(shown, reason=invalid_ticker_message(shown))
    if "_" not in symbol or symbol.startswith("NIFTY"):  # Yahoo's own symbols of indices have it
        return SymbolReading(shown, f"{symbol}.{market}")
    joined, dashed = (f"{symbol.replace('_', sign)}.{market}" for sign in "&-")
    if symbol in NSE_UNDERSCORES:
        return SymbolReading(shown, f"{NSE_UNDERSCORES[symbol]}.{market}")
    is_joined = _JOINED.search(symbol)
    return SymbolReading(shown, joined if is_joined else dashed, candidates=(dashed if is_joined else joined,))


def _read_korean(shown: str, symbol: str, market: str) -> SymbolReading:
    """Return the reading of a Korean number; TradingView's prefix is the same for Kosdaq."""
    reading = read_number(shown, symbol, market)
    return replace(reading, candidates=(f"{symbol}.KQ",)) if reading.ticker else reading


def _read_crypto(shown: str, symbol: str, market: str) -> SymbolReading:
    pair = _CRYPTO_PAIR.fullmatch(symbol)
    if pair is None:
        ticker = f"{YAHOO_COINS.get(symbol, symbol)}-USD"
        return SymbolReading(
            shown, candidates=(ticker,), reason=f"“{shown}” is not a pair like BTCUSD. Did you mean {ticker}?"
        )
    base, sign, quote, perpetual = pair.groups()
    ticker = f"{base if sign == '-' else YAHOO_COINS.get(base, base)}-{QUOTES[quote]}"  # the dash is Yahoo's own
    if perpetual:
        reason = f"A perpetual contract has no prices at Yahoo. Did you mean {ticker}?"
        return SymbolReading(shown, candidates=(ticker,), reason=reason)
    return SymbolReading(shown, ticker)


def _read_pair(shown: str, symbol: str, market: str) -> SymbolReading:
    pair = _join_pair(symbol)
    if metal := METALS.get(pair):
        reason = f"Yahoo has no spot price of {pair[:3]}. Did you mean its future, {metal}?"
        return SymbolReading(shown, candidates=(metal,), reason=reason)
    if _is_currency_pair(pair):
        return SymbolReading(shown, f"{pair}=X")
    return SymbolReading(shown, reason=f"“{shown}” is not a pair of currencies like EURUSD.")


def read_pair_form(shown: str, symbol: str) -> SymbolReading | None:
    """Return the reading of a text that is a pair by its form: EUR/USD, EURUSD, BTC-USD, BTCUSDT; None for another."""
    pair = _join_pair(symbol)
    if pair in METALS or _is_currency_pair(pair):
        return _read_pair(shown, symbol, PAIRS)
    crypto = _CRYPTO_PAIR.fullmatch(symbol)
    if crypto is None:
        return None
    base, sign, quote, _ = crypto.groups()
    if sign == "-" or base in COINS or quote in STABLE_COINS:
        return _read_crypto(shown, symbol, CRYPTO) if sign != " " or quote not in COINS else None
    if sign != "/":
        return None
    reason = f"“{shown}” may be the share {base}, or the cryptocurrency {base}-{QUOTES[quote]}. Which do you mean?"
    return SymbolReading(shown, candidates=(base, f"{base}-{QUOTES[quote]}"), reason=reason, is_bare=True)


def _join_pair(symbol: str) -> str:
    return re.sub("[-/_. ]", "", symbol.removesuffix("=X"))


def _is_currency_pair(pair: str) -> bool:
    return len(pair) == 6 and {pair[:3], pair[3:]} <= CURRENCIES


def _read_future(shown: str, symbol: str, market: str) -> SymbolReading:
    continuous = CONTINUOUS_FUTURE.fullmatch(symbol)
    root = continuous[1] if continuous else symbol.removesuffix("=F")
    if root in FUTURE_ROOTS:
        return SymbolReading(shown, f"{root}=F")
    if _CONTRACT.fullmatch(root):
        return SymbolReading(shown, reason=f"“{shown}” is one contract. Only continuous futures like GC=F have prices.")
    return SymbolReading(shown, reason=f"“{shown}” is not a future that is known here. Give Yahoo’s ticker, like GC=F.")


def _read_index(shown: str, symbol: str, market: str) -> SymbolReading:
    return SymbolReading(
        shown, reason=f"“{shown}” is not an index that is known here. Give Yahoo’s ticker, like ^GSPC."
    )


def _read_euronext(shown: str, symbol: str, market: str) -> SymbolReading:
    candidates = tuple(f"{dash_class(symbol)}.{city}" for city in _EURONEXT_CITIES)
    meant = f"{', '.join(candidates[:-1])} or {candidates[-1]}"
    return SymbolReading(shown, candidates=candidates, reason=f"“{shown}” does not say which Euronext: {meant}?")


def _read_contract(shown: str, symbol: str, market: str) -> SymbolReading:
    return SymbolReading(shown, reason=contract_message(shown))


_READERS: dict[str, Callable[[str, str, str], SymbolReading]] = {
    US: _read_american,
    "NS": _read_indian,
    "BO": _read_indian,
    "KS": _read_korean,
    CRYPTO: _read_crypto,
    PAIRS: _read_pair,
    FUTURES: _read_future,
    INDICES: _read_index,
    EURONEXT: _read_euronext,
    NO_PRICES: _read_contract,
}
