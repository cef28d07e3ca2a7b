"""Authentication: who may use an account by its password, and by a session that the password has begun."""

from django.contrib.auth.backends import ModelBackend

from stockapp.accounts.models import User


class AccountBackend(ModelBackend):
    """Django's accounts and permissions, without demo accounts while DEBUG is off.

    Django asks at the login and again for every request of a session, so a session of such an account ends too.
    """

    def user_can_authenticate(self, user: User | None) -> bool:  # type: ignore[override]
        return user is not None and user.can_log_in
