"""`manage.py serve`: the web server and a worker together, for one machine."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from analysis.signals import Signals

WEB_STOP_SECONDS = 10
WORKER_STOP_SECONDS = 75


class Command(BaseCommand):
    help = "Run the web server and a worker until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--bind", default="127.0.0.1:8000", help="Address and port (default: %(default)s).")

    def handle(self, *args: object, bind: str, **options: object) -> None:
        web_command = [sys.executable, "-m", "gunicorn", "stockapp.wsgi", "--bind", bind, "--threads", "8"]
        web_command += ["--graceful-timeout", "5", "--log-level", "warning", "--worker-tmp-dir", str(settings.DATA_DIR)]
        worker_command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "worker"]
        signals = Signals()
        with _running(worker_command, WORKER_STOP_SECONDS) as worker, _running(web_command, WEB_STOP_SECONDS) as web:
            self.stdout.write(f"Serving on http://{bind}/ — Ctrl-C stops it.")
            self.stdout.flush()
            while not signals.stopping and worker.poll() is None and web.poll() is None:
                signals.wait()
        if not signals.stopping:
            raise CommandError("The web server or the worker ended by itself; what it said is above.")
        self.stdout.write("Stopped.")


@contextmanager
def _running(command: list[str], stop_seconds: int) -> Iterator[subprocess.Popen[bytes]]:
    """The command as a process in a session of its own, so that Ctrl-C reaches it only through us."""
    process = subprocess.Popen(command, cwd=settings.BASE_DIR, start_new_session=True)  # noqa: S603
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(stop_seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
