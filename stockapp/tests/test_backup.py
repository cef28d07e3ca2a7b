"""Backup and restore: whole while others write, never half there, and of use."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from analysis.models import Job, Result
from analysis.tests.make import make_finished_job, make_user
from stockapp.backup import CannotBackUp, backup, pg_dump
from stockapp.environment import BASE_DIR
from tests.processes import database_url, wait_for

is_sqlite = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="is about SQLite's file")
is_postgresql = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="is about PostgreSQL")
pytestmark = pytest.mark.django_db(transaction=True)

WRITER = """
import sqlite3, sys
ours = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
ours.execute("PRAGMA journal_mode = WAL")
for n in range(10**9):
    ours.execute("BEGIN IMMEDIATE")
    ours.execute("INSERT INTO written VALUES (?, ?)", (n, "a" * 2000))
    ours.execute("INSERT INTO written VALUES (?, ?)", (n, "b" * 2000))
    ours.execute("COMMIT")
"""


def manage(url: str, folder: Path, *args: str) -> "subprocess.CompletedProcess[str]":
    env = {**os.environ, "DATABASE_URL": url, "DATA_DIR": str(folder)}
    command = [sys.executable, "manage.py", *args]
    return subprocess.run(command, cwd=BASE_DIR, env=env, capture_output=True, text=True, check=False)


@is_sqlite
def test_a_backup_is_whole_for_its_owner_alone_and_one_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    job = make_finished_job("KAVERI.DEMO")
    target = tmp_path / "copy.sqlite3"
    call_command("backup", str(target))
    assert f"Wrote {target}" in capsys.readouterr().out
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with closing(sqlite3.connect(target)) as copy:
        assert copy.execute("SELECT id, status FROM analysis_job").fetchall() == [(job.pk.hex, "completed")]
        assert copy.execute("SELECT count(*) FROM analysis_result").fetchone() == (1,)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith((".", "copy"))] == ["copy.sqlite3"]


@is_sqlite
@pytest.mark.slow
def test_a_backup_made_while_others_write_has_whole_transactions_only(tmp_path: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE written (n integer, text text)")
    target = tmp_path / "copy.sqlite3"
    count = "SELECT count(*), count(DISTINCT n) FROM written"

    def rows() -> int:
        with connection.cursor() as cursor:
            cursor.execute(count)
            return int(cursor.fetchone()[0])

    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(connection.settings_dict["NAME"])])
    try:
        wait_for(lambda: rows() > 100)
        for _ in range(5):
            before = rows()
            backup(target, force=True)
            with closing(sqlite3.connect(target)) as copy:
                copied, transactions = copy.execute(count).fetchone()
            assert copied == 2 * transactions
            assert before <= copied
            wait_for(lambda seen=copied: rows() > seen)  # type: ignore[misc]
        assert writer.poll() is None
    finally:
        writer.kill()
        writer.wait()
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE written")


@is_sqlite
def test_a_file_that_is_there_is_replaced_on_request_only(tmp_path: Path) -> None:
    target = tmp_path / "copy.sqlite3"
    call_command("backup", str(target))
    before = target.stat().st_ino
    with pytest.raises(CommandError, match="is there already; --force replaces it") as rejection:
        call_command("backup", str(target))
    assert rejection.value.returncode == 2
    assert target.stat().st_ino == before
    call_command("backup", str(target), "--force")
    assert target.stat().st_ino != before
    assert target.read_bytes().startswith(b"SQLite format 3")


@is_sqlite
def test_force_replaces_nothing_but_a_database(tmp_path: Path, subtests: pytest.Subtests) -> None:
    backup(tmp_path / "whole.sqlite3")
    (tmp_path / ".env").write_text("SECRET_KEY=precious")
    (tmp_path / "maintenance").touch()
    (tmp_path / "link").symlink_to("whole.sqlite3")
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "device").symlink_to("/dev/full")  # a link to it: the test may not cost the machine its own
    os.mkfifo(tmp_path / "pipe")
    before = sorted(tmp_path.iterdir())
    for target in (tmp_path / name for name in (".env", "maintenance", "link", "dangling", "device", "pipe")):
        with subtests.test(target=target.name):
            with pytest.raises(
                CommandError, match="is no SQLite database; --force replaces only such a file"
            ) as rejection:
                call_command("backup", str(target), "--force")
            assert rejection.value.returncode == 2
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / ".env").read_text() == "SECRET_KEY=precious"
    with pytest.raises(CannotBackUp, match="is there already"):
        backup(tmp_path / "dangling")


@is_sqlite
def test_a_file_of_the_database_is_no_target_under_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, subtests: pytest.Subtests
) -> None:
    """Among them those that are not there: a journal beside a database is played back into it."""
    source = Path(str(connection.settings_dict["NAME"]))
    make_user("ann")  # there is a log with rows in it
    assert source.with_name(f"{source.name}-wal").stat().st_size
    (tmp_path / "folder").symlink_to(source.parent)
    (tmp_path / "live.sqlite3").symlink_to(source)
    monkeypatch.chdir(source.parent)
    for ending in ("", "-wal", "-shm", "-journal"):
        file = source.with_name(source.name + ending)
        names = {"itself": file, "relative": Path(file.name), "folder": tmp_path / "folder" / file.name}
        names["dots"] = source.parent / ".." / source.parent.name / file.name
        if file.exists():
            names |= {"symlink": tmp_path / f"symlink{ending}", "hard link": tmp_path / f"hard{ending}"}
            names["symlink"].symlink_to(file)
            names["hard link"].hardlink_to(file)
        for kind, target in names.items():
            with subtests.test(file=file.name, kind=kind):
                before = file.stat().st_ino if file.exists() else None
                with pytest.raises(CommandError, match="is a file of the database itself") as rejection:
                    call_command("backup", str(target), "--force")
                assert rejection.value.returncode == 2
                assert (file.stat().st_ino if file.exists() else None) == before
        if file.exists():
            names["hard link"].unlink()
    monkeypatch.setitem(connection.settings_dict, "NAME", str(tmp_path / "live.sqlite3"))
    for target in (source, source.with_name(f"{source.name}-wal"), tmp_path / "live.sqlite3-journal"):
        with (
            subtests.test(database="is a link", target=str(target)),
            pytest.raises(CannotBackUp, match="database itself"),
        ):
            backup(target, force=True)


@is_sqlite
def test_a_log_beside_the_target_is_of_another_database_and_refused(tmp_path: Path, subtests: pytest.Subtests) -> None:
    """SQLite would play it back into the copy."""
    for ending in ("-wal", "-shm", "-journal"):
        target = tmp_path / f"copy{ending}.sqlite3"
        backup(target)
        Path(f"{target}{ending}").touch()
        with subtests.test(ending), pytest.raises(CannotBackUp, match=f"{ending} belongs to another database"):
            backup(target, force=True)


@is_sqlite
def test_what_cannot_be_written_is_a_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(CannotBackUp, match="There is no folder"):
        backup(tmp_path / "nowhere" / "copy.sqlite3")
    with pytest.raises(CannotBackUp, match="is a folder"):
        backup(tmp_path)
    for target in ("", ".", "..", "/"):
        with pytest.raises(CommandError, match="is a folder; name a file in it") as rejection:
            call_command("backup", target, "--force")
        assert rejection.value.returncode == 2
    for name in ("x" * 300, "x" * 250):
        with pytest.raises(CannotBackUp, match="cannot be written: File name too long"):
            backup(tmp_path / name)
    assert not list(tmp_path.glob(".*.part"))


@is_sqlite
def test_a_damaged_database_makes_no_backup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = tmp_path / "damaged.sqlite3"
    with closing(sqlite3.connect(damaged)) as made:
        made.execute("CREATE TABLE t (a text)")
        made.execute("CREATE INDEX i ON t (a)")
        made.executemany("INSERT INTO t VALUES (?)", [(f"{n:05}" * 40,) for n in range(2000)])
        made.commit()
    with damaged.open("r+b") as file:
        file.seek(4096 * 60)
        file.write(b"\xff" * 4096 * 4)
    monkeypatch.setitem(connection.settings_dict, "NAME", str(damaged))
    with pytest.raises(CannotBackUp, match="damaged"):
        backup(tmp_path / "copy.sqlite3")
    assert not (tmp_path / "copy.sqlite3").exists()
    assert not list(tmp_path.glob(".*.part"))


@is_sqlite
@pytest.mark.slow
def test_a_restored_backup_is_read_by_the_application_and_worked_on(tmp_path: Path) -> None:
    """The steps of docs/backup.md, in a new folder."""
    make_user("ann")
    job = make_finished_job("KAVERI.DEMO")
    backup(tmp_path / "copy.sqlite3")
    folder = tmp_path / "restored"
    folder.mkdir()
    shutil.copy(tmp_path / "copy.sqlite3", folder / "stockapp.sqlite3")
    url = f"sqlite:///{folder / 'stockapp.sqlite3'}"
    for args, said in (
        (("migrate", "--check"), ""),
        (("check_integrity",), "All is well."),
        (("jobs",), str(job.pk)),
        (("analyze", "B&D.DEMO", "--inline"), "1 of 1 stocks completed"),
    ):
        done = manage(url, folder, *args)
        assert done.returncode == 0, done.stderr
        assert said in done.stdout


def test_the_dump_command_names_the_database_and_no_password() -> None:
    database = {"HOST": "db.example.org", "PORT": 5433, "USER": "me", "PASSWORD": "hush", "NAME": "our stocks"}
    command = pg_dump(database, Path("/b/x.dump"))
    assert command == [
        "pg_dump", "--format=custom", "--file=/b/x.dump", "--host=db.example.org", "--port=5433", "--username=me",
        "--dbname=our stocks",
    ]  # fmt: skip


@is_postgresql
def test_for_postgresql_the_command_to_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        CommandError, match=r"back it up with: \(umask 077; pg_dump --format=custom --file=.* --dbname="
    ) as rejection:
        call_command("backup", str(tmp_path / "x.dump"))
    assert rejection.value.returncode == 2
    assert not list(tmp_path.glob("*.dump"))


@is_postgresql
@pytest.mark.slow
@pytest.mark.skipif(not (shutil.which("pg_dump") and shutil.which("pg_restore")), reason="needs pg_dump, pg_restore")
def test_a_dump_restored_into_another_database_is_read_by_the_application(tmp_path: Path) -> None:
    job = make_finished_job("KAVERI.DEMO")
    database = connection.settings_dict
    dump, restored = tmp_path / "x.dump", f"{database['NAME']}_restored"
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{restored}"')
    try:
        server = [f"--host={database['HOST']}", f"--port={database['PORT']}", f"--username={database['USER']}"]
        subprocess.run(pg_dump(database, dump), check=True)
        subprocess.run(
            ["pg_restore", "--exit-on-error", "--no-owner", *server, f"--dbname={restored}", str(dump)], check=True
        )
        url = database_url().removesuffix(database["NAME"]) + restored
        for args, said in ((("check_integrity",), "All is well."), (("jobs",), str(job.pk))):
            done = manage(url, tmp_path, *args)
            assert done.returncode == 0, done.stderr
            assert said in done.stdout
        assert (Job.objects.count(), Result.objects.count()) == (1, 1)
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{restored}" WITH (FORCE)')
