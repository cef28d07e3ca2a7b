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

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "unix_socket_directories": "",
}


def main(command: list[str]) -> int:
    """Start the server, run the command, stop the server; the command's exit code is ours."""
    binaries = _binaries()
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    # The server refuses to run as root, so it then runs as the user that its package brings.
    user = ["runuser", "-u", "postgres", "--"] if getpass.getuser() == "root" else []
    if user:
        shutil.chown(folder, "postgres", "postgres")
    data, port = folder / "data", _free_port()
    control = [*user, str(binaries / "pg_ctl"), "--pgdata", str(data), "--wait"]
    initialise = [*user, str(binaries / "initdb"), "-D", str(data), "-U", "stockapp", "-A", "trust", "-E", "UTF8"]

    def quietly(command: list[str]) -> None:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder)

    try:
        quietly(initialise)
        options = " ".join(f"-c {name}={value!r}" for name, value in SETTINGS.items())
        quietly([*control, "--log", str(folder / "log"), "--options", f"-p {port} {options}", "start"])
        url = f"postgresql://stockapp@127.0.0.1:{port}/postgres"
        with subprocess.Popen(command, env={**os.environ, "DATABASE_URL": url}) as child:
            signal.signal(signal.SIGTERM, lambda *_: child.terminate())
            try:
                return child.wait()
            except KeyboardInterrupt:
                return child.wait()
            finally:
                quietly([*control, "--mode", "immediate", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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
