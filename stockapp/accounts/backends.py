"""Authentication: whether an account may log in with its password and use its sessions."""

from django.contrib.auth.backends import ModelBackend

from stockapp.accounts.models import User


class AccountBackend(ModelBackend):
    """Django's accounts and permissions, without demo accounts while DEBUG is off.

    Django checks at the login and again for every request of a session, so existing sessions of demo accounts end too.
    """

    def user_can_authenticate(self, user: User | None) -> bool:  # type: ignore[override]
        return user is not None and user.can_log_in
