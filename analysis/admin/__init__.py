"""Admin: inspecting jobs, results and stocks, switching schedules. Its actions call the services."""

from analysis.admin import jobs, results, schedules, stocks, workers
from analysis.admin.lists import ReadOnly

__all__ = ["ReadOnly", "jobs", "results", "schedules", "stocks", "workers"]
