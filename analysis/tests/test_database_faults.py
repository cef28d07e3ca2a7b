"""The fault of the database is found from its error, and an error with another cause has none."""

import psycopg
import pytest
from django.db import DatabaseError, OperationalError, connection, transaction

from analysis.database_faults import BUSY, NO_ANSWER, NO_ENTRY, NOT_MIGRATED, Fault, find_fault
from tests.processes import database_url

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("SELECT 1 FROM nowhere", NOT_MIGRATED),
        ("SELECT missing FROM analysis_stock", NOT_MIGRATED),
        ("INSERT INTO analysis_stock (missing) VALUES (1)", NOT_MIGRATED),
        ("UPDATE analysis_stock SET missing = 1", NOT_MIGRATED),
        ("SELECT FROM WHERE", None),
        ("SELECT no_such_function(1)", None),
    ],
)
def test_a_statement_that_the_database_does_not_understand_is_not_silence(statement: str, fault: Fault | None) -> None:
    with pytest.raises(DatabaseError) as found, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert find_fault(found.value) is fault


@pytest.mark.skipif(connection.vendor != "postgresql", reason="A file of SQLite has neither users nor a name to refuse")
@pytest.mark.parametrize(("part", "another"), [("//stockapp@", "//nobody@"), ("/test_", "/nowhere_")])
def test_a_server_that_refuses_the_application_does_answer(part: str, another: str) -> None:
    with pytest.raises(psycopg.OperationalError) as rejection:
        psycopg.connect(database_url().replace(part, another))
    error = OperationalError(*rejection.value.args)
    error.__cause__ = rejection.value
    assert find_fault(error) is NO_ENTRY


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        ("connection failed: FATAL:  sorry, too many clients already", BUSY),
        ('connection failed: FATAL:  password authentication failed for user "stockapp"', NO_ENTRY),
        ("connection failed: Connection refused", NO_ANSWER),
    ],
)
def test_a_connection_that_failed_is_named_by_its_message(message: str, fault: Fault) -> None:
    assert find_fault(OperationalError(message)) is fault
