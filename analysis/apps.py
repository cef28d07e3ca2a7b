from django.apps import AppConfig


class AnalysisConfig(AppConfig):
    name = "analysis"

    def ready(self) -> None:
        from analysis import checks, queue, timing  # noqa: F401

        queue.never_unpickle()
