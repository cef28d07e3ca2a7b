"""Source order: from which price sources a stock's bars come, the first that is not unavailable before the others."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from analysis.prices.exchanges import EXCHANGE_BY_CODE, Exchange
from analysis.prices.tickers import is_demo

CHOICES = ("yahoo", "csv")
DEMO = "demo"


@dataclass(frozen=True, slots=True)
class SourceOrder:
    """The names of the sources of an installation, first to last, and other orders by the code of an exchange."""

    default: tuple[str, ...]
    by_exchange: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def names(self, ticker: str, exchange: Exchange, first: str) -> tuple[str, ...]:
        """Return the names of a normalised ticker's sources: for `.DEMO` the demo market alone.

        `first` is the source that a job was submitted for; if the installation has another by now, it is the only one.
        """
        return (DEMO,) if is_demo(ticker) else self.of_exchange(exchange, first)

    def of_exchange(self, exchange: Exchange, first: str) -> tuple[str, ...]:
        """Return the names of the sources of an exchange; see `names`."""
        if first != self.default[0]:
            return (first,)
        return self.by_exchange.get(exchange.code, self.default)

    def uses(self, *names: str) -> bool:
        """Return whether any exchange has all of these sources."""
        return any(set(names).issubset(order) for order in (self.default, *self.by_exchange.values()))


def parse_sources(text: str) -> tuple[str, ...]:
    """Return the sources of a setting like `yahoo,csv`. Raise ValueError with a sentence for anything else."""
    names = tuple(name.strip().lower() for name in text.split(","))
    for name in names:
        if name not in CHOICES:
            raise ValueError(f"{name!r} is no price source; write {' or '.join(CHOICES)}, or both with a comma")
    if len(set(names)) < len(names):
        raise ValueError(f"{names[0]!r} is named twice")
    return names


def parse_sources_by_exchange(text: str) -> dict[str, tuple[str, ...]]:
    """Return the orders of a setting like `NSE=csv,yahoo; US=yahoo`. Raise ValueError with a sentence."""
    orders: dict[str, tuple[str, ...]] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        code, equals, sources = (word.strip() for word in part.partition("="))
        if not equals:
            raise ValueError(f"{part!r} has no '='; write it like NSE=csv,yahoo; US=yahoo")
        if code.upper() not in EXCHANGE_BY_CODE:
            raise ValueError(f"{code!r} is no exchange that is known here")
        if code.upper() in orders:
            raise ValueError(f"{code!r} is named twice")
        orders[code.upper()] = parse_sources(sources)
    return orders
