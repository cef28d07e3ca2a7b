from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "stockapp.accounts"
    label = "accounts"

    def ready(self) -> None:
        from stockapp.accounts import checks  # noqa: F401
