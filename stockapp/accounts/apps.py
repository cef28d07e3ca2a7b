from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "stockapp.accounts"
    label = "accounts"
