"""Forms of watchlists: the query of a list, and the acts on lists and their stocks."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from analysis.forms import AddressForm, TickerField
from analysis.models import StockStatus
from analysis.models.results import VERDICTS
from watchlist import importing
from watchlist.importing import UnreadableText
from watchlist.list_query import SORTS, ListQuery
from watchlist.models import NOTE_LENGTH, Watchlist

MOST_OPEN = 50


class ListQueryForm(AddressForm):
    """The query of a list, as in an address; unusable values count as absent."""

    also = ("open", "undo")
    q = forms.CharField(required=False, max_length=60, label="Ticker, name, industry or note")
    verdict = forms.ChoiceField(required=False, choices=[("", "Any verdict"), *VERDICTS])
    status = forms.ChoiceField(required=False, choices=[("", "Any status"), *StockStatus.choices])
    sort = forms.ChoiceField(required=False, choices=SORTS, label="Order")

    @property
    def list_query(self) -> ListQuery:
        self.is_valid()
        values = self.cleaned_data
        expanded = tuple(dict.fromkeys(self.data.getlist("open")))[:MOST_OPEN]  # type: ignore[attr-defined]
        text, verdict, status = values.get("q", ""), values.get("verdict", ""), values.get("status", "")
        return ListQuery(text, verdict, status, values.get("sort", ""), expanded)


class AddForm(forms.Form):
    ticker = TickerField(error_messages={"required": "Type a ticker, like TCS.NS or AAPL."})


class NameForm(forms.ModelForm):  # type: ignore[type-arg]
    """A list's name; its owner is set before it is validated, so that a name that is taken is an error in the form."""

    class Meta:
        model = Watchlist
        fields = ["name"]
        error_messages = {
            "name": {
                "required": "Give the list a name.",
                "max_length": "A name has %(limit_value)d letters at most; this one has %(show_value)d.",
            }
        }

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        others = Watchlist.objects.filter(owner=self.instance.owner).exclude(pk=self.instance.pk)
        if others.filter(name__iexact=name).exists():
            raise forms.ValidationError(f"You have a list called “{name}” already.")
        return name


class ShiftForm(forms.Form):
    """The direction in which a list moves among the others."""

    way = forms.TypedChoiceField(choices=[("-1", "Left"), ("1", "Right")], coerce=int)


class NoteForm(forms.Form):
    """The note on one stock; the page names its field after the ticker, because several may be open at once."""

    ticker = TickerField()
    note = forms.CharField(
        required=False,
        max_length=NOTE_LENGTH,
        error_messages={"max_length": "A note has %(limit_value)d letters at most; this one has %(show_value)d."},
    )


class MoveForm(forms.Form):
    """The new place of a stock: a number of places up or down, or before another stock."""

    move = TickerField()
    by = forms.IntegerField(required=False, min_value=-1_000, max_value=1_000)
    before = forms.CharField(required=False, max_length=60)


class ImportForm(forms.Form):
    """Tickers as text or as a file; `reading` is their content once the form is valid."""

    text = forms.CharField(required=False, strip=False)
    file = forms.FileField(
        required=False,
        allow_empty_file=True,
        error_messages={"invalid": "The file did not arrive; choose it again."},
    )
    reading: importing.ParsedText

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if self.errors:
            return data
        file, text = data.get("file"), data.get("text", "")
        try:
            if isinstance(file, UploadedFile):
                text = importing.decode(file.read(importing.MOST_BYTES + 1))
            elif len(text) > importing.MOST_BYTES:
                raise UnreadableText(f"The text is longer than {importing.MOST_BYTES:,} letters; import it in parts.")
            elif not text.strip():
                raise UnreadableText("Paste some tickers, or choose a file.")
            self.reading = importing.read(text)
        except UnreadableText as error:
            self.add_error("file" if file is not None else "text", str(error))
        data["text"] = text
        return data


class ConfirmForm(ImportForm):
    """The same text again, and the tickers of it that were ticked."""

    analyse = forms.BooleanField(required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not self.errors and not self.notes:
            self.add_error(None, "Tick at least one stock.")
        return data

    @property
    def notes(self) -> dict[str, str]:
        """Return the notes of the ticked stocks, by ticker."""
        ticked = set(self.data.getlist("tickers"))  # type: ignore[attr-defined]
        return {ticker: note for ticker, note in self.reading.notes.items() if ticker in ticked}


class AnalyzeForm(forms.Form):
    """The stocks of a list to analyse: that of the button pressed, all visible ones, all failed ones, or the ticked."""

    all = forms.BooleanField(required=False)
    failed = forms.BooleanField(required=False)
    one = forms.CharField(required=False)
    tickers = forms.MultipleChoiceField(required=False)

    def __init__(self, data: Any, *, on_list: list[str], visible: list[str], failed: list[str]) -> None:
        super().__init__(data)
        self.on_list, self.visible, self.with_failure = on_list, visible, failed
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
    def selection(self) -> list[str]:
        data = self.cleaned_data
        if data["one"]:
            return [data["one"]]
        if data["failed"]:
            return self.with_failure
        return self.visible if data["all"] else list(data["tickers"])
