"""Other users of the machine read nothing of an installation, from real processes."""

import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from stockapp.environment import BASE_DIR
from stockapp.management.commands.install_assets import _run as run_as_public
from stockapp.private_files import make_private, open_to_others
from tests.processes import free_port, wait_for

ALLOW_ORM_IN_EVENT_LOOP = "DJANGO_ALLOW_ASYNC_UNSAFE"  # set for the browser's tests, which this process may have run
RUNUSER = shutil.which("runuser", path="/usr/sbin:/sbin:/usr/bin:/bin")
CAN_BE_NOBODY = os.geteuid() == 0 and RUNUSER is not None


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that everybody may enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="private-files-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "public").write_text("for all")
        (folder / "public").chmod(0o644)
        assert is_readable_by_others(folder / "public"), "the test itself can see what is open"
        yield folder


def is_readable_by_others(path: Path) -> bool:
    """Whether the user `nobody` can read the file, or list the folder; by its bits where nobody can become another."""
    if CAN_BE_NOBODY:
        command = ["ls", str(path)] if path.is_dir() else ["cat", str(path)]
        asked = subprocess.run([str(RUNUSER), "-u", "nobody", "--", *command], capture_output=True, check=False)
        return asked.returncode == 0
    ways_in = all(folder.stat().st_mode & stat.S_IXOTH for folder in path.parents)
    return ways_in and bool(path.stat().st_mode & stat.S_IROTH)


def environment(data: Path, **more: str) -> dict[str, str]:
    given = {name: value for name, value in os.environ.items() if name != ALLOW_ORM_IN_EVENT_LOOP}
    return {
        **given,
        "DATA_DIR": str(data),
        "DATABASE_URL": "",
        "DJANGO_SETTINGS_MODULE": "stockapp.settings",
        **more,
    }


def manage(data: Path, *args: str, **more: str) -> subprocess.CompletedProcess[str]:
    """`manage.py` with the umask that a login shell has."""
    return subprocess.run(
        [sys.executable, "manage.py", *args],
        cwd=BASE_DIR,
        env=environment(data, **more),
        umask=0o022,
        capture_output=True,
        text=True,
        check=False,
    )


@contextmanager
def serving(data: Path) -> Iterator[None]:
    """The web server and a worker, until both have written to the database."""
    command = [sys.executable, "manage.py", "serve", "--bind", f"127.0.0.1:{free_port()}"]
    with subprocess.Popen(command, cwd=BASE_DIR, env=environment(data), umask=0o022) as process:
        try:
            wait_for(lambda: _workers(data / "stockapp.sqlite3"))
            yield
        finally:
            process.terminate()


def _workers(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        return int(connection.execute("SELECT count(*) FROM analysis_worker").fetchone()[0])


@pytest.mark.slow
def test_a_new_installation_is_closed_and_its_files_stay_closed_in_an_open_folder(place: Path) -> None:
    data = place / "deep" / "data"
    assert manage(data, "migrate", "--verbosity", "0").returncode == 0
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert not is_readable_by_others(data)
    for folder in (data, data.parent):
        folder.chmod(0o755)
    assert is_readable_by_others(data)
    assert not is_readable_by_others(data / "stockapp.sqlite3")
    backup = place / "backup.sqlite3"
    assert manage(data, "backup", str(backup)).returncode == 0
    assert not is_readable_by_others(backup)


@pytest.mark.slow
def test_the_database_of_an_installation_that_was_open_is_closed_when_it_starts(place: Path) -> None:
    data = place / "data"
    assert manage(data, "migrate", "--verbosity", "0").returncode == 0
    database = data / "stockapp.sqlite3"
    data.chmod(0o755)
    database.chmod(0o644)
    with closing(sqlite3.connect(database)) as before:  # its log is as open as the file that it belongs to
        before.execute("CREATE TABLE written (x)")
        log = data / "stockapp.sqlite3-wal"
        assert is_readable_by_others(database)
        assert is_readable_by_others(log)
        with serving(data):
            files = [path for path in data.rglob("*") if path.is_file()]
            assert {database, log, data / "stockapp.sqlite3-shm"} <= set(files)
            assert [path for path in files if is_readable_by_others(path)] == []


@pytest.mark.slow
def test_the_check_says_how_to_close_what_is_open_and_is_silent_then(place: Path) -> None:
    data, env_file = place / "data", place / "stock app.env"
    env_file.write_text("LOG_LEVEL=INFO\n")
    env_file.chmod(0o640)
    server = {"ENV_FILE": str(env_file), "DEBUG": "false"}
    closed = manage(data, "check", "--deploy", "--fail-level", "WARNING", **server)
    assert closed.returncode == 0, closed.stderr
    env_file.chmod(0o644)
    data.chmod(0o711)
    warned, refused = manage(data, "check", **server), manage(data, "check", "--deploy", **server)
    assert (warned.returncode, refused.returncode) == (0, 1)
    for said in (warned.stderr, refused.stderr):
        assert f"Every user of this machine can reach {data}, which is private." in said
        assert f"Every user of this machine can reach {env_file}, which is private." in said
    assert "can reach: 2." in refused.stderr
    for command in re.findall(r"Run: (chmod .+)$", warned.stderr, re.MULTILINE):
        subprocess.run(["sh", "-c", command], check=True)
    assert "can reach" not in manage(data, "check", "--deploy", **server).stderr
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o640


@pytest.mark.slow
def test_the_check_never_says_to_close_a_device_or_a_folder_of_all_users(place: Path) -> None:
    device = manage(place / "data", "check", "--deploy", "--fail-level", "WARNING", ENV_FILE="/dev/null", DEBUG="false")
    assert device.returncode == 0, device.stderr
    shared = place / "like tmp"
    shared.mkdir()
    shared.chmod(0o1777)
    warned = manage(shared, "check")
    assert f"Every user of this machine can reach {shared}, which is private." in warned.stderr
    assert f"set DATA_DIR to a folder of its own, such as {shared}/stockapp." in warned.stderr
    assert "chmod" not in warned.stderr
    assert manage(shared, "check", "--deploy", DEBUG="false").returncode == 1
    assert stat.S_IMODE(shared.stat().st_mode) == 0o1777


def test_only_regular_files_are_closed_or_reported(place: Path) -> None:
    pipe, env_file = place / "pipe", place / "env"
    for path in (pipe, env_file):
        os.mkfifo(path)
        path.chmod(0o666)
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(pipe)}
    before = os.umask(0o022)
    try:
        make_private(place, database)
    finally:
        os.umask(before)
    assert stat.S_IMODE(pipe.stat().st_mode) == 0o666
    assert open_to_others(place, database, env_file) == [place]
    assert open_to_others(place / "public", database, Path("/dev/null")) == []


@pytest.mark.slow
def test_make_writes_settings_that_others_cannot_read(place: Path) -> None:
    shutil.copy(BASE_DIR / "Makefile", place)
    (place / ".venv" / "bin").mkdir(parents=True)
    (place / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (place / "requirements.txt").touch()
    (place / ".venv" / "installed").touch()
    subprocess.run(["make", ".env"], cwd=place, umask=0o022, check=True, capture_output=True)
    assert "SECRET_KEY=" in (place / ".env").read_text()
    assert not is_readable_by_others(place / ".env")


@pytest.mark.parametrize(
    ("document", "command"),
    [("docs/deployment.md", r"^ +(\(umask 077; printf .* > \.env\))$"), (".env.example", r"`(install -m 600 .*)`")],
)
def test_a_documented_command_writes_settings_that_others_cannot_read(place: Path, document: str, command: str) -> None:
    found = re.search(command, (BASE_DIR / document).read_text(), re.MULTILINE)
    assert found
    shutil.copy(BASE_DIR / ".env.example", place)
    subprocess.run(["sh", "-c", found[1]], cwd=place, umask=0o022, check=True)
    assert "SECRET_KEY=" in (place / ".env").read_text()
    assert not is_readable_by_others(place / ".env")


def test_the_assets_that_root_brings_can_be_read_by_the_user_of_the_services(place: Path) -> None:
    before = os.umask(0o077)
    try:
        run_as_public([sys.executable, "-c", "import pathlib; pathlib.Path('asset.css').write_text('')"], place)
    finally:
        os.umask(before)
    assert is_readable_by_others(place / "asset.css")
