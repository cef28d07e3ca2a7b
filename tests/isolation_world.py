"""The world that the test of isolation walks: Ann's rows, what stands in addresses, and who asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from analysis import clock
from analysis.models import Ending, Job, JobDetail, Stock
from analysis.tests.make import make_finished_job, make_job, make_user
from stockapp.accounts.models import ApiToken, User
from stockapp.digest.compose import confirmation_address, unsubscribe_address
from stockapp.digest.models import Channel, Message, Subscription
from stockapp.digest.subscriptions import subscribe
from watchlist import changes
from watchlist.models import ListChange, Screen, Watchlist, WatchlistItem

SECRET = "Annaspera"
"""A word in everything that is Ann's alone: names, notes, descriptions, addresses, her own name."""


@dataclass(frozen=True)
class Address:
    """An address of the application: how it is called in the code, its route, and what stands in the route."""

    key: str
    route: str
    name: str
    arguments: tuple[str, ...]

    def path(self, places: dict[str, Any]) -> str:
        """The address of Ann's thing; `pk` is that of what the route names before it."""
        before = self.route.partition("<int:pk>")[0].partition("<uuid:pk>")[0].strip("/").rpartition("/")[2]
        given = {name: places[before if name == "pk" else name] for name in self.arguments}
        return reverse(self.name, kwargs=given) if self.name else "/" + self.route.format(**places)


def addresses() -> Iterator[Address]:
    """Every address of the URL configuration, included ones too."""
    yield from _walk(get_resolver(), "", (), ())


def _walk(resolver: URLResolver, route: str, spaces: tuple[str, ...], arguments: tuple[str, ...]) -> Iterator[Address]:
    for entry in resolver.url_patterns:
        here = route + str(entry.pattern)
        names = (*arguments, *entry.pattern.regex.groupindex)
        if isinstance(entry, URLPattern):
            name = ":".join([*spaces, entry.name]) if entry.name else ""
            fixed = entry.default_args.keys()
            yield Address(name or here, here, name, tuple(each for each in names if each not in fixed))
        else:
            own = (entry.namespace,) if entry.namespace else ()
            yield from _walk(entry, here, spaces + own, names)


@dataclass(frozen=True)
class World:
    people: dict[str, User]
    places: dict[str, Any]

    @property
    def ann(self) -> User:
        return self.people["owner"]

    def session(self, person: str) -> str:
        """The session of a browser that this person has logged in with; empty for nobody."""
        client = Client()
        if person in self.people:
            client.force_login(self.people[person])
        return client.cookies[settings.SESSION_COOKIE_NAME].value if person in self.people else ""

    def hers(self) -> dict[str, list[dict[str, Any]]]:
        """Every row that is Ann's, whole."""
        return {
            label: list(rows.order_by("pk").values())
            for label, rows in {
                "user": User.objects.filter(pk=self.ann.pk),
                "watchlists": Watchlist.objects.filter(owner=self.ann),
                "items": WatchlistItem.objects.filter(watchlist__owner=self.ann),
                "changes": ListChange.objects.filter(owner=self.ann),
                "screens": Screen.objects.filter(owner=self.ann),
                "tokens": ApiToken.objects.filter(user=self.ann),
                "subscription": Subscription.objects.filter(user=self.ann),
                "messages": Message.objects.filter(user=self.ann),
                "jobs": Job.objects.filter(requested_by=self.ann),
                "details": JobDetail.objects.filter(job__requested_by=self.ann),
            }.items()
        }


def make_world() -> World:
    """Ann with one of everything; Bob, a member of the staff without any permission, and a superuser with nothing."""
    ann = make_user(SECRET, email=f"{SECRET}@example.org", first_name=SECRET)
    people = {
        "owner": ann,
        "another": make_user("bob"),
        "staff": make_user("cat", is_staff=True),
        "superuser": make_user("dee", is_staff=True, is_superuser=True),
    }
    watchlist = Watchlist.objects.create(owner=ann, name=f"{SECRET} list")
    done = make_finished_job("KAVERI.DEMO", "VANQUAY.DEMO", requested_by=ann, description=watchlist.name)
    running = make_job("MERUVANTA.DEMO", requested_by=ann, description=watchlist.name)
    for position, stock in enumerate(Stock.objects.order_by("pk")):
        WatchlistItem.objects.create(watchlist=watchlist, stock=stock, note=f"{SECRET} note", position=position)
    second = Watchlist.objects.create(owner=ann, name=f"{SECRET} second list")
    change = changes.copy(watchlist, ["KAVERI.DEMO"], second)
    screen = Screen.objects.create(owner=ann, name=f"{SECRET} screen", query="verdict=buy")
    token = ApiToken.objects.create(user=ann, name=f"{SECRET} token", digest="0" * 64)
    subscription = subscribe(ann, email=ann.email, by_email=True, url=f"json://example.org/{SECRET}").subscription
    Ending.objects.create(job=done)
    Message.objects.create(user=ann, job=done, channel=Channel.URL, subject=f"{SECRET} digest", text=SECRET, html="")
    places = {
        "watchlists": watchlist.pk,
        "watchlist_id": watchlist.pk,
        "jobs": done.pk,
        "job_id": done.pk,
        "running": running.pk,
        "screens": screen.pk,
        "tokens": token.pk,
        "ticker": "KAVERI.DEMO",
        "day": str(done.details.get(stock="KAVERI.DEMO").day),
        "key": "rsi",
        "format": "csv",
        "token": unsubscribe_address(subscription).rstrip("/").rpartition("/")[2],
        "proof": confirmation_address(subscription).rstrip("/").rpartition("/")[2],
        "second_list": second.pk,
        "change": change.pk,
        "now": clock.now().isoformat(),
        "address": "nowhere",
        "url": "nowhere",
        "app_label": "analysis",
        "content_type_id": ContentType.objects.get_for_model(Watchlist).pk,
        "object_id": watchlist.pk,
        "id": ann.pk,
        "result": done.details.get(stock="KAVERI.DEMO").result_id,
    }
    return World(people, places)
