"""How long a process waits for the database follows from what it is for."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.db import connection

from stockapp.environment import BASE_DIR
from stockapp.process import COMMAND, COMMANDS, CREATION, LOOK, SUPERVISOR, UPKEEP, WEB, WORKER, find_patience
from tests.processes import environment


@pytest.mark.parametrize(
    ("arguments", "modules", "expected"),
    [
        (["/venv/bin/gunicorn", "stockapp.wsgi"], ["stockapp.wsgi"], WEB),
        (["/venv/lib/gunicorn/__main__.py", "stockapp.wsgi"], ["stockapp.wsgi"], WEB),
        (["uwsgi"], ["stockapp.wsgi"], WEB),
        (["manage.py", "runserver", "8001"], [], WEB),
        (["./manage.py", "worker"], [], SUPERVISOR),
        (["/srv/manage.py", "cluster", "8", "6"], [], WORKER),
        (["manage.py", "check", "--deploy"], [], LOOK),
        (["manage.py", "analyze", "TCS.NS"], [], COMMAND),
        (["manage.py", "check_integrity", "--fix"], [], UPKEEP),
        (["manage.py", "migrate"], [], CREATION),
        (["manage.py"], [], COMMAND),
    ],
)
def test_a_process_is_known_by_its_program_or_its_command(
    arguments: list[str], modules: list[str], expected: object
) -> None:
    assert find_patience(arguments, modules) == expected


def test_only_migrations_and_other_programs_create_a_database() -> None:
    assert {name for name, patience in COMMANDS.items() if patience.creates_file} == {"migrate", "test"}
    assert not COMMAND.creates_file
    assert find_patience(["/venv/bin/pytest"], []).creates_file
    assert find_patience([], []).creates_file


def test_the_commands_that_are_named_exist() -> None:
    assert set(COMMANDS) <= set(get_commands())


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("command", "seconds"), [("shell", 30), ("dbshell", 600)])
def test_the_connection_of_a_command_waits_as_long_as_its_kind(tmp_path: Path, command: str, seconds: int) -> None:
    question = "PRAGMA busy_timeout" if connection.vendor == "sqlite" else "SHOW lock_timeout"
    program = (
        "import sys, django; sys.argv = ['manage.py', sys.argv[1]]; django.setup(); "
        "from django.db import connection; cursor = connection.cursor(); "
        f"cursor.execute('{question}'); print(cursor.fetchone()[0])"
    )
    env = environment(tmp_path, DJANGO_SETTINGS_MODULE="stockapp.settings")
    done = subprocess.run(
        [sys.executable, "-c", program, command], cwd=BASE_DIR, env=env, capture_output=True, text=True, check=True
    )
    minutes = f"{seconds // 60}min" if seconds >= 60 else f"{seconds}s"
    assert done.stdout.strip() == (str(seconds * 1000) if connection.vendor == "sqlite" else minutes)


@pytest.mark.slow
def test_a_command_does_not_create_a_database_that_is_missing(tmp_path: Path) -> None:
    env = {**os.environ, "DATA_DIR": str(tmp_path), "DATABASE_URL": ""}
    done = subprocess.run(
        [sys.executable, "manage.py", "jobs"], cwd=BASE_DIR, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith(
        "The database cannot be used: unable to open database file. The database file is missing"
    )
    assert not list(tmp_path.glob("*.sqlite3*"))
