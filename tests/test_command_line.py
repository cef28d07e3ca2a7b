"""The command line in a pipe, from real processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from analysis.models import Job
from stockapp.environment import BASE_DIR
from tests.processes import environment


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_reader_that_has_left_ends_a_command_silently(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for arguments in (
        ["strategies"],
        ["strategies", "--json"],
        ["jobs"],
        ["help"],
        ["check_integrity"],
        ["jobs", "--nonsense"],
    ):
        readable, writable = os.pipe()
        os.close(readable)
        is_error = "--nonsense" in arguments
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=BASE_DIR,
            env=environment(tmp_path),
            stdout=subprocess.DEVNULL if is_error else writable,
            stderr=writable if is_error else subprocess.PIPE,
            text=True,
            check=False,
        )
        os.close(writable)
        with subtests.test(" ".join(arguments)):
            assert done.stderr in ("", None)
            assert done.returncode in ((2, 141) if is_error else (141,))


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_an_interrupted_wait_is_one_line_that_names_the_job(tmp_path: Path) -> None:
    command = [sys.executable, "manage.py", "analyze", "KAVERI.DEMO", "--wait"]
    with subprocess.Popen(
        command, cwd=BASE_DIR, env=environment(tmp_path), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stderr
        assert "No worker is running" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        told = process.stderr.read().splitlines()
    job = Job.objects.get()
    assert process.returncode == 130
    assert told == [
        f"CommandError: Interrupted. The job is not ended by that; `manage.py cancel_job {job.pk}` ends it."
    ]
    assert job.is_active
