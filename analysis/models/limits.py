"""Limits: the row that is locked while the whole installation's work is counted."""

from django.db import models
from django.db.models import Q


class Admission(models.Model):
    """The one row that each transaction which adds to the queue locks while it counts what waits.

    Without it, requests that come together on PostgreSQL all count what was there before any of them.
    """

    ONLY = 1

    class Meta:
        constraints = [models.CheckConstraint(name="admission_is_one_row", condition=Q(id=1))]

    def __str__(self) -> str:
        return "Admission to the queue"
