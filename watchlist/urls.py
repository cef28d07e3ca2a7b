"""Addresses of watchlists."""

from django.urls import path

from watchlist import neighbours, views

app_name = "watchlist"

urlpatterns = [
    path("", views.home, name="home"),
    path("watchlists/new/", views.create, name="create"),
    path("watchlists/watch/", views.watch, name="watch"),
    path("stocks/<str:ticker>/previous/", neighbours.neighbour, {"step": -1}, name="previous_stock"),
    path("stocks/<str:ticker>/next/", neighbours.neighbour, {"step": 1}, name="next_stock"),
    path("watchlists/<int:pk>/", views.watchlist, name="watchlist"),
    path("watchlists/<int:pk>/rows/", views.rows, name="rows"),
    path("watchlists/<int:pk>/add/", views.add, name="add"),
    path("watchlists/<int:pk>/remove/", views.remove, name="remove"),
    path("watchlists/<int:pk>/restore/", views.restore, name="restore"),
    path("watchlists/<int:pk>/analyze/", views.analyze, name="analyze"),
]
