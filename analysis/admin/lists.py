"""Lists of the admin: read-only; a long list costs the same over a million rows as over a thousand.

Django's own list counts every row, reads every row for the values of a filter, and every date for its hierarchy.
"""

from collections.abc import Iterable
from functools import cached_property

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

from analysis.engine.strategies import STRATEGIES
from analysis.models import Job, JobDetail, Result, Stock

SHOWN_AT_MOST = 10_000
STOCKS_SEARCHED = 200


class FirstRows[M: Model](Paginator[M]):
    """A paginator of the first SHOWN_AT_MOST rows; the others are found by filters and the search."""

    object_list: QuerySet[M]

    @cached_property
    def count(self) -> int:
        return self.object_list.order_by().values("pk")[:SHOWN_AT_MOST].count()


class LongList[M: Model](admin.ModelAdmin[M]):
    """A list of rows of stocks, searched by ticker or by part of a company's name."""

    paginator = FirstRows
    show_full_result_count = False
    search_fields = ["stock__ticker"]  # for there to be a search; `get_search_results` is what searches
    stock_field = "stock"
    search_help_text = f"A ticker or a part of a name. Of more than {SHOWN_AT_MOST:,} rows the first are shown."

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[M], search_term: str
    ) -> tuple[QuerySet[M], bool]:
        """Return the rows of the stocks that match; the stocks are looked up first."""
        if text := search_term.strip():
            stocks = Stock.objects.filter(Q(ticker__icontains=text) | Q(name__icontains=text)).order_by("ticker")
            found = list(stocks.values_list("pk", flat=True)[:STOCKS_SEARCHED])
            queryset = queryset.filter(**{f"{self.stock_field}__in": found})
        return queryset, False


class StrategyFilter(admin.SimpleListFilter):
    """A filter by strategy, with the strategies that exist."""

    title = parameter_name = "strategy"

    def lookups(self, request: HttpRequest, model_admin: object) -> Iterable[tuple[str, str]]:
        return [(key, strategy.name) for key, strategy in STRATEGIES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        return queryset.filter(strategy=self.value()) if self.value() else queryset


def duration_text(thing: Job | JobDetail | Result) -> str:
    """Return the duration in seconds, or a dash for a row that has not begun."""
    taken = thing.duration
    return f"{taken.total_seconds():,.2f} s" if taken is not None else "–"
