"""Tokens: create one, find one by its key, record its use, revoke it."""

import hashlib
import logging
import secrets
from datetime import timedelta

from django.db import DatabaseError
from django.db.models import Q
from django.utils import timezone

from analysis.database_faults import BUSY, find_fault
from analysis.db import brief_transaction, transactional
from analysis.rejections import RequestRejected
from stockapp.accounts.models import ApiToken, User, lock_user

logger = logging.getLogger(__name__)

PREFIX = "stockapp_"
MOST_TOKENS = 50
RECORDED_EVERY = timedelta(minutes=1)


@transactional
def create_token(token: ApiToken) -> str:
    """Save a new token and return its key, which is not stored. Raise RequestRejected if the user has too many."""
    lock_user(token.user_id)
    if ApiToken.objects.unrevoked().filter(user=token.user_id).count() >= MOST_TOKENS:
        raise RequestRejected(f"You have {MOST_TOKENS} tokens, which is the limit; revoke one first.")
    key = PREFIX + secrets.token_urlsafe(32)
    token.digest = _hash_key(key)
    token.save(force_insert=True)
    return key


def find_token(key: str) -> ApiToken | None:
    """Return the token with this key, with its user; None unless both may be used now."""
    token = ApiToken.objects.select_related("user").filter(digest=_hash_key(key)).first()
    return token if token and token.is_usable and token.user.can_log_in else None


def record_use(token: ApiToken) -> None:
    """Record when a token was last used, at most once a minute, and not while the database is busy."""
    now = timezone.now()
    if token.last_used_at and token.last_used_at > now - RECORDED_EVERY:
        return
    is_old = Q(last_used_at__isnull=True) | Q(last_used_at__lte=now - RECORDED_EVERY)
    try:
        with brief_transaction():
            ApiToken.objects.filter(is_old, pk=token.pk).update(last_used_at=now)
    except DatabaseError as error:
        if find_fault(error) is not BUSY:
            raise
        logger.info("The use of a token is not noted: the database is busy.")


@transactional
def revoke(user: User, pk: int) -> ApiToken | None:
    """Revoke one of the user's tokens and return it; None if there is no such token."""
    own_tokens = ApiToken.objects.filter(user=user, pk=pk)
    token = own_tokens.unrevoked().first()
    return token if token and own_tokens.revoke() else None


@transactional
def revoke_all(user: User) -> int:
    """Revoke all tokens of the user and return how many there were."""
    return user.api_tokens.all().revoke()


def describe_revocation(count: int) -> str:
    return f"{count:,} API token{' was' if count == 1 else 's were'} revoked."


def _hash_key(key: str) -> str:
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()
