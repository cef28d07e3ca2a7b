"""Addresses of the digest."""

from django.urls import path

from stockapp.digest import views

app_name = "digest"

urlpatterns = [
    path("account/digest/", views.settings, name="settings"),
    path("digest/unsubscribe/<str:token>/", views.end, name="unsubscribe"),
]
