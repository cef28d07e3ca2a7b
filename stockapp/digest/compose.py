"""Compose: a digest as a message, in plain text and in simple HTML."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.template.loader import render_to_string
from django.urls import reverse

from analysis.models import Ending, Job, JobDetail
from stockapp.digest.changes import Changes, changes_of
from stockapp.digest.models import Message, Subscription
from stockapp.templatetags.formats import counted
from watchlist.models import WatchlistItem

UNSUBSCRIBE, CONFIRM = "digest.unsubscribe", "digest.confirm"
CONFIRM_WITHIN = timedelta(days=3)
PREVIEWED_RUNS = 3  # the latest runs, in which a preview looks for changes


@dataclass(frozen=True, slots=True)
class MessageText:
    """The subject and the text of a message, ready to be sent or shown."""

    subject: str
    text: str
    html: str


def find_watched_tickers(users: list[int], job: Job) -> dict[int, set[str]]:
    """Return the stocks on these users' lists that a run contains, by user. `job` is the first job of the run."""
    tickers = JobDetail.objects.of_run(job.pk).order_by().values("stock_id")
    rows = WatchlistItem.objects.filter(watchlist__owner__in=users, stock_id__in=tickers).order_by()
    tickers_by_user: dict[int, set[str]] = {user: set() for user in users}
    for owner, ticker in rows.values_list("watchlist__owner_id", "stock_id"):
        tickers_by_user[owner].add(ticker)
    return tickers_by_user


def preview_digest(subscription: Subscription) -> MessageText | None:
    """Return a user's latest message, else one for the latest scheduled runs with changes, else None."""
    user = subscription.user
    message = Message.objects.filter(user=user.pk, job__isnull=False).first()
    if message:
        return MessageText(message.subject, message.text, message.html)
    own_tickers = set(WatchlistItem.objects.filter(watchlist__owner=user.pk).values_list("stock_id", flat=True))
    for ending in Ending.objects.select_related("job")[:PREVIEWED_RUNS]:
        changes = changes_of(ending.job, own_tickers, user.strategy).of(own_tickers, long_only=user.long_only)
        if not changes.is_empty:
            return compose(ending.job, changes, subscription)
    return None


def compose(job: Job, changes: Changes, subscription: Subscription) -> MessageText:
    """Write what changed by a user's strategy; the links lead to this installation."""
    context = {
        "title": job.description,
        "changes": changes,
        "strategy": subscription.user.get_strategy_display(),
        "site": settings.SITE_URL,
        "account": settings.SITE_URL + reverse("digest:settings"),
        "unsubscribe": unsubscribe_address(subscription),
    }
    return MessageText(
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


def compose_confirmation(subscription: Subscription) -> MessageText:
    """Write the message that asks the owner of a user's address to confirm it."""
    context = {
        "user": subscription.user,
        "link": confirmation_address(subscription),
        "days": CONFIRM_WITHIN.days,
        "site": settings.SITE_URL,
    }
    return MessageText(
        subject="Confirm your e-mail address for the stock digest",
        text=render_to_string("digest/confirmation.txt", context),
        html=render_to_string("digest/confirmation.html", context),
    )


def confirmation_address(subscription: Subscription) -> str:
    """Return the URL at which the owner of the address confirms it without logging in, for CONFIRM_WITHIN."""
    given = [subscription.user_id, subscription.serial, subscription.user.email]
    return settings.SITE_URL + reverse("digest:confirm", args=[signing.dumps(given, salt=CONFIRM)])


def read_confirmation(proof: str) -> tuple[int, int, str]:
    """Return the user, the subscription's serial and the address of a confirmation link.

    Raise signing.SignatureExpired if it is too old, signing.BadSignature if it is not from this installation.
    """
    user, serial, email = signing.loads(proof, salt=CONFIRM, max_age=CONFIRM_WITHIN)
    return int(user), int(serial), str(email)


def unsubscribe_address(subscription: Subscription) -> str:
    """Return the URL that ends this subscription without logging in, valid as long as it lasts."""
    token = signing.dumps([subscription.user_id, subscription.serial], salt=UNSUBSCRIBE)
    return settings.SITE_URL + reverse("digest:unsubscribe", args=[token])


def read_token(token: str) -> tuple[int, int]:
    """Return the user and the subscription's serial of an unsubscribing link.

    Raise signing.BadSignature if it is not from this installation. Links without a serial belong to the first one.
    """
    given = signing.loads(token, salt=UNSUBSCRIBE)
    user, serial = given if isinstance(given, list) else (given, 1)
    return int(user), int(serial)
