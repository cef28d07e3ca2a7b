"""What the tests of the API share: two users with rows of their own, and programs that call with a token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.test import Client

from analysis.models import Job
from analysis.tests.make import make_finished_job, make_job
from stockapp.accounts.models import ApiToken, TokenScope, User
from stockapp.accounts.tokens import create_token
from watchlist.models import Watchlist, WatchlistItem


@dataclass(frozen=True)
class World:
    """Ann's rows; the stocks' results are everybody's."""

    ann: User
    bob: User
    done: Job
    running: Job
    banks: Watchlist
    second: Watchlist

    @property
    def places(self) -> dict[str, str]:
        """What stands in an address."""
        return {
            "job": str(self.done.pk),
            "running": str(self.running.pk),
            "list": str(self.banks.pk),
            "second_list": str(self.second.pk),
            "ticker": "KAVERI.DEMO",
            "day": str(self.done.details.get(stock="KAVERI.DEMO").day),
        }


def make_world() -> World:
    ann, bob = (User.objects.create(username=name) for name in ("ann", "bob"))
    done = make_finished_job("KAVERI.DEMO", "VANQUAY.DEMO", requested_by=ann)
    banks = Watchlist.objects.create(owner=ann, name="Banks of Ann")
    WatchlistItem.objects.create(watchlist=banks, stock_id="KAVERI.DEMO")
    second = Watchlist.objects.create(owner=ann, name="Second of Ann")
    return World(ann, bob, done, make_job("MERUVANTA.DEMO", requested_by=ann), banks, second)


def key_of(user: User, scope: TokenScope = TokenScope.SUBMIT, **fields: Any) -> str:
    """The key of a new token of this user."""
    name = f"Token {ApiToken.objects.count()}"
    return create_token(ApiToken(user=user, name=name, scope=scope, **fields))


def program(key: str = "") -> Client:
    """A program that sends this key, or none."""
    return Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {key}"} if key else {})


def call(client: Client, method: str, address: str, body: Any = None) -> Any:
    """The response to a request with a JSON body, if any."""
    data = {} if body is None else {"data": body, "content_type": "application/json"}
    return getattr(client, method)(address, **data)
