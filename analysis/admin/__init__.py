"""Admin: inspecting jobs, results and stocks, and setting schedules. Its actions call `analysis.jobs`."""

from analysis.admin import jobs, results, schedules, stocks, workers

__all__ = ["jobs", "results", "schedules", "stocks", "workers"]
