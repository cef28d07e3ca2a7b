"""The database fails under a running server: pages, health and the log name the cause, and no new file is made."""

import getpass
import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analysis.database_faults import DAMAGED, DISK_FULL, GONE
from stockapp.environment import BASE_DIR
from tests.processes import wait_for
from tests.web_server import SERVE, Web, web_server

pytestmark = pytest.mark.slow

TOKEN = "a-token-for-monitors"
WATCHED_SECONDS = 5


def health(server: Web) -> tuple[int, list[str]]:
    status, _, text = server.ask("/healthz", Authorization=f"Bearer {TOKEN}")
    return status, json.loads(text)["problems"]


def is_well(server: Web) -> bool:
    """Apart from the room on the disk, which these tests keep small."""
    return all("free on the disk" in problem for problem in health(server)[1])


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    disk = folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", disk], check=True)
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def fill(disk: Path) -> Path:
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return filler


def damage(file: Path, table: str) -> None:
    """Overwrite a table's first pages with noise, as a failing disk does, once SQLite's log has been written out."""
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = database.execute("PRAGMA page_size").fetchone()[0]
        pages = database.execute("SELECT rootpage FROM sqlite_master WHERE tbl_name = ?", [table]).fetchall()
    with file.open("r+b") as raw:
        for (page,) in pages:
            raw.seek((page - 1) * size)
            raw.write(b"noise! " * (size // 7))


def check_integrity(url: str, folder: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "DATABASE_URL": url, "DATA_DIR": str(folder)}
    command = [sys.executable, "manage.py", "check_integrity"]
    return subprocess.run(command, cwd=BASE_DIR, env=env, capture_output=True, text=True, check=False)


def test_a_damaged_page_is_named_until_a_backup_is_restored_and_checked(tmp_path: Path) -> None:
    file, backup = tmp_path / "s.sqlite3", tmp_path / "backup.sqlite3"
    url = f"sqlite:///{file}"
    with web_server(url, tmp_path, METRICS_TOKEN=TOKEN) as server:
        with closing(sqlite3.connect(file)) as database, closing(sqlite3.connect(backup)) as copy:
            database.backup(copy)
        damage(file, "django_session")
        status, _, page = server.ask("/")
        assert (status, DAMAGED.sentence in page) == (503, True)
        assert "What is stored is safe" not in page
        status, problems = health(server)
        assert (status, DAMAGED.sentence in problems[-1]) == (503, True)

        checked = check_integrity(url, tmp_path)
        assert checked.returncode == 1
        assert "Traceback" not in checked.stderr
        assert "restore a backup as docs/backup.md describes" in checked.stderr
        assert DAMAGED.sentence in health(server)[1][-1]

        for part in tmp_path.glob("s.sqlite3*"):
            part.unlink()
        backup.rename(file)
        assert check_integrity(url, tmp_path).stdout.endswith("All is well.\n")
        assert server.status("/") == 302
        assert health(server)[1] == ["No worker is running."]


def test_a_file_without_a_header_is_named_by_the_check(tmp_path: Path) -> None:
    file = tmp_path / "s.sqlite3"
    file.write_bytes(b"no database " * 1000)
    checked = check_integrity(f"sqlite:///{file}", tmp_path)
    assert (checked.returncode, "Traceback" in checked.stderr) == (1, False)
    assert "restore a backup as docs/backup.md describes" in checked.stderr


def test_a_file_that_is_gone_is_not_made_anew_and_all_is_well_once_it_is_back(tmp_path: Path) -> None:
    file, log = tmp_path / "s.sqlite3", tmp_path / "log"
    with web_server(f"sqlite:///{file}", tmp_path, SERVE, log=log, METRICS_TOKEN=TOKEN) as server:
        wait_for(lambda: is_well(server))
        with closing(sqlite3.connect(file)) as database, closing(sqlite3.connect(tmp_path / "backup")) as copy:
            database.backup(copy)
        for part in tmp_path.glob("s.sqlite3*"):
            part.unlink()
        wait_for(lambda: health(server) == (503, [str(GONE)]))
        status, _, page = server.ask("/")
        assert (status, GONE.sentence in page, "What is stored is safe" in page) == (503, True, False)
        wait_for(lambda: f"analysis.supervisor: {GONE.sentence}" in log.read_text())
        assert not file.exists()
        (tmp_path / "backup").rename(file)
        wait_for(lambda: is_well(server))


@pytest.mark.skipif(
    sys.platform != "linux" or getpass.getuser() != "root", reason="only root on Linux can mount a small disk"
)
def test_a_full_disk_is_named_and_logged_seldom_and_all_is_well_once_there_is_room(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with small_disk(tmp_path) as disk:
        url = f"sqlite:///{disk}/s.sqlite3"
        with web_server(url, tmp_path, SERVE, log=log, METRICS_TOKEN=TOKEN) as server:
            wait_for(lambda: is_well(server))
            assert any("MB are free on the disk" in problem for problem in health(server)[1])
            start_long_job(url, tmp_path)
            filler = fill(disk)
            wait_for(lambda: health(server) == (503, [str(DISK_FULL)]))
            wait_for(lambda: DISK_FULL.sentence in log_in(server))  # SQLite's log may still have room for a row
            ends = time.monotonic() + WATCHED_SECONDS
            while time.monotonic() < ends:  # the log of this time is what is looked at
                assert health(server) == (503, [str(DISK_FULL)])
            said = r"^\S+Z \w+ (\S+): The disk of the database is full"
            loggers = re.findall(said, log.read_text(), re.MULTILINE)
            assert Counter(loggers) == {"analysis.supervisor": 1, "stockapp.health": 1}
            filler.unlink()
            wait_for(lambda: is_well(server))


def log_in(server: Web) -> str:
    """Send the login form with a wrong password, which is written down; return what the server answers."""
    cookie = server.ask("/login/")[1]["Set-Cookie"].partition(";")[0]
    form = f"username=ann&password=x&csrfmiddlewaretoken={cookie.partition('=')[2]}"
    headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded", "Host": "localhost"}
    return server.ask("/login/", "POST", form, **headers, Referer="https://localhost/login/")[2]


def start_long_job(url: str, folder: Path) -> None:
    """A backfill of the demo market over three years, which writes all the time."""
    today = datetime.now(tz=UTC).date()
    since, until = str(today - timedelta(days=1000)), str(today - timedelta(days=5))
    env = {**os.environ, "DATABASE_URL": url, "DATA_DIR": str(folder)}
    for command in (["load_demo"], ["backfill", "--from", since, "--to", until]):
        subprocess.run([sys.executable, "manage.py", *command], cwd=BASE_DIR, env=env, check=True, capture_output=True)
