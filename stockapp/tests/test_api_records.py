"""The track record of the API: numbers, evidence and a sentence of each strategy, in every state."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from analysis.engine.significance.family import Judgement
from analysis.engine.strategies import STRATEGIES
from analysis.engine.strategy_record import RecordEvidence
from analysis.engine.verdict import Side
from analysis.models import StrategyRecord
from analysis.tests.make import make_user
from analysis.tests.make_records import make_different, make_evidence, make_not_judged, make_record, make_records

pytestmark = pytest.mark.django_db

NO_DIFFERENCE = "No different from entering on any other day."
FOLLOWS = "The comparison follows with the next calculation."


@pytest.fixture
def ann(client: Client) -> None:
    client.force_login(make_user("ann"))


def get(client: Client, strategy: str) -> dict[str, Any]:
    rows = {row["strategy"]: row for row in client.get("/api/track-record").json()}
    assert list(rows) == list(STRATEGIES)
    row: dict[str, Any] = rows[strategy]
    return row


@pytest.mark.usefixtures("ann")
def test_a_record_has_its_evidence_and_a_sentence_for_each_side(client: Client) -> None:
    kinds = [
        make_different("swing", Side.LONG, 0.0083),
        make_not_judged("swing", Side.SHORT, Judgement.NOT_ENOUGH_TRADES, 12),
    ]
    make_records(swing=make_evidence("swing", kinds))
    assert get(client, "trend")["sentence"] == {"long": NO_DIFFERENCE, "short": NO_DIFFERENCE}
    row = get(client, "swing")
    assert row["sentence"] == {
        "long": "Earned 0.8% more a trade than entering on any other day.",
        "short": "Not enough trades: 12, 20 needed.",
    }
    assert RecordEvidence.from_dict(row["evidence"]) == make_evidence("swing", kinds)


@pytest.mark.usefixtures("ann")
def test_a_record_of_an_earlier_version_has_numbers_without_an_interval(client: Client) -> None:
    record = make_record("trend", None)
    assert record.summary is not None
    record.summary["long"]["hit_interval"] = [0.1, 0.3]
    record.save()
    row = get(client, "trend")
    assert (row["evidence"], row["sentence"]) == (None, {"long": FOLLOWS, "short": FOLLOWS})
    assert row["summary"]["long"]["hit_rate"] == 0.22
    assert "hit_interval" not in row["summary"]["long"]


@pytest.mark.usefixtures("ann")
def test_without_a_record_there_is_neither(client: Client) -> None:
    StrategyRecord.objects.create(strategy="momentum")
    for strategy in ("trend", "momentum"):
        row = get(client, strategy)
        assert (row["summary"], row["evidence"], row["sentence"]) == (None, None, None)


@pytest.mark.usefixtures("ann")
def test_records_take_a_few_queries(client: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    make_records()
    with django_assert_max_num_queries(4):
        client.get("/api/track-record")
