"""Sessions: an engine with an idle time and a maximum age.

The row of a session is updated at most once an hour, so that most requests cost one query. The class has to be called
SessionStore: Django uses its name as the salt of the session data.
"""

import logging
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import DatabaseError
from django.utils import timezone

from analysis.database_faults import BUSY, find_fault
from analysis.db import brief_transaction

logger = logging.getLogger(__name__)

BEGAN = "_began"
RENEWED_AFTER = timedelta(hours=1)


class SessionStore(db.SessionStore):
    """A session that ends SESSION_IDLE_DAYS after its last use, and SESSION_MAX_DAYS after its start at the latest."""

    _loaded: dict[str, Any] | None = None

    def load(self) -> dict[str, Any]:
        """Return the data of the session, and mark it to be saved if its end has moved by an hour or more."""
        row = self._get_session_from_db()  # type: ignore[attr-defined]
        if row is None:
            return {}
        data: dict[str, Any] = self.decode(row.session_data)
        self._loaded = deepcopy(data)
        if abs(timezone.now() + _time_left(data.get(BEGAN)) - row.expire_date) >= RENEWED_AFTER:
            self.modified = True
        return data

    def save(self, must_create: bool = False) -> None:
        """Save the session. Raise the database's own error if it fails: Django's says that the session was deleted.

        If only the session's end would move, a busy database is no error: a later request moves the end.
        """
        if must_create or self._session != self._loaded:  # type: ignore[attr-defined]
            self._save(must_create)
            return
        try:
            with brief_transaction():
                self._save()
        except DatabaseError as error:
            if find_fault(error) is not BUSY:
                raise
            logger.info("The end of a session is not moved: the database is busy.")

    def _save(self, must_create: bool = False) -> None:
        try:
            super().save(must_create)
        except UpdateError as error:
            if isinstance(error.__context__, DatabaseError) and find_fault(error.__context__):
                raise error.__context__ from error.__context__.__cause__
            raise

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        data.setdefault(BEGAN, timezone.now().timestamp())
        return super().create_model_instance(data)

    def get_session_cookie_age(self) -> int:
        """Return the seconds that are left; Django uses them for the row and for the cookie."""
        return int(_time_left(self.get(BEGAN)).total_seconds())


def _time_left(began: float | None) -> timedelta:
    idle, longest = timedelta(days=settings.SESSION_IDLE_DAYS), timedelta(days=settings.SESSION_MAX_DAYS)
    now = timezone.now()
    ends = (datetime.fromtimestamp(began, UTC) if began else now) + longest
    return max(min(idle, ends - now), timedelta())
