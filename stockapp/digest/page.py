"""The digest's card on the account page: settings, the last messages with their statuses, a preview."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from stockapp.accounts.models import User
from stockapp.digest.compose import MessageText, preview_digest
from stockapp.digest.confirmations import ConfirmationState, state_of
from stockapp.digest.forms import DigestForm
from stockapp.digest.models import Message, Subscription
from stockapp.digest.subscriptions import subscription_of

SHOWN = 3


@dataclass(frozen=True)
class DigestCard:
    """The card of one user's digest; `form` is new or has errors."""

    subscription: Subscription
    form: DigestForm

    @cached_property
    def confirmation(self) -> ConfirmationState | None:
        return state_of(self.subscription)

    @cached_property
    def messages(self) -> list[Message]:
        shown = Message.objects.filter(user=self.subscription.user_id)
        return list(shown.defer("text", "html")[:SHOWN])

    @cached_property
    def preview(self) -> MessageText | None:
        return preview_digest(self.subscription)


def card_of(user: User, form: DigestForm | None = None) -> DigestCard:
    subscription = subscription_of(user)
    return DigestCard(subscription, form or DigestForm(subscription=subscription))
