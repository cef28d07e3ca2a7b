"""Admin of the watchlists."""

from django.contrib import admin

from watchlist.models import Screen, Watchlist, WatchlistItem


class ItemInline(admin.TabularInline[WatchlistItem, Watchlist]):
    model = WatchlistItem
    extra = 0
    autocomplete_fields = ["stock"]


@admin.register(Watchlist)
class WatchlistAdmin(admin.ModelAdmin[Watchlist]):
    list_display = ["name", "owner"]
    list_select_related = ["owner"]
    search_fields = ["name", "owner__username"]
    autocomplete_fields = ["owner"]
    inlines = [ItemInline]


@admin.register(Screen)
class ScreenAdmin(admin.ModelAdmin[Screen]):
    list_display = ["name", "owner", "query"]
    list_select_related = ["owner"]
    search_fields = ["name", "owner__username"]
    autocomplete_fields = ["owner"]
