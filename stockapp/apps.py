from django.apps import AppConfig


class StockappConfig(AppConfig):
    name = "stockapp"

    def ready(self) -> None:
        from stockapp import checks  # noqa: F401
