"""Leases: one set of promises, kept by every leased table."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from analysis.models import DetailStatus, JobDetail, StrategyRecord
from analysis.models.leases import LeasedQuerySet, LeasedRow
from analysis.tests.make import make_job, make_user
from stockapp.digest.models import Message, MessageStatus

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
HELD: dict[type[LeasedRow], dict[str, str]] = {
    JobDetail: {"status": DetailStatus.PROCESSING},
    StrategyRecord: {},
    Message: {"status": MessageStatus.SENDING},
}
FREE: dict[type[LeasedRow], dict[str, str]] = {
    JobDetail: {"status": DetailStatus.QUEUED},
    StrategyRecord: {},
    Message: {"status": MessageStatus.WAITING},
}


def make_detail() -> LeasedRow:
    return make_job("KAVERI.DEMO").details.get()


def make_record() -> LeasedRow:
    return StrategyRecord.objects.create(strategy="trend_following")


def make_message() -> LeasedRow:
    return Message.objects.create(user=make_user("ann"), recipient="ann@example.org", channel="email", subject="Hello")


def rows_of(row: LeasedRow) -> LeasedQuerySet[Any]:
    return LeasedQuerySet(type(row))


rows = pytest.mark.parametrize("make", [make_detail, make_record, make_message])


def test_every_leased_table_is_tested_here() -> None:
    assert set(LeasedRow.__subclasses__()) == set(HELD)


@rows
def test_a_row_is_free_until_it_is_leased_and_again_when_the_lease_has_expired(make: Callable[[], LeasedRow]) -> None:
    row, now, token = make(), timezone.now(), uuid.uuid4()
    table = rows_of(row)
    assert table.unleased(now).count() == 1
    assert table.unleased(now).lease(token, now + MINUTE, **HELD[type(row)]) == 1
    assert table.unleased(now).count() == 0
    assert table.held_by(token).get().fence == 1
    assert table.unleased(now + 2 * MINUTE).lease(uuid.uuid4(), now + 3 * MINUTE) == 1
    assert table.get().fence == 2


@rows
def test_a_holder_that_was_slower_than_its_lease_writes_nothing(make: Callable[[], LeasedRow]) -> None:
    row, now, late, new = make(), timezone.now(), uuid.uuid4(), uuid.uuid4()
    table = rows_of(row)
    table.lease(late, now - MINUTE, **HELD[type(row)])
    table.unleased(now).lease(new, now + MINUTE)
    assert table.renew(late, now + 2 * MINUTE) == 0
    assert table.held_by(late).end_lease(**FREE[type(row)]) == 0
    assert table.renew(new, now + 2 * MINUTE) == 1
    assert table.held_by(new).end_lease(**FREE[type(row)]) == 1
    assert not table.leased().exists()


@rows
def test_no_token_holds_nothing(make: Callable[[], LeasedRow]) -> None:
    assert not rows_of(make()).held_by(None).exists()


@rows
@pytest.mark.parametrize("half", [{"lease_token": uuid.uuid4()}, {"lease_until": timezone.now()}])
def test_the_database_refuses_half_a_lease(make: Callable[[], LeasedRow], half: dict[str, object]) -> None:
    table = rows_of(make())
    with pytest.raises(IntegrityError), transaction.atomic():
        table.update(**half)


@pytest.mark.parametrize("make", [make_detail, make_message])
def test_the_database_refuses_a_lease_in_another_status_and_the_status_without_a_lease(
    make: Callable[[], LeasedRow],
) -> None:
    row = make()
    table = rows_of(row)
    with pytest.raises(IntegrityError), transaction.atomic():
        table.lease(uuid.uuid4(), timezone.now() + MINUTE)
    with pytest.raises(IntegrityError), transaction.atomic():
        table.update(**HELD[type(row)])
