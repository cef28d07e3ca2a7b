"""What the screener can filter by, and which of a user's filters removes most."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django import forms
from django.db.models import Q
from django_filters import CharFilter, ChoiceFilter, DateFilter, FilterSet, MultipleChoiceFilter, NumberFilter

from analysis.engine import Verdict
from analysis.models import Index, Stock
from analysis.models.stocks import StockQuerySet

PAIRS = (("score_min", "score_max"), ("change_min", "change_max"))


@dataclass(frozen=True)
class Applied:
    """A filter in use, in words, and how many stocks match all filters but this one (`without`), or this alone."""

    name: str
    words: str
    without: int = 0
    alone: int = 0


class Bound(NumberFilter):
    """A lowest or highest number, compared as people read it: 1.996 is shown as 2.00, and is at least 2.

    `unit` is what the number that people give is of a stored one.
    """

    def __init__(self, column: str, *, is_lowest: bool, unit: int = 1, **extra: Any) -> None:
        super().__init__(field_name=column, **extra)
        self.is_lowest, self.unit = is_lowest, unit

    def get_max_validator(self) -> None:
        """None of django-filter's own: the field has its bounds."""

    def filter(self, qs: StockQuerySet, value: Any) -> StockQuerySet:
        if value is None:
            return qs
        narrow = qs.at_least if self.is_lowest else qs.at_most
        return narrow(str(self.field_name), float(value / self.unit))


class FilterForm(forms.Form):
    """The filters' form: what cannot be used has a sentence beside its field and filters nothing."""

    def clean(self) -> dict[str, Any]:
        for lowest, highest in PAIRS:
            low, high = self.cleaned_data.get(lowest), self.cleaned_data.get(highest)
            if low is not None and high is not None and low > high:
                self.add_error(highest, f"“{high}” is below the “at least” of {low}; nothing can be both.")
        return self.cleaned_data


def number(label: str, lowest: int, highest: int) -> dict[str, Any]:
    """The field of a number, which says what it takes."""
    return {
        "label": label,
        "min_value": lowest,
        "max_value": highest,
        "widget": forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"}),
        "error_messages": {
            "invalid": "Enter a number.",
            "min_value": f"Enter a number from {lowest} to {highest}.",
            "max_value": f"Enter a number from {lowest} to {highest}.",
        },
    }


class Filters(FilterSet):
    """The filters by their names in the address; each takes from the stocks what does not match."""

    q = CharFilter(
        method="by_text",
        label="Ticker or name",
        max_length=60,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off", "spellcheck": "false"}),
    )
    verdict = MultipleChoiceFilter(
        field_name="last_result__verdict",
        label="Verdict",
        distinct=False,
        choices=[(verdict.value, verdict.label) for verdict in Verdict],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "“%(value)s” is not a verdict."},
    )
    score_min = Bound("last_result__score", is_lowest=True, unit=100, **number("Score at least", -100, 100))
    score_max = Bound("last_result__score", is_lowest=False, unit=100, **number("Score at most", -100, 100))
    change_min = Bound("change", is_lowest=True, **number("Change % at least", -100, 10_000))
    change_max = Bound("change", is_lowest=False, **number("Change % at most", -100, 10_000))
    risk_reward = Bound("planned_risk_reward", is_lowest=True, **number("Risk:reward at least", 0, 1_000))
    since = DateFilter(
        method="by_verdict_change",
        label="New signal since",
        help_text="A verdict other than Neutral that began on this day or later.",
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Enter a day like 2026-11-20."},
    )
    industry = ChoiceFilter(
        label="Industry", empty_label="Any", error_messages={"invalid_choice": "No analysed stock is of “%(value)s”."}
    )
    exchange = ChoiceFilter(
        label="Exchange",
        empty_label="Any",
        error_messages={"invalid_choice": "No analysed stock trades on “%(value)s”."},
    )
    index = ChoiceFilter(
        field_name="memberships__index",
        label="Index",
        empty_label="Any",
        error_messages={"invalid_choice": "There is no such index any more."},
    )

    class Meta:
        model = Stock
        fields: list[str] = []
        form = FilterForm

    def __init__(self, data: Any, *, queryset: StockQuerySet) -> None:
        super().__init__(data, queryset)
        self.filters["industry"].extra["choices"] = _values("industry")
        self.filters["exchange"].extra["choices"] = _values("exchange")
        self.filters["index"].extra["choices"] = list(Index.objects.values_list("pk", "name"))

    def by_text(self, qs: StockQuerySet, name: str, text: str) -> StockQuerySet:
        return qs.filter(Q(ticker__istartswith=text) | Q(name__icontains=text))

    def by_verdict_change(self, qs: StockQuerySet, name: str, day: Any) -> StockQuerySet:
        return qs.verdict_changed_since(day)

    def matching(self, names: Iterable[str]) -> StockQuerySet:
        """The stocks that pass these filters alone."""
        found: StockQuerySet = self.queryset.all()
        for name in names:
            found = self.filters[name].filter(found, self.form.cleaned_data[name])
        return found

    @cached_property
    def used(self) -> list[str]:
        """The names of the filters that a good value was given for."""
        self.form.is_valid()
        return [name for name, value in self.form.cleaned_data.items() if value not in (None, "", [])]

    @cached_property
    def applied(self) -> list[Applied]:
        return [Applied(name, self._words(name)) for name in self.used]

    @cached_property
    def blame(self) -> list[Applied]:
        """The filters in use, the one that removes most first; two counts each."""
        counted = [
            Applied(
                one.name,
                one.words,
                without=self.matching(name for name in self.used if name != one.name).count(),
                alone=self.matching([one.name]).count(),
            )
            for one in self.applied
        ]
        return sorted(counted, key=lambda one: (-one.without, one.alone))

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Names and values as in an address, of the filters in use, each once."""
        given = [(name, self.form[name].data) for name in self.used]
        values = (
            (name, str(one).strip()) for name, data in given for one in (data if isinstance(data, list) else [data])
        )
        return list(dict.fromkeys(values))

    def _words(self, name: str) -> str:
        value, field = self.form.cleaned_data[name], self.form.fields[name]
        labels = {str(key): label for key, label in getattr(field, "choices", [])}
        chosen = value if isinstance(value, list) else [value]
        return f"{field.label}: {', '.join(str(labels.get(str(one), one)) for one in chosen)}"


def _values(field: str) -> list[tuple[str, str]]:
    found = Stock.objects.analyzed().exclude(**{field: ""}).order_by(field).values_list(field, flat=True).distinct()
    return [(value, value) for value in found]
