"""Confirmation: an address gets the digest after its owner has confirmed it, and confirmation messages are limited."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import urlsplit

import pytest
import time_machine
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from analysis.jobs.end import record_end
from analysis.models import Stock
from analysis.tests.make import make_user
from analysis.tests.together import together
from stockapp.accounts.models import User
from stockapp.digest.compose import confirmation_address
from stockapp.digest.models import Channel, Message, MessageStatus, Subscription
from stockapp.digest.outbox import claim, deliver, send
from stockapp.digest.subscriptions import repeat_confirmation, subscribe, subscription_of, unsubscribe
from stockapp.digest.withdrawal import reason_to_withdraw
from stockapp.tests.test_digest_changes import DAYS, found, scheduled
from stockapp.tests.test_digest_outbox import changed
from tests.receivers import mailbox
from watchlist.models import Watchlist

pytestmark = pytest.mark.django_db

SETTINGS, AGAIN = reverse("digest:settings"), reverse("digest:send_confirmation")
NOW = datetime(2026, 1, 26, 9, 0, tzinfo=UTC)
ADDRESS = "ann@example.org"


@pytest.fixture(autouse=True)
def mail_is_sent(settings: Settings) -> None:
    settings.SENDS_EMAIL = True
    settings.SITE_URL = "https://stocks.example.org"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as travelled:
        yield travelled


@pytest.fixture
def ann(client: Client) -> User:
    """Logged in, with a stock of which something changed, and e-mail wanted but not confirmed."""
    changed()
    ann = make_user("ann")
    Watchlist.objects.create(owner=ann, name="Mine").items.create(stock_id="TCS.NS")
    client.force_login(ann)
    client.post(SETTINGS, {"by_email": "on", "email": ADDRESS})
    return ann


def sent(to: str = ADDRESS) -> list[EmailMultiAlternatives]:
    return [message for message in mail.outbox if message.to == [to]]  # type: ignore[misc]


def link_in(message: EmailMultiAlternatives) -> str:
    found = re.search(r"https://stocks\.example\.org(/digest/confirm/\S+)", str(message.body))
    assert found
    return found[1]


def test_nothing_but_a_request_to_confirm_goes_to_an_address_before_its_owner_agreed(ann: User, client: Client) -> None:
    assert deliver() == 1
    (asked,) = sent()
    assert asked.subject == "Confirm your e-mail address for the stock digest"
    assert "The user “ann” of https://stocks.example.org wants the stock digest at this address." in asked.body
    assert "TCS.NS" not in str(asked.body) + str(asked.alternatives)
    assert deliver() == 0
    assert not Message.objects.exclude(job__isnull=True).exists()


def test_the_page_says_that_it_waits_and_the_link_starts_the_digest(ann: User, client: Client) -> None:
    text = client.get(reverse("accounts:account")).text
    assert "Confirm the e-mail address: open the link in the message to ann@example.org." in text
    assert "Waiting for confirmation." in text
    assert "The message with the link is waiting to be sent." in text
    assert "Send again" not in text
    deliver()
    text = client.get(SETTINGS).text
    assert re.search(r"The message with the link was sent <time[^>]*>just now</time>\.", text)
    assert "Send again" in text
    link = link_in(sent()[0])
    anybody = Client(enforce_csrf_checks=True)  # the link is opened on a phone that is not logged in
    for verb in (anybody.get, anybody.head):
        assert verb(link).status_code == 200
    assert subscription_of(ann).is_unconfirmed  # a mail scanner that opens links confirms nothing
    assert anybody.post(link).status_code == 403
    token = anybody.cookies["csrftoken"].value
    answer = anybody.post(link, {"csrfmiddlewaretoken": token})
    assert "Address confirmed" in answer.text
    assert subscription_of(ann).channels == [Channel.EMAIL]
    assert "Waiting for confirmation." not in client.get(SETTINGS).text
    assert "Address confirmed" in anybody.get(link).text
    job = scheduled(DAYS[2])
    found(job, Stock.objects.get(pk="TCS.NS"), DAYS[2], "neutral")
    record_end(job)
    deliver()
    assert [message.subject for message in sent()[1:]] == ["NSE after 2026-01-21: 1 verdict changed"]


def test_a_confirmed_address_stays_so_until_it_changes(ann: User, client: Client) -> None:
    client.post(urlsplit(confirmation_address(subscription_of(ann))).path)
    assert not subscription_of(ann).is_unconfirmed
    client.post(SETTINGS, {"email": ADDRESS})  # off
    client.post(SETTINGS, {"by_email": "on", "email": ADDRESS})  # and on
    assert not subscription_of(ann).is_unconfirmed
    client.post(SETTINGS, {"by_email": "on", "email": "other@example.org"})
    assert subscription_of(ann).channels == []
    deliver()
    assert len(sent("other@example.org")) == 1
    User.objects.update(email="third@example.org")  # by another way, as in the admin
    assert subscription_of(ann).is_unconfirmed


def test_a_request_is_withdrawn_when_the_address_changes_before_it_is_sent(ann: User, client: Client) -> None:
    client.post(SETTINGS, {"by_email": "on", "email": "other@example.org"})
    assert deliver() == 1
    assert (len(sent()), len(sent("other@example.org"))) == (0, 1)
    assert Message.objects.get(recipient=ADDRESS).status == MessageStatus.WITHDRAWN


@pytest.mark.parametrize("end", ["another address", "unsubscribed", "unsubscribed and on again", "off"])
def test_a_link_that_is_out_of_date_confirms_nothing(ann: User, client: Client, end: str) -> None:
    link = urlsplit(confirmation_address(subscription_of(ann))).path
    if end == "another address":
        client.post(SETTINGS, {"by_email": "on", "email": "other@example.org"})
    elif end == "off":
        client.post(SETTINGS, {"email": ADDRESS})
    else:
        unsubscribe(ann.pk)
    if end == "unsubscribed and on again":
        client.post(SETTINGS, {"by_email": "on", "email": ADDRESS})
    for verb in (client.get, client.post):
        answer = verb(link)
        assert answer.status_code == 410
        assert "This link is out of date" in answer.text
    assert subscription_of(ann).channels == []


def test_an_address_whose_owner_unsubscribed_is_asked_again_before_it_gets_another(ann: User, client: Client) -> None:
    client.post(urlsplit(confirmation_address(subscription_of(ann))).path)
    unsubscribe(ann.pk)
    client.post(SETTINGS, {"by_email": "on", "email": ADDRESS})
    assert subscription_of(ann).is_unconfirmed


def test_a_link_works_for_three_days(clock: time_machine.Traveller, ann: User, client: Client) -> None:
    link = urlsplit(confirmation_address(subscription_of(ann))).path
    clock.shift(timedelta(days=3, seconds=1))
    answer = client.post(link)
    assert answer.status_code == 410
    assert "This link has expired" in answer.text
    clock.move_to(NOW + timedelta(days=2, hours=23))
    assert client.post(link).status_code == 200


@pytest.mark.parametrize("change", ["cut", "forged", "other"])
def test_a_forged_link_confirms_nothing(ann: User, client: Client, change: str) -> None:
    link = urlsplit(confirmation_address(subscription_of(ann))).path
    whole = link.rstrip("/").rpartition("/")[2]
    bad = {"cut": whole[:-1], "forged": f"X{whole}", "other": "nonsense"}[change]
    answer = client.post(reverse("digest:confirm", args=[bad]))
    assert answer.status_code == 404
    assert "This link does not work" in answer.text
    assert subscription_of(ann).is_unconfirmed


def test_nobody_is_flooded_with_requests_to_confirm(clock: time_machine.Traveller, ann: User, client: Client) -> None:
    """Three an hour and six a day, from one user to any address, and to one address from any user."""
    for _ in range(5):
        answer = client.post(AGAIN, follow=True)
    assert "Too many confirmation messages to this address or from this account." in answer.text
    assert "You can request one in 60 minutes." in answer.text
    assert deliver() == 3
    answer = client.post(SETTINGS, {"by_email": "on", "email": "stranger@example.org"}, follow=True)
    assert "Saved. The e-mail address waits for confirmation. Too many" in answer.text
    assert deliver() == 0
    bob = make_user("bob")
    assert "Too many" in subscribe(bob, email=ADDRESS.upper(), by_email=True, url="").refusal
    clock.shift(timedelta(minutes=61))
    for _ in range(4):
        client.post(AGAIN)
    assert deliver() == 3
    clock.shift(timedelta(minutes=61))
    assert "You can request one in 22 hours." in client.post(AGAIN, follow=True).text
    assert deliver() == 0
    clock.shift(timedelta(days=1))
    client.post(AGAIN)
    assert deliver() == 1
    assert {message.to[0] for message in mail.outbox} == {ADDRESS, "stranger@example.org"}


def save(client: Client, email: str, *, by_email: bool = True) -> str:
    return client.post(SETTINGS, {"by_email": "on", "email": email} if by_email else {"email": email}, follow=True).text


def withdrawals() -> dict[str, str]:
    """The sentence of each withdrawn confirmation message, by its recipient."""
    withdrawn = Message.objects.confirmations().filter(status=MessageStatus.WITHDRAWN)
    return dict(withdrawn.values_list("recipient", "error_message"))


ADDRESS_CHANGED = "The e-mail address changed before this message was sent."
SWITCHED_OFF = "The digest was switched off before this message was sent."


def test_addresses_corrected_before_anything_was_sent_use_up_no_limit(ann: User, client: Client) -> None:
    for number in range(2, 9):
        text = save(client, f"b{number}@example.org")
        assert "Confirm the e-mail address: open the link in the message to" in text
        assert "Too many" not in text
    assert set(withdrawals().values()) == {ADDRESS_CHANGED}
    assert "E-mail to b7@example.org" in text
    assert deliver() == 1
    assert [message.to for message in mail.outbox] == [["b8@example.org"]]


def test_an_address_changed_while_its_message_is_in_hand_uses_up_no_limit_once_it_is_withdrawn(
    ann: User, client: Client
) -> None:
    for number in range(2, 6):
        message = claim()
        assert message is not None
        save(client, f"b{number}@example.org")
        assert send(iter([message])) == 0
    assert withdrawals()[ADDRESS] == ADDRESS_CHANGED
    assert deliver() == 1
    assert len(sent("b5@example.org")) == 1


def test_a_message_that_was_tried_before_it_was_withdrawn_counts(settings: Settings, ann: User, client: Client) -> None:
    """It may have arrived: the receiver's answer could have been lost."""
    for number in range(2, 5):
        Message.objects.filter(status=MessageStatus.WAITING).update(attempts=1)
        text = save(client, f"b{number}@example.org")
    assert "Saved. The e-mail address waits for confirmation. Too many confirmation messages" in text
    assert "No message has been sent to b4@example.org yet." in text
    assert "You can request one in 60 minutes." in text


def test_messages_withdrawn_before_they_were_sent_leave_a_bounded_number_of_rows(ann: User, client: Client) -> None:
    for number in range(30):
        save(client, f"b{number}@example.org")
    assert Message.objects.confirmations().count() <= 5
    assert Message.objects.confirmations().exclude(status=MessageStatus.WITHDRAWN).count() == 1


def test_the_page_says_that_nothing_was_sent_yet_and_when_a_message_can_be_requested(
    clock: time_machine.Traveller, ann: User, client: Client
) -> None:
    for number in (2, 3):
        deliver()
        save(client, f"b{number}@example.org")
    deliver()
    clock.shift(timedelta(minutes=20, seconds=30))
    text = save(client, "b4@example.org")
    assert "Saved. The e-mail address waits for confirmation. Too many confirmation messages" in text
    assert "No message has been sent to b4@example.org yet." in text
    assert text.count("You can request one in 40 minutes.") == 2  # in the answer and on the card
    assert "Send " not in text
    clock.shift(timedelta(minutes=39, seconds=30))
    text = client.get(SETTINGS).text
    assert "No message has been sent to b4@example.org yet." in text
    assert "You can request" not in text
    assert "Send message" in text
    client.post(AGAIN)
    assert "The message with the link is waiting to be sent." in client.get(SETTINGS).text
    assert deliver() == 1
    assert len(sent("b4@example.org")) == 1


def test_saving_again_writes_the_message_that_a_limit_had_refused(
    clock: time_machine.Traveller, ann: User, client: Client
) -> None:
    for number in (2, 3, 4):
        deliver()
        save(client, f"b{number}@example.org")
    assert deliver() == 0
    clock.shift(timedelta(minutes=60))
    assert "Too many" not in save(client, "b4@example.org")
    assert deliver() == 1
    save(client, "b4@example.org")
    assert deliver() == 0


def test_an_address_changed_back_gets_one_message_with_a_link_that_works(ann: User, client: Client) -> None:
    save(client, "other@example.org")
    save(client, ADDRESS)
    assert deliver() == 1
    (asked,) = sent()
    assert Client().post(link_in(asked)).status_code == 200
    assert subscription_of(ann).channels == [Channel.EMAIL]


@pytest.mark.parametrize("way", ["form", "link"])
def test_a_digest_switched_off_and_on_again_sends_one_message_with_a_link_that_works(
    ann: User, client: Client, way: str
) -> None:
    if way == "form":
        save(client, ADDRESS, by_email=False)
    else:
        unsubscribe(ann.pk)
    assert withdrawals() == {ADDRESS: SWITCHED_OFF}
    save(client, ADDRESS)
    assert deliver() == 1
    assert Client().post(link_in(sent()[0])).status_code == 200


def test_a_message_in_hand_while_the_digest_is_switched_off_and_on_is_not_sent_with_a_dead_link(
    ann: User, client: Client
) -> None:
    message = claim()
    assert message is not None
    save(client, ADDRESS, by_email=False)
    save(client, ADDRESS)
    assert send(iter([message])) == 0
    assert withdrawals() == {ADDRESS: SWITCHED_OFF}
    assert deliver() == 1
    assert Client().post(link_in(sent()[0])).status_code == 200


def test_a_message_of_an_earlier_subscription_is_not_shown_as_sent(
    clock: time_machine.Traveller, ann: User, client: Client
) -> None:
    """Its link does not work any more."""
    for _ in range(3):
        deliver()
        save(client, ADDRESS, by_email=False)
        text = save(client, ADDRESS)
    assert "Too many" in text
    assert re.search(
        r"The link in the message sent <time[^>]*>just now</time> no longer works, because the digest", text
    )
    assert "You can request another in 60 minutes." in text


def test_e_mail_switched_off_beside_a_service_that_stays_on_says_so(ann: User, client: Client) -> None:
    service = {"by_url": "on", "url": "json://93.184.215.14/hook", "email": ADDRESS}
    client.post(SETTINGS, {**service, "by_email": "on"})
    client.post(SETTINGS, service)
    assert withdrawals() == {ADDRESS: "E-mail was switched off before this message was sent."}


def test_a_second_message_is_withdrawn_when_the_address_was_confirmed_already(ann: User, client: Client) -> None:
    deliver()
    client.post(AGAIN)
    Client().post(link_in(sent()[0]))
    assert deliver() == 0
    assert withdrawals() == {ADDRESS: "The address was confirmed before this message was sent."}
    assert "Waiting for confirmation." not in client.get(SETTINGS).text


def test_a_message_of_a_deactivated_account_is_withdrawn_for_that_reason(ann: User) -> None:
    User.objects.update(is_active=False)
    assert deliver() == 0
    assert withdrawals() == {ADDRESS: "The account was deactivated before this message was sent."}


def test_a_digest_is_withdrawn_for_the_reason_of_its_own(ann: User, client: Client) -> None:
    client.post(urlsplit(confirmation_address(subscription_of(ann))).path)
    digest = Message(user=ann, job=scheduled(DAYS[2]), channel=Channel.EMAIL, subject="NSE", text="", html="")
    subscription = subscription_of(ann)
    assert reason_to_withdraw(digest, subscription) == ""
    subscription.user.email = "other@example.org"
    assert reason_to_withdraw(digest, subscription) == ADDRESS_CHANGED
    subscription.by_email = False
    assert reason_to_withdraw(digest, subscription) == SWITCHED_OFF
    subscription.by_url = True
    assert reason_to_withdraw(digest, subscription) == "E-mail was switched off before this message was sent."
    assert reason_to_withdraw(digest, None) == SWITCHED_OFF


def test_the_page_says_why_a_message_could_not_be_sent(
    clock: time_machine.Traveller, settings: Settings, ann: User, client: Client
) -> None:
    working = settings.MAILERS
    with mailbox() as gone:
        settings.MAILERS = gone.mailers
    for minutes in (1, 4, 16, 64):
        assert deliver() == 0
        text = client.get(SETTINGS).text
        assert f"The message with the link could not be sent yet. The next try is in {minutes} minute" in text
        assert "Last error: The mail server could not be reached" in text
        assert "Send again" not in text
        clock.shift(timedelta(minutes=minutes))
    assert deliver() == 0
    assert Message.objects.get().status == MessageStatus.FAILED
    text = client.get(SETTINGS).text
    assert "Sending the message with the link failed." in text
    assert "Last error: The mail server could not be reached" in text
    assert "Send again" in text
    client.post(AGAIN)
    settings.MAILERS = working
    assert deliver() == 1


def test_a_page_without_a_mail_server_offers_no_message(settings: Settings, ann: User, client: Client) -> None:
    Message.objects.all().delete()
    settings.SENDS_EMAIL = False
    text = client.get(SETTINGS).text
    assert "No message has been sent to ann@example.org yet." in text
    assert "Send message" not in text
    assert "You can request" not in text
    assert "This installation sends no e-mail: EMAIL_URL is not set." in text


def test_the_page_says_that_a_link_has_expired(clock: time_machine.Traveller, ann: User, client: Client) -> None:
    deliver()
    clock.shift(timedelta(days=3, seconds=1))
    text = client.get(SETTINGS).text
    assert "Its link has expired." in text
    assert "Send again" in text


def test_saving_the_form_again_sends_no_second_request(ann: User, client: Client) -> None:
    client.post(SETTINGS, {"by_email": "on", "email": ADDRESS})
    client.post(SETTINGS, {"by_email": "on", "email": ADDRESS, "by_url": "on", "url": "json://93.184.215.14/hook"})
    assert Message.objects.confirmations().count() == 1


def test_a_request_to_confirm_is_ones_own_and_there_has_to_be_something_to_confirm(client: Client, ann: User) -> None:
    bob = make_user("bob")
    other = Client()
    assert other.post(AGAIN).status_code == 302  # nobody
    other.force_login(bob)
    assert other.get(AGAIN).status_code == 405
    assert "There is no address that waits for confirmation." in other.post(AGAIN, follow=True).text
    assert Message.objects.confirmations().count() == 1
    repeat_confirmation(ann)
    assert Message.objects.confirmations().filter(user=ann).count() == 2


def test_an_installation_without_a_mail_server_says_so(settings: Settings, ann: User, client: Client) -> None:
    settings.SENDS_EMAIL = False
    assert "This installation sends no e-mail: EMAIL_URL is not set." in client.post(AGAIN, follow=True).text
    assert Message.objects.confirmations().count() == 1


def test_a_request_to_confirm_has_no_link_that_ends_a_digest(settings: Settings, ann: User) -> None:
    with mailbox() as box:
        settings.MAILERS = box.mailers
        assert deliver() == 1
    (got,) = box.got
    assert got["To"] == ADDRESS
    assert got["List-Unsubscribe"] is None
    assert got["Message-ID"] == f"<digest-{Message.objects.get().pk}@stocks.example.org>"


def test_the_preview_is_of_a_digest_and_never_of_a_request_to_confirm(ann: User, client: Client) -> None:
    deliver()
    text = client.get(SETTINGS).text
    assert "Neutral → Buy" in text
    assert "wants the stock digest at this address" not in text


@pytest.mark.django_db(transaction=True)
def test_addresses_of_before_stay_confirmed_and_the_way_back_writes_to_no_other() -> None:
    old, new = [("digest", "0001_initial")], [("digest", "0003_serial_of_a_message")]
    try:
        before = MigrationExecutor(connection).migrate(old).apps
        users, subscriptions = before.get_model("accounts", "User"), before.get_model("digest", "Subscription")
        for name, by_email in (("ann", True), ("bob", False)):
            user = users.objects.create(username=name, email=f"{name}@example.org")
            subscriptions.objects.create(user=user, by_email=by_email, by_url=True, url="json://example.org/")
        MigrationExecutor(connection).migrate(new)
        confirmed = dict(Subscription.objects.values_list("user__username", "confirmed_email"))
        assert confirmed == {"ann": "ann@example.org", "bob": ""}
        assert set(Subscription.objects.values_list("serial", flat=True)) == {1}
        subscribe(User.objects.get(username="bob"), email="stranger@example.org", by_email=True, url="")
        assert Message.objects.confirmations().count() == 1
        after = MigrationExecutor(connection).migrate(old).apps
        kept = dict(after.get_model("digest", "Subscription").objects.values_list("user__username", "by_email"))
        assert kept == {"ann": True, "bob": False}
        assert not after.get_model("digest", "Message").objects.exists()
    finally:
        MigrationExecutor(connection).migrate(new)


@pytest.mark.django_db(transaction=True)
def test_forty_users_at_once_have_an_address_asked_no_more_than_three_times() -> None:
    users = [make_user(f"user{number}") for number in range(40)]
    together([partial(subscribe, user, email=ADDRESS, by_email=True, url="") for user in users])
    assert Message.objects.confirmations().filter(recipient=ADDRESS).count() == 3


@pytest.mark.django_db(transaction=True)
def test_addresses_changed_together_are_still_asked_no_more_often_than_the_limit() -> None:
    """Users come to one address and leave it: at no time may more than three messages to it still be sent."""
    users = [make_user(f"user{number}") for number in range(12)]
    for email in (ADDRESS, "other@example.org", ADDRESS):
        together([partial(subscribe, user, email=email, by_email=True, url="") for user in users])
        living = Message.objects.confirmations().exclude(status=MessageStatus.WITHDRAWN)
        assert living.filter(recipient=email).count() == 3
        assert living.count() == 3
