"""Transient database errors: tried again, a few times; never hiding another error."""

import threading
import time
from dataclasses import replace

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from pytest_django import Settings

from analysis import db
from analysis.database_faults import DatabaseBusy
from analysis.db import brief_transaction, is_transient, transactional
from analysis.models import Stock

pytestmark = pytest.mark.django_db(transaction=True)


class Deadlock(Exception):
    sqlstate = "40P01"


class SyntaxFault(Exception):
    sqlstate = "42601"


class LockNotAvailable(Exception):
    sqlstate = "55P03"


class StatementTooLong(Exception):
    sqlstate = "57014"


def raised(message: str, cause: Exception | None = None) -> OperationalError:
    error = OperationalError(message)
    error.__cause__ = cause
    return error


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "FIRST_PAUSE", 0.001)


def test_a_locked_database_is_asked_again_and_nothing_is_written_twice() -> None:
    """Failures 11 and 13 of the old system: one lock broke the whole job."""
    tries = []

    @transactional
    def write() -> str:
        tries.append(1)
        Stock.objects.create(ticker="TCS.NS")
        if len(tries) < 3:
            raise raised("database is locked", Deadlock())
        return "done"

    assert write() == "done"
    assert (len(tries), Stock.objects.count()) == (3, 1)


def test_it_gives_up_when_its_patience_ends(settings: Settings) -> None:
    tries = []
    settings.PATIENCE = replace(settings.PATIENCE, repeat=0.05)

    @transactional
    def write() -> None:
        tries.append(1)
        raise raised("database is locked", Deadlock())

    with pytest.raises(OperationalError):
        write()
    assert len(tries) > 1


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite waits where a transaction begins, and only once")
def test_a_repeated_transaction_waits_for_locks_only_as_long_as_is_left(settings: Settings) -> None:
    settings.PATIENCE = replace(settings.PATIENCE, repeat=5, lock=30)
    limits = []

    @transactional
    def write() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT setting::int FROM pg_settings WHERE name = 'lock_timeout'")
            limits.append(cursor.fetchone()[0])
        if len(limits) == 1:
            raise raised("deadlock detected", Deadlock())

    write()
    assert limits[0] == 30_000
    assert limits[1] < 5_000


def test_what_can_be_left_undone_waits_only_a_moment_for_others() -> None:
    Stock.objects.create(ticker="TCS.NS")
    is_held, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Stock.objects.update(name="Held")
            is_held.set()
            may_end.wait(20)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    is_held.wait(20)
    began = time.monotonic()
    with pytest.raises(OperationalError), brief_transaction():
        Stock.objects.update(name="Left undone")
    waited = time.monotonic() - began
    may_end.set()
    holder.join()
    assert waited < 5
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout" if connection.vendor == "sqlite" else "SHOW lock_timeout")
        assert cursor.fetchone()[0] in (30_000, "30s")
    with brief_transaction():
        Stock.objects.update(name="Done")
    assert Stock.objects.get().name == "Done"


def test_a_constraint_error_comes_through_at_once() -> None:
    tries = []

    @transactional
    def write() -> None:
        tries.append(1)
        Stock.objects.create(ticker="")

    with pytest.raises(IntegrityError):
        write()
    assert tries == [1]


def test_what_is_transient() -> None:
    assert is_transient(raised("deadlock detected", Deadlock()))
    assert is_transient(raised("canceling statement due to lock timeout", LockNotAvailable()))
    assert is_transient(raised("canceling statement due to statement timeout", StatementTooLong()))
    assert not is_transient(DatabaseBusy("No place is free."))
    assert not is_transient(raised("syntax error", SyntaxFault()))
    assert not is_transient(IntegrityError("UNIQUE constraint failed"))
    assert not is_transient(ValueError("database is locked"))
    if connection.vendor == "sqlite":
        assert is_transient(raised("database is locked"))
        assert not is_transient(raised("no such table: stock"))


def test_writers_at_once_never_meet_a_locked_database() -> None:
    """Failure 13 of the old system: transactions that read before they write, by four writers at once, all succeed."""
    errors: list[Exception] = []

    def write(name: str) -> None:
        try:
            for n in range(40):
                with transaction.atomic():
                    Stock.objects.count()
                    Stock.objects.create(ticker=f"{name}{n}.NS")
        except Exception as error:  # noqa: BLE001 - the assertion below shows it
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(name,)) for name in "ABCD"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert Stock.objects.count() == 160
