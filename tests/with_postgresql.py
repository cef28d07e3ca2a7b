"""Run a command with DATABASE_URL at a throw-away PostgreSQL server: `with_postgresql.py COMMAND ARGUMENT…`."""

import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Self

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "unix_socket_directories": "",
}


class Server:
    """A PostgreSQL server of its own on a free port of 127.0.0.1 while the context lasts; `url` is its address."""

    def __enter__(self) -> Self:
        binaries = _binaries()
        self.folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
        # The server refuses to run as root, so it then runs as the user that its package brings.
        user = ["runuser", "-u", "postgres", "--"] if getpass.getuser() == "root" else []
        if user:
            shutil.chown(self.folder, "postgres", "postgres")
        data, port = str(self.folder / "data"), _free_port()
        self.url = f"postgresql://stockapp@127.0.0.1:{port}/postgres"
        self.control = [*user, str(binaries / "pg_ctl"), "--pgdata", data, "--wait"]
        self.options = " ".join([f"-p {port}", *(f"-c {name}={value!r}" for name, value in SETTINGS.items())])
        self._quietly([*user, str(binaries / "initdb"), "-D", data, "-U", "stockapp", "-A", "trust", "-E", "UTF8"])
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        stop = [*self.control, "--mode", "immediate", "stop"]
        subprocess.run(stop, cwd=self.folder, capture_output=True, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        self._quietly([*self.control, "--log", str(self.folder / "log"), "--options", self.options, "start"])

    def stop(self) -> None:
        self._quietly([*self.control, "--mode", "fast", "stop"])

    def _quietly(self, command: list[str]) -> None:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self.folder)


def main(command: list[str]) -> int:
    """Start the server, run the command, stop the server; the command's exit code is ours."""
    with Server() as server, subprocess.Popen(command, env={**os.environ, "DATABASE_URL": server.url}) as child:
        signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to the child too
        return child.wait()


def _binaries() -> Path:
    found = shutil.which("pg_ctl")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    if found:
        folders.insert(0, Path(found).resolve().parent)
    for folder in folders:
        if (folder / "initdb").exists():
            return folder
    sys.exit("PostgreSQL's server programs were not found: install the package postgresql.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
