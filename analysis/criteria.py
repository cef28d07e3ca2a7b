"""Criteria of the screener, for its page and the API: their names and values, what matches, and what each removes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from analysis.models import Index, Stock
from analysis.models.stocks import StockQuerySet

SCORES, CHANGES, RATIOS = (-1, 1), (-100, 10_000), (0, 1_000)
"""The values that bounds may have: of scores, of changes in percent, of reward:risk."""
LONGEST_TEXT, LONGEST_NAME = 60, 100
RANGES = (("score_min", "score_max"), ("change_min", "change_max"))
EMPTY_RANGE = "The maximum is below the minimum, so nothing can match."
UNKNOWN = {
    "industry": "No analysed stock is of “{}”.",
    "exchange": "No analysed stock trades on “{}”.",
    "index": "There is no index “{}”.",
}
"""The criteria whose values are stored ones, each with a sentence about any other value."""


@dataclass(frozen=True)
class Effect:
    """How many stocks match all criteria but this one (`without`), and how many match it alone."""

    name: str
    without: int
    alone: int


@dataclass(frozen=True)
class Criteria:
    """Conditions on analysed stocks, by their names in an address. All that are set must hold.

    Scores are in [-1, +1], changes in percent. Bounds are compared with numbers as displayed, to a hundredth: 0.296 is
    at least 0.3. An industry or exchange is given by all its spellings.
    """

    q: str = ""
    verdict: tuple[str, ...] = ()
    weekly_verdict: tuple[str, ...] = ()
    score_min: float | None = None
    score_max: float | None = None
    change_min: float | None = None
    change_max: float | None = None
    risk_reward: float | None = None
    since: date | None = None
    industry: tuple[str, ...] = ()
    exchange: tuple[str, ...] = ()
    index: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """Return the names of the criteria that are set."""
        return [field.name for field in fields(self) if getattr(self, field.name) not in EMPTY]

    def narrow(self, stocks: StockQuerySet) -> StockQuerySet:
        """Return those of `stocks`, which come from `screening.stocks_to_screen`, that match."""
        return self._narrow(stocks, self.names)

    def effects(self, stocks: StockQuerySet) -> list[Effect]:
        """Return the effect of each criterion, the most restrictive first. Two queries each."""
        effects = [
            Effect(
                name,
                without=self._narrow(stocks, (other for other in self.names if other != name)).count(),
                alone=self._narrow(stocks, [name]).count(),
            )
            for name in self.names
        ]
        return sorted(effects, key=lambda effect: (-effect.without, effect.alone))

    def _narrow(self, stocks: StockQuerySet, names: Iterable[str]) -> StockQuerySet:
        for name in names:
            stocks = CONDITIONS[name](stocks, getattr(self, name))
        return stocks


class KnownValues:
    """The stored values of industry, exchange and index, each list read once, when it is needed.

    Spellings of an industry or an exchange that differ only in case are one value. Indexes are told apart by case,
    because each is a list of its own.
    """

    def __init__(self) -> None:
        self._values: dict[str, dict[str, tuple[str, ...]]] = {}

    def of(self, name: str) -> list[str]:
        """Return the values to choose from, in one spelling each."""
        return list(dict.fromkeys(spellings[0] for spellings in self._read(name).values()))

    def find(self, name: str, text: str) -> tuple[str, ...]:
        """Return the stored spellings of a value given in any case, the one of `of` first; empty if there is none."""
        values = self._read(name)
        return values.get(text.strip()) or values.get(_key(text)) or ()

    def _read(self, name: str) -> dict[str, tuple[str, ...]]:
        """Return the spellings of every value by what may be given for it."""
        if name not in self._values:
            self._values[name] = _read_indexes() if name == "index" else _read_values_of_stocks(name)
        return self._values[name]


def read_criteria(given: Mapping[str, Any], known: KnownValues) -> tuple[Criteria, dict[str, str]]:
    """Return the criteria that can be used of the given values, and a sentence for each other one, by its name."""
    values = {name: _plain(name, value) for name, value in given.items()}
    values = {name: value for name, value in values.items() if value not in EMPTY}
    errors = {}
    for name in (name for name in UNKNOWN if name in values):
        text, values[name] = values[name], known.find(name, values[name])
        if not values[name]:
            errors[name] = UNKNOWN[name].format(text)
    for lowest, highest in RANGES:
        if {lowest, highest} <= values.keys() and values[lowest] > values[highest]:
            errors[highest] = EMPTY_RANGE
    return Criteria(**{name: value for name, value in values.items() if name not in errors}), errors


def _plain(name: str, value: Any) -> Any:
    if name == "q":
        return (value or "").strip()
    return tuple(value) if isinstance(value, list) else value


def _read_indexes() -> dict[str, tuple[str, ...]]:
    """Return every index by its name, and in any other case the first that is called so."""
    names = [name for name in Index.objects.without_demo().values_list("name", flat=True) if name.strip()]
    values: dict[str, tuple[str, ...]] = {name.strip(): (name,) for name in names}
    for name in names:
        values.setdefault(_key(name), (name,))
    return values


def _read_values_of_stocks(field: str) -> dict[str, tuple[str, ...]]:
    values: dict[str, tuple[str, ...]] = {}
    for value in Stock.objects.analyzed().without_demo().order_by(field).values_list(field, flat=True).distinct():
        if key := _key(value):
            values[key] = (*values.get(key, ()), value)
    return values


def _key(text: str) -> str:
    return text.strip().casefold()


def _at_least(column: str) -> Condition:
    return lambda stocks, lowest: stocks.at_least(column, lowest)


def _at_most(column: str) -> Condition:
    return lambda stocks, highest: stocks.at_most(column, highest)


def _any_of(column: str) -> Condition:
    return lambda stocks, values: stocks.filter(**{f"{column}__in": values})


type Condition = Callable[[StockQuerySet, Any], StockQuerySet]
EMPTY: tuple[object, ...] = (None, "", ())
CONDITIONS: Mapping[str, Condition] = {
    "q": StockQuerySet.named,
    "verdict": _any_of("rating__verdict"),
    "weekly_verdict": _any_of("rating__weekly_verdict"),
    "score_min": _at_least("rating__score"),
    "score_max": _at_most("rating__score"),
    "change_min": _at_least("change"),
    "change_max": _at_most("change"),
    "risk_reward": _at_least("planned_risk_reward"),
    "since": StockQuerySet.verdict_changed_since,
    "industry": _any_of("industry"),
    "exchange": _any_of("exchange"),
    "index": _any_of("memberships__index__name"),
}
