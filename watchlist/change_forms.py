"""Forms of the acts on several rows of a list: which rows, to which list, and what is undone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms

from analysis import clock
from analysis.prices.tickers import is_well_formed, normalise
from watchlist.forms import NameForm
from watchlist.models import Watchlist
from watchlist.rename_notices import SHOWN_FOR

NEW = "new"
NONE_TICKED = "Tick at least one stock."


class RowsForm(forms.Form):
    """The row of the button that was pressed (`remove`), or all ticked ones."""

    remove = forms.CharField(required=False, max_length=60)

    def clean(self) -> dict[str, Any]:
        one = self.cleaned_data.get("remove")
        ticked = [one] if one else self.data.getlist("tickers")  # type: ignore[attr-defined]
        self.is_one = bool(one)
        self.tickers = list(dict.fromkeys(filter(is_well_formed, map(normalise, ticked))))
        if not self.tickers:
            raise forms.ValidationError(NONE_TICKED)
        return self.cleaned_data


class TransferForm(RowsForm):
    """The ticked rows and the list that they are moved or copied to: another of the user's lists, or a new one."""

    target = forms.CharField(required=False, max_length=20)

    def __init__(self, data: Any = None, *, watchlist: Watchlist) -> None:
        super().__init__(data)
        self.watchlist = watchlist

        self.new_list: Watchlist | None = None

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not data.get("target"):
            raise forms.ValidationError("Choose a list.")
        if data["target"] == NEW:
            naming = NameForm({"name": self.name}, instance=Watchlist(owner=self.watchlist.owner))
            if not naming.is_valid():
                raise forms.ValidationError(str(naming.errors["name"][0]))
            self.new_list = naming.instance
        return data

    @property
    def name(self) -> str:
        """Return the name of a new list, as it was typed."""
        return str(self.data.get("name", ""))

    @property
    def target_pk(self) -> int:
        """Return the number of an existing list; 0 for none, and for a text that is no number of a list."""
        text = self.cleaned_data.get("target", "")
        return int(text) if text.isascii() and text.isdigit() else 0


class RenamesForm(forms.Form):
    """The time of the last rename in the notice that is dismissed."""

    until = forms.DateTimeField()

    def clean_until(self) -> datetime:
        until: datetime = self.cleaned_data["until"]
        if abs(until - clock.now()) > SHOWN_FOR:
            raise forms.ValidationError("No notice has a rename of that time.")
        return until


class UndoForm(forms.Form):
    """The number of the change to undo."""

    undo = forms.IntegerField(min_value=1, max_value=2**63 - 1)
