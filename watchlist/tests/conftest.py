from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from analysis.tests.make import make_user

if TYPE_CHECKING:
    from stockapp.accounts.models import User


@pytest.fixture
def ann(client: Client) -> User:
    """A user who is logged in."""
    user = make_user("ann")
    client.force_login(user)
    return user
