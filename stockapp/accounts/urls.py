"""Addresses of the account."""

from django.urls import path

from stockapp.accounts import views

app_name = "accounts"

urlpatterns = [
    path("", views.account, name="account"),
    path("example/", views.account_example, name="account_example"),
]
