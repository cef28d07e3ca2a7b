"""The screener's page: rows, headings, filters and screens of one address, for one user."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from django.core.paginator import Page, Paginator
from django.db.models import F
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from analysis.models import Stock
from analysis.models.stocks import StockQuerySet
from analysis.names import unknown_name
from analysis.pages.stock_summary import StockSummary
from analysis.screening import stocks_to_show
from stockapp.accounts.models import User
from watchlist.models import Screen, Watchlist
from watchlist.screener.columns import BY_KEY, COLUMNS, DEFAULT_COLUMNS, DEFAULT_SORT, STOCK, Column
from watchlist.screener.forms import FilterForm, ViewForm

ROWS_PER_PAGE = 50


@dataclass(frozen=True)
class Heading:
    """A column's heading: the address that sorts by it, and how the rows are sorted by it now."""

    column: Column
    address: str
    direction: str

    @property
    def arrow(self) -> str:
        return {"ascending": "▴", "descending": "▾"}.get(self.direction, "")


@dataclass(frozen=True)
class ActiveFilter:
    """A filter in use: in words, and the address without it."""

    words: str
    address: str


@dataclass(frozen=True)
class FilterEffect(ActiveFilter):
    """As well, how many stocks match all filters but this one (`without`), and how many match it alone."""

    without: int
    alone: int


class Screener:
    """Rows, filters and screens for one address; an unusable part of it gets a sentence and changes nothing."""

    def __init__(self, data: QueryDict, user: User) -> None:
        self.data, self.user, self.now = data, user, timezone.now()
        self.form, self.view = FilterForm(data), ViewForm(data)
        self.form.is_valid()
        self.view.is_valid()
        self.criteria = self.form.criteria

    @cached_property
    def problems(self) -> list[str]:
        """Return a sentence, with its field's label, for everything in the address that cannot be used."""
        known = [*self.form.fields, *self.view.fields, "page"]
        unknown = [unknown_name(name, known, "a filter of this page") for name in self.data if name not in known]
        errors = [(f"{self.form.fields[name].label}: ", sentences) for name, sentences in self.form.errors.items()]
        errors += [("", sentences) for name, sentences in self.view.errors.items() if name != "screen"]
        return unknown + [f"{label}{sentence}" for label, sentences in errors for sentence in sentences]

    @cached_property
    def sort(self) -> str:
        return self.view.cleaned_data.get("sort") or DEFAULT_SORT

    @cached_property
    def shown_columns(self) -> list[str]:
        """Return the keys of the columns that show, in their order."""
        chosen = self.view.cleaned_data.get("columns") or DEFAULT_COLUMNS
        return [column.key for column in COLUMNS if column.key in chosen]

    @cached_property
    def column_choices(self) -> list[tuple[Column, bool]]:
        return [(column, column.key in self.shown_columns) for column in COLUMNS]

    @cached_property
    def shows(self) -> dict[str, bool]:
        """Return for every column, by its key, whether it shows. A dictionary, because every cell looks it up."""
        return {column.key: is_shown for column, is_shown in self.column_choices}

    @property
    def _stocks(self) -> StockQuerySet:
        return stocks_to_show(self.user.strategy, long_only=self.user.long_only, now=self.now)

    @cached_property
    def matches(self) -> StockQuerySet:
        """Return every match, sorted; stocks without a value in the sorted column come last."""
        by = BY_KEY[self.sort.removeprefix("-")].order
        order = by.desc(nulls_last=True) if self.sort.startswith("-") else by.asc(nulls_last=True)
        return self.criteria.narrow(self._stocks).order_by(order, F("ticker"))

    @cached_property
    def page(self) -> Page[Stock]:
        return Paginator(self.matches, ROWS_PER_PAGE).get_page(self.data.get("page"))

    @cached_property
    def rows(self) -> list[StockSummary]:
        return list(self._summaries(self.page))

    @cached_property
    def count(self) -> int:
        return self.page.paginator.count

    @cached_property
    def total(self) -> int:
        """Return the number of analysed stocks."""
        return Stock.objects.analyzed().without_demo().count() if self.criteria.names else self.count

    @cached_property
    def leaves_out_demo(self) -> bool:
        return Stock.objects.analyzed().has_demo_left_out()

    @cached_property
    def headings(self) -> list[Heading]:
        return [self._heading(column) for column in (STOCK, *(BY_KEY[key] for key in self.shown_columns))]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Return filters, columns and order as in an address, without the default ones."""
        columns = [("columns", key) for key in self.shown_columns] if self.shown_columns != DEFAULT_COLUMNS else []
        return [*self.form.pairs, *columns, *([("sort", self.sort)] if self.sort != DEFAULT_SORT else [])]

    @cached_property
    def query(self) -> str:
        return urlencode(self.pairs)

    @cached_property
    def screens(self) -> list[Screen]:
        return list(Screen.objects.of(self.user))

    @cached_property
    def screen(self) -> Screen | None:
        """Return the user's screen that is open."""
        pk = self.view.cleaned_data.get("screen")
        return next((screen for screen in self.screens if screen.pk == pk), None)

    @cached_property
    def is_changed(self) -> bool:
        """Return whether the open screen has other filters, columns or order, however they were spelled when saved."""
        if self.screen is None or self.screen.query == self.query:
            return False
        saved = Screener(QueryDict(self.screen.query), self.user)
        return bool(saved.problems) or saved.query != self.query

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
    def full_query(self) -> str:
        """Return the query string of this page, the open screen included; its forms carry it along."""
        return self.address.partition("?")[2]

    @property
    def next_address(self) -> str:
        return self._address([*self.pairs, ("page", str(self.page.next_page_number()))])

    @property
    def previous_address(self) -> str:
        return self._address([*self.pairs, ("page", str(self.page.previous_page_number()))])

    @cached_property
    def active_filters(self) -> list[ActiveFilter]:
        return [ActiveFilter(self.form.words_of(name), self._without(name)) for name in self.criteria.names]

    @cached_property
    def effects(self) -> list[FilterEffect]:
        """Return the filters in use, the most restrictive first."""
        return [
            FilterEffect(self.form.words_of(one.name), self._without(one.name), one.without, one.alone)
            for one in self.criteria.effects(self._stocks)
        ]

    @property
    def without_filters(self) -> str:
        return self._address([pair for pair in self.pairs if pair[0] not in self.form.fields])

    def table(self) -> tuple[list[str], Iterator[list[object]]]:
        """Return headings and rows of every match with the columns that show, for a file."""
        cells = [cell for heading in self.headings for cell in heading.column.cells]
        rows = self._summaries(self.matches.iterator(chunk_size=500))
        return [heading for heading, _ in cells], ([read(row) for _, read in cells] for row in rows)

    def _summaries(self, stocks: Iterable[Stock]) -> Iterator[StockSummary]:
        return (StockSummary(stock, stock.rating, self.user, self.now) for stock in stocks)

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
