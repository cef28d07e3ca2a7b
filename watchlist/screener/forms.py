"""Forms of the screener: its filters, its order and columns, the name of a screen, and the stocks to put on a list."""

from __future__ import annotations

from typing import Any

from django import forms

from analysis.criteria import (
    CHANGES,
    LONGEST_NAME,
    LONGEST_TEXT,
    RATIOS,
    SCORES,
    UNKNOWN,
    Criteria,
    KnownValues,
    read_criteria,
)
from analysis.engine.verdict import Verdict
from analysis.prices.tickers import is_well_formed
from stockapp.accounts.models import Person
from watchlist.models import Screen, Watchlist
from watchlist.screener.columns import BY_KEY, COLUMNS

SCORE_UNIT = 100
"""The page shows scores from -100 to +100, and criteria have them from -1 to +1."""


class NumberField(forms.DecimalField):
    """The lowest or highest number; `unit` is how many of the page's units are one of the criteria's."""

    def __init__(self, label: str, lowest: int, highest: int, *, unit: int = 1) -> None:
        self.unit = unit
        lowest, highest = lowest * unit, highest * unit
        outside = f"Enter a number from {lowest} to {highest}."
        super().__init__(
            required=False,
            label=label,
            min_value=lowest,
            max_value=highest,
            widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"}),
            error_messages={"invalid": "Enter a number.", "min_value": outside, "max_value": outside},
        )


class KnownValueField(forms.CharField):
    """A stored value in any case; whether there is such a value is for the criteria to say."""

    widget = forms.Select
    name: str
    known: KnownValues

    def __init__(self, label: str) -> None:
        super().__init__(required=False, label=label, max_length=LONGEST_NAME, strip=False)

    def offer(self, known: KnownValues, name: str) -> None:
        """Offer the values that are known by this name."""
        self.known, self.name = known, name
        self.widget.choices = [("", "Any"), *((value, value) for value in known.of(name))]

    def clean(self, value: Any) -> str:
        return self._spell(super().clean(value))

    def bound_data(self, data: Any, initial: Any) -> str:
        return self._spell(data or "")

    def _spell(self, text: str) -> str:
        """Return the text as the value is offered, or as it is if there is no such value."""
        return next(iter(self.known.find(self.name, text)), text)


class VerdictsField(forms.MultipleChoiceField):
    """Any of some verdicts."""

    def __init__(self, label: str) -> None:
        super().__init__(
            required=False,
            label=label,
            choices=[(verdict.value, verdict.label) for verdict in Verdict],
            widget=forms.CheckboxSelectMultiple,
            error_messages={"invalid_choice": "“%(value)s” is not a verdict."},
        )


class FilterForm(forms.Form):
    """The criteria as in an address; an unusable value gets a sentence and filters nothing."""

    q = forms.CharField(
        required=False,
        label="Ticker or name",
        max_length=LONGEST_TEXT,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off", "spellcheck": "false"}),
    )
    verdict = VerdictsField("Verdict")
    weekly_verdict = VerdictsField("Weekly verdict")
    score_min = NumberField("Score at least", *SCORES, unit=SCORE_UNIT)
    score_max = NumberField("Score at most", *SCORES, unit=SCORE_UNIT)
    change_min = NumberField("Change % at least", *CHANGES)
    change_max = NumberField("Change % at most", *CHANGES)
    risk_reward = NumberField("Reward:risk at least", *RATIOS)
    since = forms.DateField(
        required=False,
        label="New signal since",
        help_text="A verdict other than Neutral that began on this day or later.",
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Enter a day like 2026-11-20."},
    )
    industry = KnownValueField("Industry")
    exchange = KnownValueField("Exchange")
    index = KnownValueField("Index")

    criteria: Criteria
    """The usable criteria of the address; set when the form is validated."""

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.known = KnownValues()
        for name in UNKNOWN:
            field = self.fields[name]
            assert isinstance(field, KnownValueField)  # noqa: S101
            field.offer(self.known, name)

    def clean(self) -> dict[str, Any]:
        given = {name: self._in_unit_of_criteria(name, value) for name, value in self.cleaned_data.items()}
        self.criteria, errors = read_criteria(given, self.known)
        for name, sentence in errors.items():
            self.add_error(name, sentence)
        return self.cleaned_data

    def _in_unit_of_criteria(self, name: str, value: Any) -> Any:
        field = self.fields[name]
        return float(value / field.unit) if isinstance(field, NumberField) and value is not None else value

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Return names and values as in an address, of the filters in use, each once."""
        values = ((name, self[name].value()) for name in self.criteria.names)
        pairs = ((name, one) for name, value in values for one in (value if isinstance(value, list) else [value]))
        return list(dict.fromkeys((name, str(one).strip()) for name, one in pairs))

    def words_of(self, name: str) -> str:
        """Return a filter in use with its label, as people read it."""
        field, value = self.fields[name], self.cleaned_data[name]
        shown = ", ".join(Verdict(one).label for one in value) if isinstance(field, VerdictsField) else value
        return f"{field.label}: {shown}"


class ViewForm(forms.Form):
    """Order, columns and the open screen, as in an address."""

    sort = forms.ChoiceField(
        required=False,
        choices=[(f"{sign}{key}", key) for key in BY_KEY for sign in ("", "-")],
        error_messages={"invalid_choice": "“%(value)s” is not a column to sort by; sorted by score instead."},
    )
    columns = forms.MultipleChoiceField(
        required=False,
        choices=[(column.key, column.label) for column in COLUMNS],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "“%(value)s” is not a column; the usual ones are shown."},
    )
    screen = forms.IntegerField(required=False)


class ScreenForm(forms.ModelForm):  # type: ignore[type-arg]
    """A screen's name; its owner is set before, so that a name that is taken is an error in the form."""

    class Meta:
        model = Screen
        fields = ["name"]
        error_messages = {"name": {"required": "Give the screen a name."}}

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        same = Screen.objects.filter(owner=self.instance.owner, name__iexact=name)
        if same.exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(f"You have a screen called “{name}” already.")
        return name


class SelectionForm(forms.Form):
    """Which stocks to put on which list: all that match, or the ticked ones."""

    watchlist = forms.ModelChoiceField(
        Watchlist.objects.none(),
        required=False,
        error_messages={"invalid_choice": "That list is not there any more; choose another."},
    )
    all = forms.BooleanField(required=False)

    def __init__(self, data: Any, *, user: Person) -> None:
        super().__init__(data)
        self.fields["watchlist"].queryset = Watchlist.objects.of(user)  # type: ignore[attr-defined]
        self.tickers: list[str] = list(filter(is_well_formed, data.getlist("tickers")))

    def clean(self) -> dict[str, Any]:
        if not self.cleaned_data["all"] and not self.tickers:
            raise forms.ValidationError("No stock is ticked. Tick some, or add all that match.")
        return self.cleaned_data
