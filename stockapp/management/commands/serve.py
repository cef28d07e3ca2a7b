"""`manage.py serve`: the web server and a worker together, for one machine."""

import os
import signal
import subprocess
import sys
import time

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from analysis.process_signals import Signals
from stockapp.environment import LOOPBACK

STOP_SECONDS = 75


class Command(BaseCommand):
    help = "Run the web server and a worker until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--bind", default="127.0.0.1:8000", help="Address and port (default: %(default)s).")

    def handle(self, *args: object, bind: str, **options: object) -> None:
        if settings.DEBUG and bind.rpartition(":")[0].strip("[]") not in LOOPBACK:
            raise CommandError("While DEBUG is on it serves this machine alone: bind to 127.0.0.1.", returncode=2)
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
        signals = Signals()
        # In sessions of their own, so that Ctrl-C reaches them only through us.
        processes = [
            subprocess.Popen(command, cwd=settings.BASE_DIR, start_new_session=True)  # noqa: S603
            for command in (worker_command, web_command)
        ]
        self._say(f"Serving on http://{bind}/ — Ctrl-C stops it.")
        while not signals.stopping and all(process.poll() is None for process in processes):
            signals.wait()
        is_asked = signals.stopping
        self._say("Stopping; what is in hand is finished first. Ctrl-C again stops at once.")
        self._stop(processes, signals)
        if not is_asked:
            raise CommandError("The web server or the worker ended by itself; what it said is above.")
        self._say("Stopped.")

    def _stop(self, processes: list[subprocess.Popen[bytes]], signals: Signals) -> None:
        ends, is_hurried = time.monotonic() + STOP_SECONDS, False
        for process in processes:
            process.terminate()
        while running := [process for process in processes if process.poll() is None]:
            if signals.at_once and not is_hurried:
                is_hurried = True
                for process in running:
                    process.terminate()
            for process in running if time.monotonic() > ends else []:
                os.killpg(process.pid, signal.SIGKILL)
            signals.wait(1)

    def _say(self, sentence: str) -> None:
        self.stdout.write(sentence)
        self.stdout.flush()
