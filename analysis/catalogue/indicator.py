"""The values of the catalogue: its entries, their parameters, and the indicators on a chart."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode


class BadChoice(ValueError):
    """An indicator or a parameter that is not on offer; the message is a sentence for the user."""


class IndicatorNotOffered(BadChoice):
    """An unknown indicator, or one that is refused for the reason in the message."""


class Place(StrEnum):
    """The position of an indicator: over the prices, or in a pane of its own under them."""

    OVERLAY = "overlay"
    PANE = "pane"


class Scale(StrEnum):
    """The format of an indicator's values."""

    PRICE = "price"
    NUMBER = "number"
    VOLUME = "volume"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number of an indicator, within bounds."""

    key: str
    label: str
    default: float
    least: float
    most: float
    is_whole: bool = True

    def parse(self, value: Any) -> float:
        """Return the value as a number; whole ones as int, because pandas-ta rejects 14.0.

        Raise BadChoice, with a sentence, for anything else or a number out of bounds.
        """
        number: float
        try:
            number = int(value) if self.is_whole else float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if isinstance(value, bool) or not self.least <= number <= self.most or float(value) != number:
            kind = "a whole number" if self.is_whole else "a number"
            raise BadChoice(f"{self.label} must be {kind} from {self.least:g} to {self.most:g}.")
        return number


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """An indicator on offer: one function of pandas-ta.

    `columns` are the labels of its result's columns by position; an empty label is not drawn. `bars` are the positions
    drawn as a histogram, `fixed` are its arguments besides the bars and the parameters.
    """

    key: str
    short: str
    name: str
    place: Place
    scale: Scale
    columns: tuple[str, ...]
    parameters: tuple[Parameter, ...] = ()
    bars: tuple[int, ...] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict)

    def with_parameters(self, values: Mapping[str, Any]) -> "ChartIndicator":
        """Return the entry with these parameters and the defaults of the others. Raise BadChoice, with a sentence."""
        known = {parameter.key for parameter in self.parameters}
        if unknown := next((key for key in values if key not in known), None):
            raise BadChoice(f"{self.short} has no parameter “{unknown[:30]}”.")
        return ChartIndicator(
            self, {each.key: each.parse(values.get(each.key, each.default)) for each in self.parameters}
        )


@dataclass(frozen=True, slots=True)
class ChartIndicator:
    """An entry with valid parameters, as it is drawn on a user's charts."""

    entry: CatalogueEntry
    values: dict[str, float]

    @property
    def slug(self) -> str:
        """Return key and parameters in one word: rsi:14."""
        return f"{self.entry.key}:{','.join(f'{value:g}' for value in self.values.values())}"

    @property
    def label(self) -> str:
        """Return name and parameters: RSI 14; Bollinger 20, 2."""
        return f"{self.entry.short} {', '.join(f'{value:g}' for value in self.values.values())}".strip()

    @property
    def query(self) -> str:
        """Return the parameters as a URL query: length=14."""
        return urlencode(self.values)

    @property
    def longest(self) -> float:
        """Return the largest of its lengths: with that many bars or fewer it has no value."""
        return max((value for value in self.values.values() if isinstance(value, int)), default=1)

    @property
    def settings(self) -> list[tuple[Parameter, str]]:
        """Return the parameters, each with its value as text."""
        return [(parameter, f"{self.values[parameter.key]:g}") for parameter in self.entry.parameters]

    def as_dict(self) -> dict[str, Any]:
        """Return the indicator as it is stored; `choose_indicator` restores it."""
        return {"key": self.entry.key, "parameters": self.values}
