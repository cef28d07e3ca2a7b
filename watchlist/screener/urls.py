"""Addresses of the screener."""

from django.urls import path, re_path

from watchlist.screener import views

app_name = "screener"

urlpatterns = [
    path("", views.screener, name="screener"),
    re_path(r"^export\.(?P<format>csv|xlsx)$", views.export, name="export"),
    path("add/", views.add_to_list, name="add"),
    path("screens/", views.create_screen, name="create"),
    path("screens/<int:pk>/", views.open_screen, name="open"),
    path("screens/<int:pk>/rename/", views.rename_screen, name="rename"),
    path("screens/<int:pk>/replace/", views.replace_screen, name="replace"),
    path("screens/<int:pk>/delete/", views.delete_screen, name="delete"),
]
