"""Admin: inspecting jobs, results and stocks, switching schedules. Its actions call the services."""

from analysis.admin import jobs, results, schedules, stocks, workers

__all__ = ["jobs", "results", "schedules", "stocks", "workers"]
