"""Forms of the analysis: the input of its pages, checked and converted."""

from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.db import models

from analysis.catalogue.indicator import BadChoice, ChartIndicator
from analysis.catalogue.offered import find_entry
from analysis.models import Index, JobStatus, Source
from analysis.names import unknown_name
from analysis.prices.tickers import invalid_ticker_message, is_well_formed, normalise


class TickerField(forms.CharField):
    """A well-formed ticker, in capitals."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=60, **kwargs)

    def clean(self, value: Any) -> str:
        ticker = normalise(super().clean(value))
        if ticker and not is_well_formed(ticker):
            raise forms.ValidationError(invalid_ticker_message(ticker))
        return ticker


class SearchForm(forms.Form):
    """A search from the top bar (`q`), or for a ticker to add to a list (`ticker`)."""

    q = forms.CharField(required=False, max_length=60)
    ticker = forms.CharField(required=False, max_length=2_000)

    @property
    def text(self) -> str:
        """Return what is searched for; of a list of tickers, the last one."""
        if not self.is_valid():
            return ""
        last = str(self.cleaned_data["ticker"]).rpartition(",")[2].strip()
        return self.cleaned_data["q"] or last

    @property
    def before(self) -> str:
        """Return the part of a list of tickers that a suggestion leaves as it is."""
        before, comma, _ = self.cleaned_data["ticker"].rpartition(",") if self.is_valid() else ("", "", "")
        return f"{before}{comma} " if comma else ""


class JobOrder(models.TextChoices):
    NEWEST = "", "Newest first"
    FAILURES = "failures", "Failures first"
    LONGEST = "longest", "Longest first"


@dataclass(frozen=True)
class JobFilter:
    """A filter of the job list; an empty field filters nothing."""

    WITH_FAILURES: ClassVar[str] = "failures"

    status: str = ""
    source: str = ""
    text: str = ""
    order: str = ""

    @property
    def is_narrow(self) -> bool:
        return bool(self.status or self.source or self.text)


class AddressForm(forms.Form):
    """The query string of a page; an unusable parameter has a sentence in `problems`, the others are applied."""

    also: ClassVar[tuple[str, ...]] = ()
    """Further allowed names, besides the form's fields."""

    @property
    def problems(self) -> list[str]:
        """Return a sentence for each unknown name and for each value that cannot be used."""
        unknown = [name for name in self.data if name not in self.fields and name not in self.also]
        wrong = [(self.fields[name].label or name.capitalize(), str(self.data[name])[:60]) for name in self.errors]
        names = [unknown_name(name, self.fields, "a filter of this page") for name in unknown]
        return names + [f"{label}: “{value}” cannot be used." for label, value in wrong]


class JobFilterForm(AddressForm):
    also = ("page",)
    q = forms.CharField(
        required=False,
        max_length=100,
        label="Name or stock",
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Name or ticker", "spellcheck": "false"}),
    )
    source = forms.ChoiceField(required=False, choices=[("", "Any source"), *Source.choices])
    order = forms.ChoiceField(required=False, choices=JobOrder.choices)
    status = forms.ChoiceField(
        required=False,
        choices=[("", "All"), *JobStatus.choices, (JobFilter.WITH_FAILURES, "With failures")],
        widget=forms.HiddenInput,
    )

    @property
    def chosen(self) -> JobFilter:
        """Return the filter; a value that does not exist filters nothing."""
        self.full_clean()
        given = self.cleaned_data.get
        return JobFilter(given("status", ""), given("source", ""), given("q", ""), given("order", ""))


class BulkForm(forms.Form):
    """The stocks of a bulk job: those of an index, or all."""

    index = forms.ModelChoiceField(Index.objects.without_demo(), required=False, empty_label="All active stocks")


class IndicatorForm(forms.Form):
    """An indicator by its name or key, with its parameters by their keys; missing parameters have their defaults."""

    name = forms.CharField(max_length=80, error_messages={"required": "Type an indicator’s name."})
    instead_of = forms.CharField(required=False, max_length=200)

    def clean(self) -> dict[str, Any]:
        name = self.cleaned_data.get("name")
        if name is not None:
            try:
                entry = find_entry(name)
                given = {each.key: self.data[each.key] for each in entry.parameters if each.key in self.data}
                self.cleaned_data["indicator"] = entry.with_parameters(given)
            except BadChoice as bad:
                raise forms.ValidationError(str(bad)) from bad
        return self.cleaned_data

    @property
    def indicator(self) -> ChartIndicator:
        """Return the indicator of a valid form."""
        indicator: ChartIndicator = self.cleaned_data["indicator"]
        return indicator

    @property
    def problem(self) -> str:
        """Return the first error of the form."""
        return next((str(error) for errors in self.errors.values() for error in errors), "")
