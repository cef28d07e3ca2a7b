"""Admin: inspecting jobs, results and stocks, setting schedules and special days. Its actions call `analysis.jobs`."""

from analysis.admin import jobs, results, schedules, special_days, stocks, workers

__all__ = ["jobs", "results", "schedules", "special_days", "stocks", "workers"]
