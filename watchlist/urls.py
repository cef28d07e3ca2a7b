"""Addresses of watchlists."""

from django.urls import path

import analysis.urls  # noqa: F401 the converter of tickers is registered there
from watchlist import change_views, demo_views, file_views, list_views, views

app_name = "watchlist"

urlpatterns = [
    path("", views.home, name="home"),
    path("demo/remove/", demo_views.remove_demo, name="remove_demo"),
    path("watchlists/new/", list_views.create, name="create"),
    path("watchlists/watch/", views.watch, name="watch"),
    path("stocks/<ticker:ticker>/previous/", list_views.neighbour, {"step": -1}, name="previous_stock"),
    path("stocks/<ticker:ticker>/next/", list_views.neighbour, {"step": 1}, name="next_stock"),
    path("watchlists/<int:pk>/", views.watchlist, name="watchlist"),
    path("watchlists/<int:pk>/rename/", list_views.rename, name="rename"),
    path("watchlists/<int:pk>/shift/", list_views.shift, name="shift"),
    path("watchlists/<int:pk>/delete/", list_views.delete, name="delete"),
    path("watchlists/<int:pk>/import/", file_views.import_stocks, name="import"),
    path("watchlists/<int:pk>/import/confirm/", file_views.confirm_import, name="confirm_import"),
    path("watchlists/<int:pk>/export.csv", file_views.export_stocks, {"format": "csv"}, name="export_csv"),
    path("watchlists/<int:pk>/export.xlsx", file_views.export_stocks, {"format": "xlsx"}, name="export_xlsx"),
    path("watchlists/<int:pk>/rows/", views.rows, name="rows"),
    path("watchlists/<int:pk>/rows/<ticker:ticker>/", views.row, name="row"),
    path("watchlists/<int:pk>/add/", views.add, name="add"),
    path("watchlists/<int:pk>/add-demo-market/", views.add_demo_market, name="add_demo_market"),
    path("watchlists/<int:pk>/remove/", change_views.remove, name="remove"),
    path("watchlists/<int:pk>/move-to/", change_views.move, name="move_to"),
    path("watchlists/<int:pk>/copy-to/", change_views.copy, name="copy_to"),
    path("watchlists/<int:pk>/undo/", change_views.undo, name="undo"),
    path("watchlists/<int:pk>/dismiss-renames/", change_views.dismiss_renames, name="dismiss_renames"),
    path("watchlists/<int:pk>/move/", views.move, name="move"),
    path("watchlists/<int:pk>/note/", views.note, name="note"),
    path("watchlists/<int:pk>/analyze/", views.analyze, name="analyze"),
]
