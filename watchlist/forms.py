"""Forms of watchlists: what may come in from the page."""

from typing import Any

from django import forms
from django.core import signing

from analysis.forms import TickerField
from watchlist.models import Watchlist
from watchlist.services import Removed


class AddForm(forms.Form):
    ticker = TickerField(error_messages={"required": "Type a ticker, like TCS.NS or AAPL."})


class RemoveForm(forms.Form):
    remove = TickerField()


class CreateForm(forms.ModelForm):  # type: ignore[type-arg]
    """A list's name. Its owner is set before it is validated, so that a name that is taken is an error in the form."""

    class Meta:
        model = Watchlist
        fields = ["name"]
        error_messages = {"name": {"required": "Give the list a name."}}

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        others = Watchlist.objects.filter(owner=self.instance.owner).exclude(pk=self.instance.pk)
        if others.filter(name__iexact=name).exists():
            raise forms.ValidationError(f"You have a list called “{name}” already.")
        return name


class UndoForm(forms.Form):
    """The way back for a stock that was just removed."""

    removed = forms.CharField()

    def clean_removed(self) -> Removed:
        try:
            return Removed.from_token(self.cleaned_data["removed"])
        except signing.BadSignature:
            raise forms.ValidationError("This removal can no longer be undone; add the stock again.") from None


class AnalyzeForm(forms.Form):
    """Which stocks of a list: the one whose button was pressed, all if that was asked for, else the ticked ones."""

    all = forms.BooleanField(required=False)
    one = forms.CharField(required=False)
    tickers = forms.MultipleChoiceField(required=False)

    def __init__(self, data: Any, *, on_list: list[str]) -> None:
        super().__init__(data)
        self.on_list = on_list
        self.fields["tickers"] = forms.MultipleChoiceField(
            required=False,
            choices=[(ticker, ticker) for ticker in on_list],
            error_messages={"invalid_choice": "%(value)s is not on this list."},
        )

    def clean_one(self) -> str:
        ticker: str = self.cleaned_data["one"]
        if ticker and ticker not in self.on_list:
            raise forms.ValidationError(f"{ticker} is not on this list.")
        return ticker

    @property
    def chosen(self) -> list[str]:
        data = self.cleaned_data
        if data["one"]:
            return [data["one"]]
        return self.on_list if data["all"] else list(data["tickers"])
