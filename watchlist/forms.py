"""Forms of watchlists: the query of a list, and the acts on lists and their stocks."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from analysis.forms import AddressForm, TickerField
from analysis.models import StockStatus
from analysis.models.ratings import VERDICTS
from analysis.prices.markets import EXCHANGE_NAMES
from watchlist import importing
from watchlist.import_file import ImportFile, read_file
from watchlist.import_text import MOST_BYTES, UnreadableText, UnrecognisedEntry
from watchlist.importing import ParsedText
from watchlist.list_query import SORTS, ListQuery
from watchlist.models import NOTE_LENGTH, Watchlist

MOST_OPEN = 50
MOST_TYPED = 2_000  # letters in the field that adds stocks


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
    """Stocks to add: a list of tickers, symbols or names; or one ticker that was chosen, while `ticker` keeps the list.

    `default` is the code of the exchange of bare names. Entries that are not certain are in `open_questions`.
    """

    ticker = forms.CharField(required=False, max_length=MOST_TYPED)
    choose = TickerField(required=False)
    reading: ParsedText

    def __init__(self, data: Any = None, *, default: str = "") -> None:
        super().__init__(data)
        self._default = default
        self.open_questions: list[UnrecognisedEntry] = []

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        text, chosen = data.get("ticker", ""), data.get("choose", "")
        self.reading = ParsedText()
        try:
            if text.strip():
                self.reading = importing.read(text, default=self._default)
            elif not chosen and not self.errors:
                raise UnreadableText("Type a ticker, like TCS.NS or AAPL.")
        except UnreadableText as error:
            self.add_error("ticker", str(error))
        if chosen:
            (chosen,) = self.reading.follow_choices([chosen])
            data["choose"] = chosen
        questions = [one for one in self.reading.questions if chosen not in one.candidates]
        self.open_questions = [*questions, *self.reading.problems]
        if not self.errors and not self.notes:
            self.add_error("ticker", self.open_questions[0].reason)
        return data

    @property
    def notes(self) -> dict[str, str]:
        """Return the tickers that are certain, as keys; with a chosen one, that one alone."""
        chosen = self.cleaned_data.get("choose")
        return {chosen: ""} if chosen else self.reading.notes

    @property
    def other_exchanges(self) -> list[tuple[str, tuple[str, ...]]]:
        """Return the tickers that were added of which another exchange has a stock of the same name, with those."""
        is_choice = not self.is_bound or not self.is_valid() or self.cleaned_data.get("choose")
        return [] if is_choice else list(self.reading.alternatives.items())

    @property
    def shown_text(self) -> str:
        """Return the text for the field: what was typed and not added."""
        return str(self["ticker"].value() or "") if self.is_bound and self.errors else ""

    @property
    def rest(self) -> str:
        """Return the text of the entries that are still open, to stay in the field."""
        return ", ".join(question.text for question in self.open_questions)


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
    """Tickers as text or as a file; `reading` is their content once the form is valid.

    `default` is the code of the exchange of bare names. Of a table whose column of tickers is not known, `headings` are
    those to choose `column` from, and `sample` its first rows. `sheet_note` is about sheets of a workbook that are not
    read.
    """

    text = forms.CharField(required=False, strip=False)
    column = forms.CharField(required=False, max_length=200)
    exchange = forms.ChoiceField(
        required=False,
        choices=[("", "no exchange: ask for each"), *EXCHANGE_NAMES.items()],
        widget=forms.Select(attrs={"id": "import-exchange"}),
    )
    file = forms.FileField(
        required=False,
        allow_empty_file=True,
        error_messages={"invalid": "The file did not arrive; choose it again."},
    )
    reading: ParsedText

    def __init__(self, data: Any = None, files: Any = None, *, default: str = "") -> None:
        super().__init__(data, files, initial={"exchange": default})
        self._default = default
        self.headings: tuple[str, ...] = ()
        self.sheet_note = ""
        self.sample: tuple[Sequence[str], ...] = ()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if self.errors:
            return data
        file, text = data.get("file"), data.get("text", "")
        try:
            content = self._read_content(file, text)
            text, self.sheet_note = content.text, content.note
            self.reading = importing.read(
                text,
                default=self._chosen_exchange(data),
                column=data.get("column", ""),
                is_sheet=content.is_sheet,
            )
        except UnreadableText as error:
            self.headings, self.sample = error.headings, error.sample
            self.add_error("file" if file is not None else "text", str(error))
        data["text"] = text  # which an error takes out
        return data

    def _chosen_exchange(self, data: dict[str, Any]) -> str:
        """Return the exchange of bare names that was chosen for this text, or else the user's."""
        return str(data.get("exchange", "")) if "exchange" in self.data else self._default

    def _read_content(self, file: object, text: str) -> ImportFile:
        """Return the text of the file, or else the one that was typed. Raise UnreadableText."""
        if isinstance(file, UploadedFile):
            return read_file(file.read(MOST_BYTES + 1))
        if len(text) > MOST_BYTES:
            raise UnreadableText(f"The text is longer than {MOST_BYTES:,} letters; import it in parts.")
        if not text.strip():
            raise UnreadableText("Paste some tickers, or choose a file.")
        return ImportFile(text)


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
        return self.reading.notes_of(set(self.data.getlist("tickers")))  # type: ignore[attr-defined]


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
