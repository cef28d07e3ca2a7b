"""Admin: inspecting jobs, results and stocks, setting schedules and special days. Its actions call `analysis.jobs`."""

from analysis.admin import jobs, price_sources, results, schedules, special_days, stocks, workers

__all__ = ["jobs", "price_sources", "results", "schedules", "special_days", "stocks", "workers"]
