"""Limits: the row that is locked while the queue of the installation is counted."""

from django.db import models
from django.db.models import Q


class Admission(models.Model):
    """The one row that a transaction locks before it counts waiting stocks.

    Without it, concurrent requests on PostgreSQL would each count the stocks without those of the others.
    """

    ONLY = 1

    class Meta:
        constraints = [models.CheckConstraint(name="admission_is_one_row", condition=Q(id=1))]

    def __str__(self) -> str:
        return "Admission to the queue"
