"""Reading: no page and no answer to a GET begins a transaction, so none of them waits for somebody who writes.

SQLite has one lock for all who write, and every transaction takes it.
"""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from tests.isolation_table import TABLE
from tests.isolation_world import addresses, make_world
from watchlist.models import Watchlist

pytestmark = pytest.mark.django_db

ADDRESSES = [address for address in addresses() if address.key in TABLE and TABLE[address.key].read]


def test_what_is_read_waits_for_nobody_who_writes(settings: Settings) -> None:
    settings.REQUESTS_PER_MINUTE_PER_USER = 100_000  # so that none is the request after which a count is shared
    world = make_world()
    Watchlist.objects.create(owner=world.people["superuser"], name="First")
    faults: list[str] = []
    for person in ("owner", "superuser"):
        client = Client(raise_request_exception=False)
        client.force_login(world.people[person])
        for address in ADDRESSES:
            name, _, value = TABLE[address.key].query.partition("=")
            query = {name: value.format(**world.places)} if name else {}
            with CaptureQueriesContext(connection) as asked:
                client.get(address.path(world.places), query)
            others = [one["sql"] for one in asked if not one["sql"].startswith(("SELECT", "EXPLAIN", "PRAGMA"))]
            faults += [f"{address.key} by {person}: {sql[:80]}" for sql in others[:1]]
    assert not faults, "\n".join(faults)
