"""Passwords: the limit of wrong old passwords in a session, and the forms that set a new password.

An attempt is counted by one UPDATE before the password is compared, so that concurrent requests cannot exceed the
limit. Attempts are counted per user: only requests with a session of the user can use them up.
"""

import math
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.forms import AdminPasswordChangeForm, PasswordChangeForm
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from stockapp.accounts.models import User


def claim_try(user: User) -> bool:
    """Count one attempt at the user's old password. Return False if there were too many within AXES_COOLOFF_TIME."""
    now = timezone.now()
    rested = Q(password_tried_at__isnull=True) | Q(password_tried_at__lte=now - settings.AXES_COOLOFF_TIME)
    users = User.objects.filter(pk=user.pk)
    if users.filter(rested).update(password_tries=1, password_tried_at=now):
        return True
    left = users.filter(~rested, password_tries__lt=settings.AXES_FAILURE_LIMIT)
    return bool(left.update(password_tries=F("password_tries") + 1, password_tried_at=now))


def reset_tries(user: User) -> None:
    """Reset the count after the right password."""
    User.objects.filter(pk=user.pk).update(password_tries=0, password_tried_at=None)


def remaining_wait(user: User) -> timedelta:
    """Return how long further attempts are refused; zero if one is allowed now."""
    tries, last = User.objects.values_list("password_tries", "password_tried_at").get(pk=user.pk)
    if last is None or tries < settings.AXES_FAILURE_LIMIT:
        return timedelta()
    ends: datetime = last + settings.AXES_COOLOFF_TIME
    return max(ends - timezone.now(), timedelta())


def locked_sentence(wait: timedelta) -> str:
    minutes = math.ceil(wait.total_seconds() / 60)
    return f"Too many wrong passwords. You can try again in {minutes} minute{'' if minutes == 1 else 's'}."


class TokenRevokingForm(forms.Form):
    """A form that sets a password and, if `revoke_tokens` is ticked, revokes the user's API tokens."""

    user: User
    revoked = 0

    def save(self, commit: bool = True) -> Any:
        self.user.password_tries, self.user.password_tried_at = 0, None
        with transaction.atomic():
            saved = super().save(commit)  # type: ignore[misc]
            if self.cleaned_data.get("revoke_tokens"):
                self.revoked = self.user.api_tokens.all().revoke()
        return saved


class PasswordForm(TokenRevokingForm, PasswordChangeForm):
    """A user's own new password; the field for tokens is shown only to users who have tokens."""

    revoke_tokens = forms.BooleanField(
        label="Revoke my API tokens too",
        help_text="Programs that use them are refused until you give them new ones.",
        required=False,
        initial=True,
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(user, *args, **kwargs)
        if not user.api_tokens.unrevoked().exists():
            del self.fields["revoke_tokens"]


class SetPasswordForm(TokenRevokingForm, AdminPasswordChangeForm[User]):
    """A new password for another user, set in the admin."""

    revoke_tokens = forms.BooleanField(label="Revoke the user’s API tokens too", required=False, initial=True)
