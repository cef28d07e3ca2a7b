"""Forms of the analysis: what may come in from a page."""

from typing import Any

from django import forms

from analysis.models import Index, JobStatus
from analysis.prices import is_well_formed, normalise


class TickerField(forms.CharField):
    """A well-formed ticker, in capitals."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=60, **kwargs)

    def clean(self, value: Any) -> str:
        ticker = normalise(super().clean(value))
        if ticker and not is_well_formed(ticker):
            raise forms.ValidationError(f"“{ticker[:30]}” is not a ticker. A ticker looks like TCS.NS or AAPL.")
        return ticker


class SearchForm(forms.Form):
    """A search from the top bar (`q`), or for a ticker to put on a list (`ticker`)."""

    q = forms.CharField(required=False, max_length=60)
    ticker = forms.CharField(required=False, max_length=60)

    @property
    def text(self) -> str:
        return self.cleaned_data["q"] or self.cleaned_data["ticker"] if self.is_valid() else ""


class JobFilterForm(forms.Form):
    status = forms.ChoiceField(required=False, choices=[("", "All"), *JobStatus.choices])

    @property
    def chosen(self) -> str:
        """The status asked for; empty for all, and for one that does not exist."""
        return self.cleaned_data.get("status", "") if self.is_valid() else ""


class BulkForm(forms.Form):
    """Which stocks a bulk job is for: an index, or all."""

    index = forms.ModelChoiceField(Index.objects.all(), required=False, empty_label="All active stocks")
