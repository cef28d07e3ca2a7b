"""The digest's pages: its card on the account page, its settings, the way out; owner, another user, nobody."""

import re
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import Permission
from django.core import mail, signing
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from analysis.tests.make import make_user
from stockapp.digest.compose import unsubscribe_address
from stockapp.digest.models import Channel, Message, MessageStatus, Subscription
from stockapp.digest.outbox import deliver
from stockapp.digest.subscriptions import subscribe, subscription_of
from stockapp.tests.test_digest_outbox import changed, watcher

pytestmark = pytest.mark.django_db

SECRET = "s3cr3t-t0ken-123456"
SETTINGS = reverse("digest:settings")


@pytest.fixture(autouse=True)
def mail_is_sent(settings: Settings) -> None:
    settings.SENDS_EMAIL = True


def test_the_account_page_offers_the_digest_and_it_is_off_at_first(client: Client) -> None:
    ann = make_user("ann")
    client.force_login(ann)
    text = client.get(reverse("accounts:account")).text
    assert "Save digest" in text
    assert "the latest scheduled runs found no change" in text
    assert not Subscription.objects.exists()


def test_the_digest_is_switched_on_and_off(client: Client) -> None:
    ann = make_user("ann")
    client.force_login(ann)
    url = "json://93.184.215.14/hook"
    answer = client.post(SETTINGS, {"by_url": "on", "url": url}, follow=True)
    assert answer.redirect_chain == [(reverse("accounts:account"), 302)]
    assert "Saved. You get the digest." in answer.text
    assert Subscription.objects.get().channels == [Channel.URL]
    answer = client.post(SETTINGS, {"email": "ann@example.org"}, follow=True)
    assert "Saved. You get no digest." in answer.text
    assert not Subscription.objects.get().is_on


def test_an_address_is_kept_hidden_and_forgotten(client: Client) -> None:
    client.force_login(make_user("ann"))
    url = f"json://ann:{SECRET}@93.184.215.14/{SECRET}"
    assert client.post(SETTINGS, {"by_url": "on", "url": url}).status_code == 302
    assert Subscription.objects.get().url == url
    text = client.get(reverse("accounts:account")).text
    assert SECRET not in text
    assert "93.184.215.14" in text
    assert client.post(SETTINGS, {"by_url": "on", "url": ""}).status_code == 302
    assert Subscription.objects.get().url == url
    assert client.post(SETTINGS, {"url": ""}).status_code == 302
    assert Subscription.objects.get().url == ""


def test_a_stored_address_that_can_no_longer_be_used_says_why_and_is_escaped(client: Client) -> None:
    """As one of before that had a parameter which is not allowed."""
    ann = make_user("ann")
    Subscription.objects.create(user=ann, by_url=True, url="discord://12345678/abcdefgh?<b>=/etc/passwd")
    client.force_login(ann)
    text = client.get(SETTINGS).text
    assert "Now discord://…, to which nothing can be sent: The parameter “&lt;b&gt;” of Discord cannot be used" in text
    assert "Give another address." in text


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"by_email": "on", "email": ""}, "Give the address that the e-mail is to go to."),
        ({"by_email": "on", "email": "nonsense"}, "Enter a valid email address."),
        ({"by_url": "on", "url": ""}, "Give the address of the service."),
        ({"by_url": "on", "url": "nonsense"}, "This is no address of a service."),
        ({"by_url": "on", "url": "json://127.0.0.1/"}, "is inside this network"),
        ({"by_url": "on", "url": "syslog://"}, "syslog:// cannot be used here."),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(client: Client, given: dict[str, str], sentence: str) -> None:
    client.force_login(make_user("ann"))
    answer = client.post(SETTINGS, given)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert not Subscription.objects.exists()


def test_without_a_mail_server_the_page_says_so(client: Client, settings: Settings) -> None:
    settings.SENDS_EMAIL = False
    client.force_login(make_user("ann"))
    sentence = "This installation sends no e-mail: EMAIL_URL is not set."
    assert sentence in client.get(SETTINGS).text
    assert client.post(SETTINGS, {"by_email": "on", "email": "ann@example.org"}).status_code == 422


def test_the_preview_is_the_owners_and_shows_what_would_be_sent(client: Client) -> None:
    changed()
    ann, bob = watcher("ann", "TCS.NS"), make_user("bob")
    assert client.get(SETTINGS).status_code == 302  # nobody
    client.force_login(bob)
    assert "Neutral → Buy" not in client.get(SETTINGS).text
    client.force_login(ann)
    assert "Neutral → Buy" in client.get(SETTINGS).text
    assert "Neutral → Buy" in client.get(reverse("accounts:account")).text
    assert not Message.objects.exists()


def test_the_last_messages_are_the_owners_with_their_errors(client: Client) -> None:
    job = changed()
    ann, bob = watcher("ann", "TCS.NS"), make_user("bob")
    Message.objects.create(
        user=ann, job=job, channel=Channel.URL, subject="NSE: 1 verdict changed", text="", html="",
        status=MessageStatus.FAILED, error_message="The service did not take the message.",
    )  # fmt: skip
    client.force_login(ann)
    assert "The service did not take the message." in client.get(SETTINGS).text
    client.force_login(bob)
    assert "The service did not take the message." not in client.get(SETTINGS).text


def test_one_user_cannot_change_the_digest_of_another(client: Client) -> None:
    ann, bob = make_user("ann"), make_user("bob")
    subscribe(ann, email="ann@example.org", by_email=True, url="")
    assert client.post(SETTINGS, {"email": "nobody@example.org"}).status_code == 302
    client.force_login(bob)
    client.post(SETTINGS, {"email": "bob@example.org", "user": str(ann.pk)})
    ann.refresh_from_db()
    assert (ann.email, ann.digest.by_email) == ("ann@example.org", True)


def test_a_link_of_an_earlier_subscription_ends_nothing_and_says_so(client: Client) -> None:
    """Otherwise an old message could end every later subscription."""
    ann = make_user("ann")
    url = "json://93.184.215.14/hook"
    old = urlsplit(unsubscribe_address(subscribe(ann, email="", by_email=False, url=url).subscription)).path
    assert "You will get no further message." in client.post(old).text
    assert "You will get no further message." in client.post(old).text  # twice is no harm
    new = urlsplit(unsubscribe_address(subscribe(ann, email="", by_email=False, url=url).subscription)).path
    for verb in (client.get, client.post):
        answer = verb(old)
        assert answer.status_code == 410
        assert "This link is of an earlier subscription" in answer.text
    assert Subscription.objects.get().is_on
    subscribe(ann, email="", by_email=False, url="json://93.184.215.14/other")  # changed, not ended
    assert client.post(new).status_code == 200
    assert not Subscription.objects.get().is_on


def test_a_link_of_before_serials_ends_the_subscription_of_that_time_alone(client: Client) -> None:
    ann = make_user("ann")
    old = reverse("digest:unsubscribe", args=[signing.dumps(ann.pk, salt="digest.unsubscribe")])
    subscribe(ann, email="", by_email=False, url="json://93.184.215.14/hook")
    assert client.post(old).status_code == 200
    assert not Subscription.objects.get().is_on
    subscribe(ann, email="", by_email=False, url="json://93.184.215.14/hook")
    assert client.post(old).status_code == 410
    assert Subscription.objects.get().is_on


def test_the_link_in_a_message_asks_first_and_then_ends_the_digest_without_login(settings: Settings) -> None:
    changed()
    ann, bob = watcher("ann", "TCS.NS"), watcher("bob")
    deliver()
    link = re.search(r"Unsubscribe: http://127\.0\.0\.1:8000(\S+)", str(mail.outbox[0].body))
    assert link
    client = Client(enforce_csrf_checks=True)
    for verb in (client.get, client.head):
        assert verb(link[1]).status_code == 200
    assert Subscription.objects.get(user=ann).is_on
    assert "Unsubscribe from the digest?" in client.get(link[1]).text
    answer = client.post(link[1], {"List-Unsubscribe": "One-Click"})  # as a mail program does it, without a cookie
    assert answer.status_code == 200
    assert "You will get no further message." in answer.text
    assert not Subscription.objects.get(user=ann).is_on
    assert Subscription.objects.get(user=bob).is_on
    assert client.post(link[1]).status_code == 200  # twice is no harm


@pytest.mark.parametrize("token", ["nonsense", "MQ:1abcde:forged", "1"])
def test_a_forged_link_ends_nothing(client: Client, token: str) -> None:
    ann = make_user("ann")
    subscribe(ann, email="ann@example.org", by_email=True, url="")
    whole = unsubscribe_address(subscription_of(ann)).rstrip("/").rpartition("/")[2]
    for bad in (token, whole[:-1], f"X{whole}"):
        answer = client.post(reverse("digest:unsubscribe", args=[bad]))
        assert answer.status_code == 404
        assert "This link does not work" in answer.text
    assert Subscription.objects.get().is_on


def test_the_admin_shows_messages_and_never_an_address(client: Client) -> None:
    job = changed()
    ann = watcher("ann", "TCS.NS", url=f"json://ann:{SECRET}@93.184.215.14/")
    message = Message.objects.create(
        user=ann, job=job, channel=Channel.URL, subject="NSE: 1 verdict changed", text="Body", html="",
        status=MessageStatus.FAILED, error_message="The service did not take the message.",
    )  # fmt: skip
    pages = [
        reverse("admin:digest_message_changelist"),
        reverse("admin:digest_message_change", args=[message.pk]),
        reverse("admin:digest_subscription_changelist"),
        reverse("admin:digest_subscription_change", args=[ann.pk]),
    ]
    for page in pages:
        assert client.get(page).status_code == 302
    client.force_login(ann)
    for page in pages:
        assert client.get(page).status_code == 302
    staff = make_user("cat", is_staff=True)
    client.force_login(staff)
    for page in pages:
        assert client.get(page).status_code == 403
    staff.user_permissions.set(Permission.objects.filter(content_type__app_label="digest"))
    texts = [client.get(page).text for page in pages]
    assert "The service did not take the message." in texts[0]
    assert not [text for text in texts if SECRET in text]
