"""System checks of the accounts, for `check --deploy`: passwords that an attacker tries first, and demo accounts."""

from typing import Any

from django.contrib.auth.hashers import check_password
from django.core.checks import CheckMessage, Info, Tags, Warning, register
from django.db import DatabaseError
from django.db.models import Q, QuerySet

from stockapp.accounts.models import User

TRIED_FIRST = ("demo", "admin", "password")
MOST_ACCOUNTS = 20  # each costs five hashes, a third of a second each


@register(Tags.security, deploy=True)
def accounts_cannot_be_guessed(**_: Any) -> list[CheckMessage]:
    active = User.objects.filter(is_active=True)
    try:
        return [
            *_find_guessable_passwords(active.filter(Q(is_staff=True) | Q(is_superuser=True))),
            *_find_demo_accounts(active),
        ]
    except DatabaseError as error:
        reason = str(error).strip().split("\n")[0]
        return [Info(f"The accounts were not checked: {reason}.", hint="Run it after `migrate`.", id="accounts.I002")]


def _find_guessable_passwords(powerful: QuerySet[User]) -> list[CheckMessage]:
    accounts = list(powerful.order_by("-is_superuser", "pk").only("username", "password")[:MOST_ACCOUNTS])
    messages: list[CheckMessage] = [
        Warning(
            f"“{account}” may use the admin, and its password is the first that anybody would try.",
            hint=f"Run `manage.py changepassword {account}`, or deactivate the account in the admin.",
            id="accounts.W001",
        )
        for account in accounts
        if any(check_password(guess, account.password) for guess in _likely_passwords(account.username))
    ]
    if left_out := powerful.count() - len(accounts):
        sentence = f"Accounts that may use the admin, and whose password was not checked: {left_out}."
        messages.append(
            Info(sentence, hint=f"This check looks at {MOST_ACCOUNTS}: a guess takes time.", id="accounts.I001")
        )
    return messages


def _likely_passwords(name: str) -> set[str]:
    return {name, name.lower(), *TRIED_FIRST}


def _find_demo_accounts(active: QuerySet[User]) -> list[CheckMessage]:
    return [
        Warning(
            f"“{account}” is a demo account. It cannot log in while DEBUG is off, but its lists are still analysed.",
            hint="Remove it with `manage.py remove_demo`, or deactivate it in the admin.",
            id="accounts.W002",
        )
        for account in active.filter(is_demo=True).order_by("pk").only("username")
    ]
