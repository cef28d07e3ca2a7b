"""Subscriptions: switching the digest on, changing it, and switching it off."""

from analysis.services.transient import transactional
from stockapp.accounts.models import User
from stockapp.digest.models import Subscription


def subscription_of(user: User) -> Subscription:
    """How a user wants the digest; not saved yet for who never said."""
    return Subscription.objects.filter(user=user).first() or Subscription(user=user)


@transactional
def subscribe(user: User, *, email: str, by_email: bool, url: str) -> Subscription:
    """Keep how a user wants the digest; an empty `url` means: not by a notification service."""
    User.objects.filter(pk=user.pk).update(email=email)
    given = {"by_email": by_email, "by_url": bool(url), "url": url}
    return Subscription.objects.update_or_create(user=user, defaults=given)[0]


@transactional
def unsubscribe(user: int) -> bool:
    """End a user's digest on every channel; False when there was none to end."""
    return bool(Subscription.objects.wanted().filter(pk=user).update(by_email=False, by_url=False, url=""))
