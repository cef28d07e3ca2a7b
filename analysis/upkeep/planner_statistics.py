"""Planner statistics: the database's counts of its rows, by which it plans queries."""

from django.db import connection

from analysis.models import Job, JobDetail, RawData, Result, Stock

READ_WHOLE = (Stock, Job, JobDetail, Result, RawData)


def refresh_statistics() -> None:
    """Refresh the statistics before whole tables are read.

    PostgreSQL refreshes them only some minutes after a bulk job or a restore. Until then it may take a hundred thousand
    results for two hundred, and compare each with every other.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {', '.join(model._meta.db_table for model in READ_WHOLE)}")
