"""`manage.py serve`: an address that cannot be used is one sentence, before anything starts."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from stockapp.environment import BASE_DIR
from tests.processes import PATIENCE, environment, free_port


def test_what_is_no_address_with_a_port_is_refused(
    subtests: pytest.Subtests, capsys: pytest.CaptureFixture[str]
) -> None:
    without_port = (
        "x",
        "",
        ":8000",
        "127.0.0.1:",
        "[::1]",
        "::1:8000",
        "http://127.0.0.1:8000",
        "unix:/tmp/socket",
        "ä:80",
    )
    of_no_port = ("127.0.0.1:99999", "127.0.0.1:0", "127.0.0.1:http", "127.0.0.1:80 80", "127.0.0.1:٨٠")
    for bind in (*without_port, *of_no_port):
        with subtests.test(bind):
            with pytest.raises(
                CommandError, match="is no address with a port from 1 to 65535: write it like"
            ) as rejection:
                call_command("serve", "--bind", bind)
            assert rejection.value.returncode == 2
    assert capsys.readouterr() == ("", "")


def test_an_address_that_is_taken_or_of_another_machine_is_refused(subtests: pytest.Subtests) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for bind, sentence in (
            (f"127.0.0.1:{port}", f"Cannot listen on 127.0.0.1, port {port}: Address already in use."),
            (f"192.0.2.1:{port}", f"Cannot listen on 192.0.2.1, port {port}: Cannot assign requested address."),
            (f"nowhere.invalid:{port}", f"Cannot listen on nowhere.invalid, port {port}: "),
            (f"{'x' * 70}.invalid:{port}", f"Cannot listen on {'x' * 70}.invalid, port {port}: "),
        ):
            with subtests.test(bind):
                with pytest.raises(CommandError) as rejection:
                    call_command("serve", "--bind", bind)
                assert str(rejection.value).startswith(sentence)
                assert rejection.value.returncode == 2


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_it_says_that_it_serves_once_the_port_is_open(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "manage.py", "serve", "--bind", f"127.0.0.1:{port}"]
    env = environment(tmp_path)
    with subprocess.Popen(command, cwd=BASE_DIR, env=env, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == f"Serving on http://127.0.0.1:{port}/ — Ctrl-C stops it.\n"
            with socket.create_connection(("127.0.0.1", port), timeout=5):
                pass
            second = subprocess.run(command, cwd=BASE_DIR, env=env, capture_output=True, text=True, check=False)
            assert (second.returncode, second.stdout) == (2, "")
            assert second.stderr == f"CommandError: Cannot listen on 127.0.0.1, port {port}: Address already in use.\n"
        finally:
            process.terminate()
            process.wait(PATIENCE)
