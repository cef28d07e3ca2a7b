from django.apps import AppConfig


class AnalysisConfig(AppConfig):
    name = "analysis"

    def ready(self) -> None:
        from analysis import checks, queue, timing  # noqa: F401
        from analysis.calendars.current import FAULTY_SESSIONS, SPECIAL_DAYS
        from analysis.prices.faulty_sessions import use_faulty_sessions
        from analysis.prices.special_days import use_special_days

        queue.never_unpickle()
        use_special_days(SPECIAL_DAYS.current)
        use_faulty_sessions(FAULTY_SESSIONS.current)
