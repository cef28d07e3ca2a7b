"""Expiry: expired rows of Django and django-axes, which neither removes itself, are deleted every night."""

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import Model, QuerySet
from django.utils import timezone

from analysis import queue
from analysis.db import transactional

REMOVE = "stockapp.expiry.remove_expired"
NIGHTLY_AT = (3, 45)
BATCH = 500


def remove_expired() -> None:
    """Delete expired sessions, counts of wrong passwords and cached values. Safe to call at any time."""
    now = timezone.now()
    sessions = Session.objects.filter(expire_date__lte=now)
    attempts = AccessAttempt.objects.filter(attempt_time__lt=now - settings.AXES_COOLOFF_TIME)
    for rows in (sessions, attempts):
        while _remove_batch(rows) == BATCH:
            pass
    while _remove_cached() == BATCH:
        pass


def schedule_expiry() -> None:
    """Plan the nightly call. Safe to call at every start."""
    queue.plan_nightly("Remove what has expired", REMOVE, at=NIGHTLY_AT)


@transactional
def _remove_batch(rows: QuerySet[Model]) -> int:
    keys = list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])
    rows.filter(pk__in=keys).delete()
    return len(keys)


@transactional
def _remove_cached() -> int:
    """Delete a batch of expired cache rows, which the cache backend culls only beyond MAX_ENTRIES. Return how many."""
    name = settings.CACHES["default"]["LOCATION"]
    if name not in connection.introspection.table_names():
        return 0
    table = connection.ops.quote_name(name)
    now = connection.ops.adapt_datetimefield_value(timezone.now().replace(microsecond=0))
    expired = f"SELECT cache_key FROM {table} WHERE expires < %s ORDER BY cache_key LIMIT {BATCH}"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE cache_key IN ({expired})", [now])  # noqa: S608
        return int(cursor.rowcount)
