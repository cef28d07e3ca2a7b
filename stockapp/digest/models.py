"""Models of the digest: subscriptions, and messages that were sent or are to be sent."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from analysis import clock
from analysis.models import Job
from analysis.models.leases import LeasedQuerySet, LeasedRow, lease_constraint

MAX_ATTEMPTS = 5


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    def wanted(self) -> SubscriptionQuerySet:
        """Return the subscriptions with a channel switched on of users who may log in."""
        return self.filter(Q(by_email=True) | Q(by_url=True), user__is_active=True)


class Subscription(models.Model):
    """The digest settings of a user. `url` may contain secrets and is never shown whole.

    `serial` counts how often the digest was switched on; a link that ends it is valid for one of these times. E-mail
    goes to the user's address only while it equals `confirmed_email`, so that a changed address needs a confirmation.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="digest"
    )
    by_email = models.BooleanField("by e-mail", default=False)
    by_url = models.BooleanField("by notification service", default=False)
    url = models.CharField(max_length=1000, blank=True)
    serial = models.PositiveIntegerField(default=1, editable=False)
    confirmed_email = models.EmailField(blank=True, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[models.Manager[Subscription]] = SubscriptionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(name="digest_by_url_has_one", condition=Q(by_url=False) | ~Q(url="")),
        ]

    def __str__(self) -> str:
        return f"Digest of {self.user}"

    @property
    def is_on(self) -> bool:
        return self.by_email or self.by_url

    @property
    def is_unconfirmed(self) -> bool:
        """Return whether e-mail is switched on for an address that its owner has not confirmed."""
        return self.by_email and self.confirmed_email != self.user.email

    @property
    def channels(self) -> list[Channel]:
        """Return the channels that are in use now."""
        is_by_email = self.by_email and not self.is_unconfirmed
        return [channel for channel, on in ((Channel.EMAIL, is_by_email), (Channel.URL, self.by_url)) if on]


class Channel(models.TextChoices):
    EMAIL = "email", "E-mail"
    URL = "url", "Notification service"


class MessageStatus(models.TextChoices):
    WAITING = "waiting", "Waiting"
    SENDING = "sending", "Sending"
    SENT = "sent", "Sent"
    FAILED = "failed", "Failed"
    WITHDRAWN = "withdrawn", "Withdrawn"


class MessageQuerySet(LeasedQuerySet["Message"]):
    def due(self) -> MessageQuerySet:
        """Return messages to send now: their wait is over, or the lease of their sender has expired."""
        now = clock.now()
        return self.filter(
            Q(status=MessageStatus.WAITING, not_before__lte=now) | Q(status=MessageStatus.SENDING, lease_until__lt=now)
        )

    def confirmations(self) -> MessageQuerySet:
        """Return messages that ask the owner of an address to confirm it."""
        return self.filter(job__isnull=True)

    def untried(self) -> MessageQuerySet:
        """Return messages that were withdrawn before the first attempt to send them."""
        return self.filter(status=MessageStatus.WITHDRAWN, attempts=0)

    def counted(self) -> MessageQuerySet:
        """Return messages that were handed over, may have been or still may be: all but untried ones."""
        return self.exclude(status=MessageStatus.WITHDRAWN, attempts=0)


class Message(LeasedRow):
    """The outbox: one digest to one user over one channel. Its id is in the Message-ID of every attempt.

    A message without a job asks `recipient` to confirm the address; its link is for the subscription of this `serial`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="digest_messages")
    job = models.ForeignKey(Job, null=True, blank=True, on_delete=models.CASCADE, related_name="digest_messages")
    recipient = models.EmailField(blank=True)
    serial = models.PositiveIntegerField(null=True, blank=True)
    channel = models.CharField(max_length=5, choices=Channel)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField()
    status = models.CharField(max_length=9, choices=MessageStatus, default=MessageStatus.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(default=timezone.now)
    woken_at = models.DateTimeField(null=True, blank=True)
    error_message = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Message]] = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["not_before"], condition=Q(status__in=("waiting", "sending")), name="message_to_send"),
            models.Index(fields=["user", "-created_at"], name="message_of_a_user"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["job", "user", "channel"], name="one_message_per_job_user_and_channel"),
            models.CheckConstraint(
                name="message_is_a_jobs_or_asks_for_confirmation",
                condition=Q(job__isnull=False, recipient="") | (Q(job__isnull=True) & ~Q(recipient="")),
            ),
            models.CheckConstraint(name="message_status_is_known", condition=Q(status__in=MessageStatus.values)),
            lease_constraint("message_is_leased_while_sending", status=MessageStatus.SENDING),
            models.CheckConstraint(
                name="message_failure_says_why", condition=~Q(status=MessageStatus.FAILED) | ~Q(error_message="")
            ),
        ]

    def __str__(self) -> str:
        return self.subject
