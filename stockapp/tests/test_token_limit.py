"""The number of API tokens of a user is limited, for concurrent requests too."""

from functools import partial

import pytest
from django.test import Client
from django.urls import reverse

from analysis.rejections import RequestRejected
from analysis.tests.make import make_user
from analysis.tests.together import together
from stockapp.accounts import tokens
from stockapp.accounts.models import ApiToken
from stockapp.accounts.tokens import MOST_TOKENS

THREADS = 40


@pytest.mark.django_db
def test_a_user_has_so_many_tokens_and_revoked_ones_do_not_count(client: Client) -> None:
    ann = make_user()
    client.force_login(ann)
    for number in range(MOST_TOKENS):
        tokens.create_token(ApiToken(user=ann, name=f"Token {number}"))
    form = {"name": "One more", "scope": "read", "days": "30"}
    answer = client.post(reverse("accounts:new_token"), form)
    assert answer.status_code == 422
    assert f"You have {MOST_TOKENS} tokens, which is the limit; revoke one first." in answer.text
    tokens.create_token(ApiToken(user=make_user("bob"), name="Token 0"))
    assert tokens.revoke(ann, ApiToken.objects.get(user=ann, name="Token 0").pk)
    assert client.post(reverse("accounts:new_token"), form).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_forty_tokens_at_once_are_no_more_than_a_user_may_have() -> None:
    ann = make_user()
    ApiToken.objects.bulk_create(
        ApiToken(user=ann, name=f"Old {number}", digest=str(number)) for number in range(MOST_TOKENS - 3)
    )
    made = [ApiToken(user=ann, name=f"New {number}") for number in range(THREADS)]
    answers = together([partial(tokens.create_token, one) for one in made])
    assert ApiToken.objects.count() == MOST_TOKENS
    assert sum(isinstance(answer, RequestRejected) for answer in answers) == THREADS - 3, answers
