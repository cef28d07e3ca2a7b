"""The database refuses nonsense, whoever writes it."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, models, transaction
from django.db.models import F
from django.utils import timezone

from analysis.models import Job, JobDetail, PriceHistory, Rating, RawData, Result, Stock
from analysis.tests.make import make_finished_job, make_job, make_rating, make_result, make_stock

pytestmark = pytest.mark.django_db


def update(model: type[models.Model], **fields: Any) -> Callable[[], object]:
    return lambda: model._default_manager.all().update(**fields)


@pytest.mark.parametrize(
    ("constraint", "write"),
    [
        ("job_status_is_known|job_has_completed_at", update(Job, status="odd")),
        ("job_source_is_known", update(Job, source="")),
        ("job_counts_are_within_total", update(Job, completed_count=F("total") + 1)),
        ("job_has_stocks", update(Job, total=0, completed_count=0)),
        ("job_has_completed_at_when_finished", update(Job, completed_at=None)),
        ("detail_status_is_known", update(JobDetail, status="odd")),
        ("detail_is_leased_while_processing", update(JobDetail, status="processing")),
        ("detail_failure_says_why", update(JobDetail, status="failed")),
        ("result_status_is_known", update(Result, status="")),
        ("result_completed_has_a_close", update(Result, close=None)),
        ("result_failure_says_why", update(Result, status="failed")),
        ("rating_has_a_score_or_a_reason", update(Rating, score=1.5)),
        ("rating_has_a_score_or_a_reason", update(Rating, score=None)),
        ("rating_has_a_score_or_a_reason", update(Rating, verdict="")),
        ("rating_has_a_score_or_a_reason", update(Rating, no_score_reason="Not enough history.")),
        ("rating_plan_is_whole", update(Rating, side="long", entry=10, stop=11, target=12)),
        ("rating_plan_is_whole", update(Rating, side="long", entry=10, stop=None, target=12)),
        ("stock_last_status_is_known", update(Stock, last_status="odd")),
        ("history_sessions_are_ordered", update(PriceHistory, first_session=date(2100, 1, 1))),
        ("history_has_bars", update(PriceHistory, bar_count=0)),
        ("history_source_is_known", update(PriceHistory, source="odd")),
        ("stock_ticker_is_not_empty", lambda: Stock.objects.create(ticker="")),
    ],
)
def test_a_check_constraint_holds(constraint: str, write: Callable[[], object]) -> None:
    make_finished_job("KAVERI.DEMO")
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        write()


def test_a_stock_has_one_result_a_day() -> None:
    """Failure 3 of the old system."""
    result = make_result(make_stock())
    result.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        result.save(force_insert=True)


def test_a_result_has_one_rating_a_strategy() -> None:
    result = make_result(make_stock())
    make_rating(result, strategy="trend")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_rating(result, strategy="trend")


def test_a_result_needs_its_job() -> None:
    """Failure 2 of the old system."""
    make_result(make_stock())
    with pytest.raises(IntegrityError), transaction.atomic():
        Result.objects.update(job=None)


def test_two_active_jobs_cannot_share_a_request() -> None:
    job = make_job("KAVERI.DEMO")
    job.pk = None
    twin = Job(source="api", strategy="x", price_source="csv", total=1, request_key=job.request_key)
    with pytest.raises(IntegrityError), transaction.atomic():
        twin.save(force_insert=True)
    Job.objects.update(status="cancelled", completed_at=timezone.now())
    twin.save(force_insert=True)


def test_deleting_a_stock_leaves_nothing_of_it() -> None:
    make_finished_job("KAVERI.DEMO")
    Stock.objects.all().delete()
    assert [m.objects.count() for m in (JobDetail, Result, Rating, RawData, PriceHistory)] == [0, 0, 0, 0, 0]


def test_lists_join_no_evidence_and_no_bars() -> None:
    """Failure 6 of the old system: 100 KB of JSON dragged through every query."""
    for table in (Job, JobDetail, Result, Stock):
        names = {field.name for field in table._meta.get_fields() if getattr(field, "concrete", False)}
        assert not names & {"evidence", "bars", "raw_data"}
