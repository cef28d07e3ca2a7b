"""`manage.py serve`: the web server and a worker together, for one machine."""

import os
import re
import signal
import socket
import subprocess
import sys
import time

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from analysis.process_signals import ProcessSignals
from stockapp.environment import LOOPBACK

STOP_SECONDS = 75
LOOK_SECONDS = 0.2
BIND = re.compile(r"([a-zA-Z0-9._-]+|\[[0-9a-fA-F:.]+\]):([0-9]{1,5})")


class Command(BaseCommand):
    help = "Run the web server and a worker until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--bind", default="127.0.0.1:8000", help="Address and port (default: %(default)s).")

    def handle(self, *args: object, bind: str, **options: object) -> None:
        host, port = _host_and_port(bind)
        if settings.DEBUG and host not in LOOPBACK:
            raise CommandError("While DEBUG is on it serves this machine alone: bind to 127.0.0.1.", returncode=2)
        _check_port_is_free(host, port)
        web_command = [sys.executable, "-m", "gunicorn", "stockapp.wsgi", "--bind", bind, "--threads", "8"]
        web_command += [
            "--no-control-socket",
            "--graceful-timeout",
            "5",
            "--log-level",
            "warning",
            "--worker-tmp-dir",
            str(settings.DATA_DIR),
        ]
        worker_command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "worker"]
        signals = ProcessSignals()
        # In sessions of their own, so that only this process gets Ctrl-C and stops them.
        processes = [
            subprocess.Popen(command, cwd=settings.BASE_DIR, start_new_session=True)  # noqa: S603
            for command in (worker_command, web_command)
        ]
        while not signals.is_stopping and all(process.poll() is None for process in processes):
            if _is_listening(host, port):
                self._write_sentence(f"Serving on http://{bind}/ — Ctrl-C stops it.")
                break
            signals.wait(LOOK_SECONDS)
        while not signals.is_stopping and all(process.poll() is None for process in processes):
            signals.wait()
        is_asked = signals.is_stopping
        self._write_sentence("Stopping; what is in hand is finished first. Ctrl-C again stops at once.")
        self._stop_processes(processes, signals)
        if not is_asked:
            raise CommandError("The web server or the worker ended by itself; what it said is above.")
        self._write_sentence("Stopped.")

    def _stop_processes(self, processes: list[subprocess.Popen[bytes]], signals: ProcessSignals) -> None:
        ends, is_hurried = time.monotonic() + STOP_SECONDS, False
        for process in processes:
            process.terminate()
        while running := [process for process in processes if process.poll() is None]:
            if signals.is_urgent and not is_hurried:
                is_hurried = True
                for process in running:
                    process.terminate()
            for process in running if time.monotonic() > ends else []:
                os.killpg(process.pid, signal.SIGKILL)
            signals.wait(1)

    def _write_sentence(self, sentence: str) -> None:
        self.stdout.write(sentence)
        self.stdout.flush()


def _host_and_port(bind: str) -> tuple[str, int]:
    """Return the two parts of an address like 127.0.0.1:8000 or [::1]:8000. Raise CommandError."""
    parts = BIND.fullmatch(bind)
    if parts is None or not 0 < int(parts[2]) < 2**16:
        raise CommandError(
            f"{bind!r} is no address with a port from 1 to 65535: write it like 127.0.0.1:8000 or [::1]:8000.",
            returncode=2,
        )
    return parts[1].strip("[]"), int(parts[2])


def _check_port_is_free(host: str, port: int) -> None:
    """Raise CommandError unless a server may listen there; gunicorn would try for seconds while the worker starts."""
    try:
        with socket.socket(_address_family(host)) as probe:
            # As gunicorn does: the connections of a server that has ended do not block the port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise CommandError(f"Cannot listen on {host}, port {port}: {error.strerror}.", returncode=2) from None


def _is_listening(host: str, port: int) -> bool:
    with socket.socket(_address_family(host)) as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


def _address_family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
