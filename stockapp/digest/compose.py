"""Compose: a digest as a message, in plain text and in simple HTML."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core import signing
from django.template.loader import render_to_string
from django.urls import reverse

from analysis.models import Ending, Job, JobDetail
from stockapp.accounts.models import User
from stockapp.digest.changes import Changes, changes_of
from stockapp.digest.models import Message
from stockapp.templatetags.formats import counted
from watchlist.models import WatchlistItem

SALT = "digest.unsubscribe"
LOOK_AT = 3  # jobs, for a preview


@dataclass(frozen=True, slots=True)
class Composed:
    """A digest, ready to be sent or shown."""

    subject: str
    text: str
    html: str


def watched_by(users: list[int], job: Job) -> dict[int, set[str]]:
    """The stocks of a run, named after its first job, that are on these users' lists, by user."""
    tickers = JobDetail.objects.of_run(job.pk).order_by().values("stock_id")
    rows = WatchlistItem.objects.filter(watchlist__owner__in=users, stock_id__in=tickers).order_by()
    found: dict[int, set[str]] = {user: set() for user in users}
    for owner, ticker in rows.values_list("watchlist__owner_id", "stock_id"):
        found[owner].add(ticker)
    return found


def preview(user: User) -> Composed | None:
    """The newest that there was to tell a user: the last message, else what the last scheduled jobs would have told."""
    message = Message.objects.filter(user=user.pk).first()
    if message:
        return Composed(message.subject, message.text, message.html)
    mine = set(WatchlistItem.objects.filter(watchlist__owner=user.pk).values_list("stock_id", flat=True))
    for ending in Ending.objects.select_related("job")[:LOOK_AT]:
        changes = changes_of(ending.job, mine).of(mine, long_only=user.long_only)
        if not changes.is_empty:
            return compose(ending.job, changes, user)
    return None


def compose(job: Job, changes: Changes, user: AbstractBaseUser) -> Composed:
    """Write what changed for a user; the links lead to this installation."""
    context = {
        "title": job.description,
        "changes": changes,
        "site": settings.SITE_URL,
        "account": settings.SITE_URL + reverse("digest:settings"),
        "unsubscribe": unsubscribe_address(user),
    }
    return Composed(
        subject=f"{job.description}: {_summary(changes)}"[:200],
        text=render_to_string("digest/message.txt", context),
        html=render_to_string("digest/message.html", context),
    )


def _summary(changes: Changes) -> str:
    failed = sum(map(len, changes.new_failures.values()))
    parts = [
        f"{counted(len(changes.verdicts), 'verdict')} changed" if changes.verdicts else "",
        f"{counted(len(changes.hits), 'plan')} hit" if changes.hits else "",
        f"{counted(failed, 'stock')} failed" if failed else "",
    ]
    return ", ".join(filter(None, parts))


def unsubscribe_address(user: AbstractBaseUser) -> str:
    """Where the digest can be ended without logging in, for good."""
    return settings.SITE_URL + reverse("digest:unsubscribe", args=[signing.dumps(user.pk, salt=SALT)])


def user_of_token(token: str) -> int:
    """Whose digest an unsubscribing link ends. Raises signing.BadSignature for one that is not ours."""
    return int(signing.loads(token, salt=SALT))
