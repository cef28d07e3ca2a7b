"""The demo account: its password is known to everybody, so it works only while DEBUG is on and reads no lists."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from analysis.models import Job
from analysis.tests.make import PASSWORD, make_user
from stockapp.accounts.models import User
from stockapp.tests.api_world import call, key_of, program
from watchlist.models import Screen, Watchlist

pytestmark = pytest.mark.django_db


@pytest.fixture
def demo(settings: Settings) -> User:
    """The user that `make run` makes; DEBUG is on until a test switches it off."""
    settings.DEBUG = True
    call_command("load_demo", user="demo", verbosity=0)
    return User.objects.get(username="demo")


def log_in(client: Client, address: str = "login") -> int:
    return client.post(reverse(address), {"username": "demo", "password": "demo"}).status_code


def test_the_demo_account_logs_in_while_debug_is_on(demo: User, client: Client) -> None:
    assert log_in(client) == 302
    assert client.get(reverse("accounts:account")).status_code == 200
    assert client.get(reverse("admin:index")).status_code == 200


@pytest.mark.parametrize("address", ["login", "admin:login"])
def test_without_debug_it_logs_in_nowhere(demo: User, client: Client, settings: Settings, address: str) -> None:
    settings.DEBUG = False
    assert log_in(client, address) != 302
    assert client.get(reverse("accounts:account")).status_code == 302
    assert client.get(reverse("admin:index")).status_code == 302


def test_without_debug_its_session_ends_for_pages_the_admin_and_the_api(
    demo: User, client: Client, settings: Settings
) -> None:
    log_in(client)
    pages = ("accounts:account", "analysis:jobs", "admin:index")
    assert [client.get(reverse(page)).status_code for page in pages] == [200, 200, 200]
    assert client.get(reverse("api:list_jobs")).status_code == 200
    settings.DEBUG = False
    assert [client.get(reverse(page)).status_code for page in pages] == [302, 302, 302]
    assert client.get(reverse("api:list_jobs")).status_code == 401


def test_without_debug_its_tokens_are_refused(demo: User, settings: Settings) -> None:
    asks = program(key_of(demo))
    assert call(asks, "get", reverse("api:list_jobs")).status_code == 200
    settings.DEBUG = False
    assert call(asks, "get", reverse("api:list_jobs")).status_code == 401
    jobs = Job.objects.count()
    assert call(asks, "post", reverse("api:analyze_all_stocks"), {"symbols": ["KAVERI.DEMO"]}).status_code == 401
    assert Job.objects.count() == jobs


def test_others_log_in_without_debug_as_before(client: Client, settings: Settings) -> None:
    settings.DEBUG = False
    make_user("ann")
    assert client.post(reverse("login"), {"username": "ann", "password": PASSWORD}).status_code == 302
    assert client.get(reverse("accounts:account")).status_code == 200


def test_in_the_admin_it_sees_the_analysis_and_nothing_that_belongs_to_users(demo: User, client: Client) -> None:
    ann = make_user("ann")
    Watchlist.objects.create(owner=ann, name="Ann's secret list")
    Screen.objects.create(owner=ann, name="Ann's secret screen", query="verdict=buy")
    log_in(client)
    seen = set()
    for model in admin.site._registry:
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        answer = client.get(address)
        if answer.status_code == 200:
            seen.add(model._meta.app_label)
            assert "secret" not in answer.text
        assert client.get(f"{address}add/").status_code == 403
    assert seen == {"analysis"}


def test_loading_the_demo_again_takes_back_what_earlier_versions_let_it_read(demo: User) -> None:
    lists = Permission.objects.get(codename="view_watchlist")
    demo.user_permissions.add(lists)
    call_command("load_demo", user="demo", verbosity=0)
    assert not User.objects.get(pk=demo.pk).has_perm("watchlist.view_watchlist")


def test_loading_the_demo_leaves_a_real_user_of_that_name_alone(settings: Settings) -> None:
    settings.DEBUG = True
    real = make_user("demo", is_staff=True)
    real.user_permissions.add(Permission.objects.get(codename="view_watchlist"))
    call_command("load_demo", user="demo", verbosity=0)
    real = User.objects.get(pk=real.pk)
    assert not real.is_demo
    assert real.has_perm("watchlist.view_watchlist")


def test_the_migration_marks_the_accounts_that_load_demo_made_and_no_other() -> None:
    looks = Permission.objects.filter(
        codename__startswith="view_", content_type__app_label__in=["analysis", "watchlist"]
    )
    made = User.objects.create_user("try", password="try", is_staff=True)
    other_password = make_user("tom", is_staff=True)
    for user in (made, other_password):
        user.user_permissions.set(looks)
    root = User.objects.create_user("root", password="root", is_staff=True, is_superuser=True)
    plain = User.objects.create_user("ann", password="ann")
    migration = import_module("stockapp.accounts.migrations.0005_demo_accounts")
    migration.mark_demo_accounts(apps, None)
    assert set(User.objects.filter(is_demo=True)) == {made}
    assert not User.objects.get(pk=made.pk).has_perm("watchlist.view_watchlist")
    assert User.objects.get(pk=made.pk).has_perm("analysis.view_job")
    assert not any(User.objects.get(pk=user.pk).is_demo for user in (other_password, root, plain))
