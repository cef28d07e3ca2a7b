"""`check --deploy` finds accounts with guessable passwords."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analysis.tests.make import make_user
from stockapp.accounts import checks
from stockapp.accounts.checks import accounts_cannot_be_guessed
from stockapp.accounts.models import User
from stockapp.environment import BASE_DIR

pytestmark = pytest.mark.django_db


def found() -> dict[str, str]:
    return {message.id or "": message.msg for message in accounts_cannot_be_guessed()}


def staff(name: str, password: str, **fields: Any) -> User:
    return User.objects.create_user(name, password=password, **{"is_staff": True, **fields})


def test_accounts_with_passwords_of_their_own_are_not_mentioned() -> None:
    make_user("ann", is_staff=True)
    make_user("root", is_staff=True, is_superuser=True)
    assert found() == {}


@pytest.mark.parametrize("password", ["Root", "root", "demo", "admin", "password"])
def test_staff_with_a_password_that_is_guessed_first_are_named(password: str) -> None:
    staff("Root", password, is_superuser=True)
    staff("cat", "of her own, and long")
    assert "“Root”" in found()["accounts.W001"]
    assert "cat" not in found()["accounts.W001"]


def test_a_superuser_who_is_not_staff_is_looked_at_too_and_one_who_is_not_active_is_not() -> None:
    staff("root", "root", is_staff=False, is_superuser=True)
    staff("gone", "gone", is_active=False)
    assert "“root”" in found()["accounts.W001"]
    assert "gone" not in found()["accounts.W001"]


def test_the_accounts_of_those_who_are_not_staff_are_left_alone() -> None:
    User.objects.create_user("ann", password="ann")
    assert found() == {}


def test_an_active_demo_account_is_named_until_it_is_deactivated() -> None:
    demo = staff("try", "something else", is_demo=True)
    assert "“try”" in found()["accounts.W002"]
    demo.is_active = False
    demo.save()
    assert found() == {}


def test_its_cost_is_bounded_and_it_says_which_accounts_were_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "MOST_ACCOUNTS", 2)
    for name in ("ann", "bob", "cat"):
        staff(name, "of their own, and long")
    with CaptureQueriesContext(connection) as asked:
        assert "not checked: 1." in found()["accounts.I001"]
    assert len(asked) <= 3


@pytest.mark.slow
def test_the_command_says_it_and_says_when_there_are_no_tables_to_look_at(tmp_path: Any) -> None:
    of_its_own = {"DJANGO_SETTINGS_MODULE": "stockapp.settings", "DATABASE_URL": "", "DATA_DIR": str(tmp_path)}
    environment = {**os.environ, "ENV_FILE": "", "DEBUG": "false", "ALLOWED_HOSTS": "example.org", **of_its_own}

    def manage(*words: str, **more: str) -> str:
        command = [sys.executable, "manage.py", *words]
        env = {**environment, **more}
        done = subprocess.run(command, env=env, cwd=BASE_DIR, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    assert "accounts.I002" in manage("check", "--deploy", DATABASE_URL="sqlite:///:memory:")
    manage("migrate", "--verbosity", "0")
    assert "accounts.I0" not in manage("check", "--deploy")
    manage("createcachetable")
    manage("load_demo", "--user", "demo", DEBUG="true")
    said = manage("check", "--deploy")
    assert "accounts.W001" in said
    assert "accounts.W002" in said
    assert "accounts.W0" not in manage("check")
