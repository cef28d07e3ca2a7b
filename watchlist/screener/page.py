"""The screener's page: what an address asks for, as one user sees it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from django import forms
from django.core.paginator import Page, Paginator
from django.db.models import F
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from analysis.models import Stock
from analysis.models.stocks import StockQuerySet
from analysis.names import unknown_name
from analysis.pages.standing import Standing
from watchlist.models import Screen, Watchlist
from watchlist.screener.columns import BY_KEY, COLUMNS, DEFAULT_COLUMNS, DEFAULT_SORT, STOCK, Column
from watchlist.screener.filters import Applied, Filters

if TYPE_CHECKING:
    from stockapp.accounts.models import User

ROWS_PER_PAGE = 50


@dataclass(frozen=True)
class Heading:
    """A column's head: where it leads, and how the rows are sorted by it now."""

    column: Column
    address: str
    direction: str


class ViewForm(forms.Form):
    """Order, columns and the open screen, as an address has them."""

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


class Screener:
    """Rows, filters and screens for one address; what in it cannot be used has a sentence and changes nothing."""

    def __init__(self, data: QueryDict, user: User) -> None:
        self.data, self.user = data, user
        self.filters = Filters(data, queryset=Stock.objects.for_screener(long_only=user.long_only))
        self.view = ViewForm(data)
        self.view.is_valid()

    @property
    def form(self) -> forms.Form:
        form: forms.Form = self.filters.form
        return form

    @cached_property
    def problems(self) -> list[str]:
        """A sentence for everything in the address that cannot be used, with its field's name."""
        known = [*self.form.fields, *self.view.fields, "page"]
        unknown = [unknown_name(name, known, "a filter of this page") for name in self.data if name not in known]
        errors = [(f"{self.form.fields[name].label}: ", found) for name, found in self.form.errors.items()]
        errors += [("", found) for name, found in self.view.errors.items() if name != "screen"]
        return unknown + [f"{label}{sentence}" for label, found in errors for sentence in found]

    @cached_property
    def sort(self) -> str:
        return self.view.cleaned_data.get("sort") or DEFAULT_SORT

    @cached_property
    def shown(self) -> list[str]:
        """The keys of the columns that show, in their order."""
        chosen = self.view.cleaned_data.get("columns") or DEFAULT_COLUMNS
        return [column.key for column in COLUMNS if column.key in chosen]

    @cached_property
    def column_choices(self) -> list[tuple[Column, bool]]:
        return [(column, column.key in self.shown) for column in COLUMNS]

    @cached_property
    def shows(self) -> dict[str, bool]:
        """For every column, by its key, whether it shows: asked for every cell, so it had better be quick."""
        return {column.key: is_shown for column, is_shown in self.column_choices}

    @cached_property
    def found(self) -> StockQuerySet:
        """Every match, sorted; what has no value in the sorted column comes last."""
        by = BY_KEY[self.sort.removeprefix("-")].order
        order = by.desc(nulls_last=True) if self.sort.startswith("-") else by.asc(nulls_last=True)
        return self.filters.matching(self.filters.used).order_by(order, F("ticker"))

    @cached_property
    def page(self) -> Page[Stock]:
        return Paginator(self.found, ROWS_PER_PAGE).get_page(self.data.get("page"))

    @cached_property
    def rows(self) -> list[Standing]:
        return list(self._standings(self.page))

    @cached_property
    def count(self) -> int:
        return self.page.paginator.count

    @cached_property
    def total(self) -> int:
        """How many analysed stocks there are."""
        return Stock.objects.analyzed().count() if self.filters.used else self.count

    @cached_property
    def headings(self) -> list[Heading]:
        return [self._heading(column) for column in (STOCK, *(BY_KEY[key] for key in self.shown))]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Filters, columns and order as in an address, without what is usual anyway."""
        columns = [("columns", key) for key in self.shown] if self.shown != DEFAULT_COLUMNS else []
        return [*self.filters.pairs, *columns, *([("sort", self.sort)] if self.sort != DEFAULT_SORT else [])]

    @cached_property
    def query(self) -> str:
        return urlencode(self.pairs)

    @cached_property
    def screens(self) -> list[Screen]:
        return list(Screen.objects.of(self.user))

    @cached_property
    def screen(self) -> Screen | None:
        """The user's screen that is open."""
        pk = self.view.cleaned_data.get("screen")
        return next((screen for screen in self.screens if screen.pk == pk), None)

    @property
    def is_changed(self) -> bool:
        return self.screen is not None and self.screen.query != self.query

    @cached_property
    def watchlists(self) -> list[Watchlist]:
        return list(Watchlist.objects.of(self.user))

    @property
    def name(self) -> str:
        return self.screen.name if self.screen else "Screener"

    @property
    def address(self) -> str:
        return self._address(self.pairs)

    @property
    def asked(self) -> str:
        """What the page's forms carry along, to show the same page again."""
        return self.address.partition("?")[2]

    @property
    def next_address(self) -> str:
        return self._address([*self.pairs, ("page", str(self.page.next_page_number()))])

    @property
    def previous_address(self) -> str:
        return self._address([*self.pairs, ("page", str(self.page.previous_page_number()))])

    @cached_property
    def chips(self) -> list[tuple[Applied, str]]:
        """The filters in use, each with the address that is without it."""
        return [(one, self._without(one.name)) for one in self.filters.applied]

    @cached_property
    def blame(self) -> list[tuple[Applied, str]]:
        """As `chips`, with how much each filter removes, the one that removes most first."""
        return [(one, self._without(one.name)) for one in self.filters.blame]

    @property
    def without_filters(self) -> str:
        return self._address([pair for pair in self.pairs if pair[0] not in self.filters.filters])

    def table(self) -> tuple[list[str], Iterator[list[object]]]:
        """Headings and rows of every match with the columns that show, for a file."""
        cells = [cell for heading in self.headings for cell in heading.column.cells]
        rows = self._standings(self.found.iterator(chunk_size=500))
        return [heading for heading, _ in cells], ([read(row) for _, read in cells] for row in rows)

    def _standings(self, stocks: Iterable[Stock]) -> Iterator[Standing]:
        now = timezone.now()
        return (Standing(stock, self.user, now) for stock in stocks)

    def _heading(self, column: Column) -> Heading:
        sorted_by = {column.key: "ascending", f"-{column.key}": "descending"}.get(self.sort, "")
        first = f"-{column.key}" if column.is_number or column.key in ("verdict", "since", "analyzed") else column.key
        other = column.key if first.startswith("-") else f"-{column.key}"
        rest = [pair for pair in self.pairs if pair[0] != "sort"]
        return Heading(column, self._address([*rest, ("sort", other if self.sort == first else first)]), sorted_by)

    def _without(self, name: str) -> str:
        return self._address([pair for pair in self.pairs if pair[0] != name])

    def _address(self, pairs: list[tuple[str, str]]) -> str:
        screen = [("screen", str(self.screen.pk))] if self.screen else []
        query = urlencode([*pairs, *screen])
        return f"{reverse('screener:screener')}{'?' if query else ''}{query}"
