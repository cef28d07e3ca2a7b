"""Leases: the protocol by which one process alone works on a row, written once for every leased table.

A claim is a filtered UPDATE that sets a token, a time and a higher fence. The holder of the token may renew the lease
and ends it with its last write. A holder that was slower than its lease matches no row any more, because the next claim
has replaced the token. The fence numbers the claims of a row, so that two under one token can be distinguished.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import F, Q

LEASE_OVER: Mapping[str, Any] = {"lease_token": None, "lease_until": None}
"""The fields that end a lease, for the update that also says how it ended."""


class LeasedQuerySet[M: "LeasedRow"](models.QuerySet[M]):
    def leased(self) -> Self:
        """Return the rows that have a lease, expired ones included."""
        return self.filter(lease_until__isnull=False)

    def unleased(self, now: datetime) -> Self:
        """Return the rows that no process holds: without a lease, or with one that has expired."""
        return self.filter(Q(lease_until__isnull=True) | Q(lease_until__lt=now))

    def held_by(self, token: uuid.UUID | None) -> Self:
        """Return the rows whose lease has this token."""
        return self.leased().filter(lease_token=token)

    def lease(self, token: uuid.UUID, until: datetime, **changes: Any) -> int:
        """Put these rows under a lease, with further changes, and return how many there are."""
        return self.update(lease_token=token, lease_until=until, fence=F("fence") + 1, **changes)

    def renew(self, token: uuid.UUID, until: datetime) -> int:
        """Extend the leases of this token and return how many are still held."""
        return self.held_by(token).update(lease_until=until)

    def end_lease(self, **changes: Any) -> int:
        """End the leases of these rows, with further changes, and return how many rows there are."""
        return self.update(**LEASE_OVER, **changes)


class LeasedRow(models.Model):
    """A row that one process at a time may hold."""

    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveIntegerField(default=0)

    class Meta:
        abstract = True


def lease_constraint(name: str, *, status: str = "") -> models.CheckConstraint:
    """Return the constraint that a lease is whole and, if a status is given, that exactly rows of it have one."""
    free = Q(lease_token__isnull=True, lease_until__isnull=True)
    if not status:
        held = Q(lease_token__isnull=False, lease_until__isnull=False)
        return models.CheckConstraint(name=name, condition=free | held)
    held = Q(status=status, lease_token__isnull=False, lease_until__isnull=False)
    return models.CheckConstraint(name=name, condition=held | (~Q(status=status) & free))
