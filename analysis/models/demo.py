"""The demo market's removal: the mark that it was removed for good, and must not be loaded again unasked."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from stockapp.accounts.models import Person


def may_remove_demo(person: Person) -> bool:
    """Return whether a person may remove the demo market for everybody: staff who may delete stocks can."""
    return person.is_staff and person.has_perm("analysis.delete_stock")


class DemoRemoval(models.Model):
    """The removal of the demo market. While its one row exists, nothing adds a demo stock.

    It is written before the first stock is deleted, and `completed_at` is set after the last.
    """

    ONLY = 1

    removed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    requested_at = models.DateTimeField(default=timezone.now)
    completed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(name="demo_removal_is_one_row", condition=Q(id=1))]

    def __str__(self) -> str:
        return f"Demo market, removed on {self.requested_at:%Y-%m-%d}"
