"""Stocks in the admin, with their stored prices and their indexes."""

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from analysis.forms import TickerField
from analysis.models import FormerTicker, Index, IndexMember, PriceHistory, Stock
from stockapp.read_only_admin import ReadOnlyAdmin


class StockForm(forms.ModelForm[Stock]):
    """A form for one stock; its ticker is normalised as everywhere else."""

    def clean_ticker(self) -> str:
        return TickerField().clean(self.cleaned_data["ticker"])


@admin.register(Stock)
class StockAdmin(admin.ModelAdmin[Stock]):
    form = StockForm
    list_display = [
        "ticker",
        "name",
        "exchange",
        "industry",
        "is_active",
        "is_confirmed",
        "last_status",
        "last_analyzed_at",
    ]
    list_filter = ["last_status", "is_active", "is_confirmed", "exchange", "currency"]
    search_fields = ["ticker", "name"]
    readonly_fields = [
        "is_confirmed",
        "refusals",
        "named_by",
        "last_status",
        "last_job",
        "last_result",
        "last_analyzed_at",
        "last_error",
        "last_wait",
        "last_wait_until",
    ]
    show_full_result_count = False

    def get_readonly_fields(self, request: HttpRequest, obj: Stock | None = None) -> list[str]:
        return [*self.readonly_fields, *(["ticker"] if obj else [])]


@admin.register(PriceHistory)
class PriceHistoryAdmin(ReadOnlyAdmin[PriceHistory]):
    list_display = ["stock_id", "source", "first_session", "last_session", "bar_count", "adjusted", "fetched_at"]
    list_filter = ["source", "adjusted"]
    search_fields = ["stock__ticker", "stock__name"]
    date_hierarchy = "fetched_at"
    show_full_result_count = False
    exclude = ["bars"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[PriceHistory]:
        return super().get_queryset(request).defer("bars")


@admin.register(FormerTicker)
class FormerTickerAdmin(ReadOnlyAdmin[FormerTicker]):
    """Renames; deleting one only ends the way from the old ticker to the stock."""

    list_display = ["ticker", "new_ticker", "stock_id", "isin", "renamed_at"]
    search_fields = ["ticker", "stock__ticker", "stock__name"]
    date_hierarchy = "renamed_at"
    show_full_result_count = False


@admin.register(Index)
class IndexAdmin(admin.ModelAdmin[Index]):
    list_display = ["name", "member_count", "loaded_at"]
    search_fields = ["name"]
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Index]:
        return super().get_queryset(request).annotate(members_now=Count("members"))

    @admin.display(description="Stocks", ordering="members_now")
    def member_count(self, index: Index) -> int:
        return int(getattr(index, "members_now", 0))


@admin.register(IndexMember)
class IndexMemberAdmin(admin.ModelAdmin[IndexMember]):
    list_display = ["stock", "index"]
    list_filter = ["index"]
    list_select_related = ["index", "stock"]
    search_fields = ["stock__ticker", "stock__name"]
    autocomplete_fields = ["stock", "index"]
    show_full_result_count = False
