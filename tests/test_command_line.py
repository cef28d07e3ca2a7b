"""The command line in a pipe, from real processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

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
