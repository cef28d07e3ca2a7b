"""An indicator of the catalogue: what may be asked of it and how its columns are drawn."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode


class BadChoice(ValueError):
    """An indicator or a parameter that is not offered; the message is a sentence for the user."""


class NotOffered(BadChoice):
    """There is no such indicator, or it is refused for a reason that the message names."""


class Place(StrEnum):
    """Where an indicator is drawn: over the prices, or in a pane of its own under them."""

    OVERLAY = "overlay"
    PANE = "pane"


class Scale(StrEnum):
    """How its values are written."""

    PRICE = "price"
    NUMBER = "number"
    VOLUME = "volume"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that an indicator takes, within bounds."""

    key: str
    label: str
    default: float
    least: float
    most: float
    is_whole: bool = True

    def read(self, value: Any) -> float:
        """The value as a number within the bounds, else BadChoice. A whole one is an int: pandas-ta knows no 14.0."""
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
class Indicator:
    """One function of pandas-ta.

    `columns` are the labels of its result's columns by position; an empty label is not drawn. `bars` are the positions
    drawn as a histogram, `fixed` what it is called with besides the bars and the parameters.
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

    def chosen(self, values: Mapping[str, Any]) -> "Chosen":
        """The indicator with these parameters, the default for those not given; BadChoice with a sentence."""
        known = {parameter.key for parameter in self.parameters}
        if unknown := next((key for key in values if key not in known), None):
            raise BadChoice(f"{self.short} has no parameter “{unknown[:30]}”.")
        return Chosen(self, {each.key: each.read(values.get(each.key, each.default)) for each in self.parameters})


@dataclass(frozen=True, slots=True)
class Chosen:
    """An indicator with valid parameters, as somebody asked for it."""

    indicator: Indicator
    values: dict[str, float]

    @property
    def slug(self) -> str:
        """Which choice it is, in one word: rsi:14."""
        return f"{self.indicator.key}:{','.join(f'{value:g}' for value in self.values.values())}"

    @property
    def label(self) -> str:
        """RSI 14; Bollinger 20, 2."""
        return f"{self.indicator.short} {', '.join(f'{value:g}' for value in self.values.values())}".strip()

    @property
    def query(self) -> str:
        """Its parameters in an address: length=14."""
        return urlencode(self.values)

    @property
    def longest(self) -> float:
        """The largest of its lengths: with no more bars than that it has no value."""
        return max((value for value in self.values.values() if isinstance(value, int)), default=1)

    @property
    def settings(self) -> list[tuple[Parameter, str]]:
        """Its parameters, each with its value as it is written."""
        return [(parameter, f"{self.values[parameter.key]:g}") for parameter in self.indicator.parameters]

    def as_dict(self) -> dict[str, Any]:
        """What is kept of a choice; `choose` reads it again."""
        return {"key": self.indicator.key, "parameters": self.values}
