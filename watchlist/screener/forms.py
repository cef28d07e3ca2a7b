"""Forms of the screener's acts: keeping screens, and putting stocks on a list."""

from __future__ import annotations

from typing import Any

from django import forms

from analysis.prices import is_well_formed
from stockapp.accounts.models import Person
from watchlist.models import Screen, Watchlist


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
