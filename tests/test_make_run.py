"""`make run` keeps the demo's data apart from an installation's, unless the person says where data are."""

import os
import subprocess
from pathlib import Path

import pytest

from stockapp.environment import BASE_DIR

PYTHON = """#!/bin/sh
echo "data=$DATA_DIR database=$DATABASE_URL $*"
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose Python only prints its arguments and its data folder."""
    (tmp_path / "Makefile").write_text((BASE_DIR / "Makefile").read_text())
    program = tmp_path / ".venv" / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.write_text(PYTHON)
    program.chmod(0o755)
    for name in ("requirements.txt", ".venv/installed", ".env"):
        (tmp_path / name).write_text("")
    return tmp_path


def run(checkout: Path, *arguments: str, **environment: str) -> list[str]:
    """The lines of `make run`."""
    chosen = {"DATA_DIR", "DATABASE_URL", "MAKEFLAGS"}
    inherited = {name: value for name, value in os.environ.items() if name not in chosen} | {"ENV_FILE": ".env"}
    command, env = ["make", "run", *arguments], {**inherited, **environment}
    done = subprocess.run(command, cwd=checkout, env=env, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def data_of(lines: list[str]) -> set[str]:
    """The folder and the database that the commands were given; every command must be given the same."""
    commands = [line.partition(" manage.py")[0] for line in lines if " manage.py " in line]
    assert len(commands) == 5
    return set(commands)


def test_its_data_have_a_folder_of_their_own_for_every_command(checkout: Path) -> None:
    lines = run(checkout)
    assert data_of(lines) == {"data=data/demo database="}
    assert any("DATA_DIR=data/demo" in line for line in lines)


@pytest.mark.parametrize("name", ["DATA_DIR", "DATABASE_URL"])
def test_a_place_that_the_person_chose_is_kept(checkout: Path, name: str) -> None:
    chosen = {"DATA_DIR": "data=mine database=", "DATABASE_URL": "data= database=mine"}[name]
    assert data_of(run(checkout, **{name: "mine"})) == {chosen}
    assert data_of(run(checkout, "DATA_DIR=mine")) == {"data=mine database="}
    (checkout / ".env").write_text(f"DEBUG=true\n{name}=mine\n")  # Django reads it from there
    assert data_of(run(checkout)) == {"data= database="}
    (checkout / ".env").write_text(f"DEBUG=true\n{name}=\n# {name}=mine\n")
    assert data_of(run(checkout)) == {"data=data/demo database="}


def test_only_load_demo_says_how_to_log_in_because_the_demo_may_have_been_removed(checkout: Path) -> None:
    assert not [line for line in run(checkout) if "Password" in line]


def test_data_of_earlier_versions_stay_where_they_are_and_it_says_how_to_open_them(checkout: Path) -> None:
    sentence = "DATA_DIR=data make run"
    assert not any(sentence in line for line in run(checkout))
    (checkout / "data").mkdir()
    database = checkout / "data" / "stockapp.sqlite3"
    database.write_bytes(b"a list" * 10_000)
    assert any(sentence in line for line in run(checkout))
    assert not any(sentence in line for line in run(checkout, DATA_DIR="data"))
    assert database.read_bytes() == b"a list" * 10_000


def test_settings_are_not_written_again_when_packages_are_installed_again(checkout: Path) -> None:
    (checkout / ".env").write_text("SECRET_KEY=mine\n")
    os.utime(checkout / ".env", (1, 1))
    run(checkout)
    assert (checkout / ".env").read_text() == "SECRET_KEY=mine\n"
