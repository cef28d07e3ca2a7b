"""The database is gone for a while, in the middle of a job: nothing is lost and nothing done twice."""

import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection

from analysis.jobs.submit import submit
from analysis.models import Source
from stockapp.environment import BASE_DIR
from tests.faults.cluster import LEASE_SECONDS, TICKERS, assert_all_is_well, ended, worker
from tests.processes import wait_for
from tests.with_postgresql import Server

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]
LOCKED_SECONDS = 20
GONE_SECONDS = 10


@pytest.mark.skipif(connection.vendor != "sqlite", reason="a file can be locked, a server cannot")
def test_sqlite_is_held_by_somebody_else(tmp_path: Path) -> None:
    with worker(tmp_path):
        job = submit(TICKERS, source=Source.COMMAND).job
        other = sqlite3.connect(connection.settings_dict["NAME"], timeout=30, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        time.sleep(LOCKED_SECONDS)
        other.execute("COMMIT")
        other.close()
        wait_for(lambda: ended(job))
    assert_all_is_well(job)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs a server that can be stopped")
def test_postgresql_is_stopped_and_comes_back(tmp_path: Path) -> None:
    """With a server of its own, for others use the suite's."""
    with Server() as server:
        env = os.environ | {"DATABASE_URL": server.url, "DATA_DIR": str(tmp_path), "LEASE_SECONDS": str(LEASE_SECONDS)}

        def manage(*args: str) -> str:
            command = [sys.executable, "manage.py", *args]
            return subprocess.run(
                command, cwd=BASE_DIR, env=env, check=True, capture_output=True, text=True, timeout=60
            ).stdout

        def ask(question: str) -> list[tuple[Any, ...]]:
            with psycopg.connect(server.url) as database:
                return database.execute(question).fetchall()

        manage("migrate", "--verbosity", "0")
        manage("createcachetable")
        with subprocess.Popen([sys.executable, "manage.py", "worker"], cwd=BASE_DIR, env=env) as process:
            try:
                wait_for(lambda: ask("SELECT pid FROM analysis_worker"))
                manage("analyze", *TICKERS)
                server.stop()
                time.sleep(GONE_SECONDS)
                server.start()
                wait_for(lambda: ask("SELECT 1 FROM analysis_job WHERE status = 'completed'"))
            finally:
                process.terminate()
        counts = "SELECT status, count(*) FROM analysis_jobdetail GROUP BY status"
        assert ask(counts) == [("completed", len(TICKERS))]
        assert ask("SELECT count(*), count(DISTINCT stock_id) FROM analysis_result") == [(len(TICKERS), len(TICKERS))]
        assert ask("SELECT completed_count, failed_count FROM analysis_job") == [(len(TICKERS), 0)]
        assert ask("SELECT DISTINCT last_status FROM analysis_stock") == [("completed",)]
