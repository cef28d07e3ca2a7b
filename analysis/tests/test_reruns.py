"""Reruns: the same inputs give the same numbers; other numbers say which input changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from analysis.models import JobDetail, PriceHistory, RawData, Result
from analysis.prices.arrow import pack_bars
from analysis.tests.make import make_finished_job, make_job, make_user
from analysis.worker.slice import run_job

if TYPE_CHECKING:
    from analysis.models import Job

pytestmark = pytest.mark.django_db

PAGE = reverse("analysis:stock", args=["KAVERI.DEMO"])
CHANGING = {"id", "job_id", "started_at", "completed_at", "created_at", "updated_at"}


def numbers() -> dict[str, Any]:
    return {name: value for name, value in Result.objects.values().get().items() if name not in CHANGING}


def raise_last_close() -> None:
    history = PriceHistory.objects.get()
    bars = history.unpack()
    close = bars.close.copy()
    close[-1] = bars.high[-1]
    history.bars = pack_bars(replace(bars, close=close))
    history.save(update_fields=["bars"])


def page(client: Client) -> str:
    client.force_login(make_user("ann"))
    return " ".join(client.get(PAGE).text.split())


def test_a_rerun_with_the_same_fingerprint_gives_identical_numbers(client: Client) -> None:
    make_finished_job("KAVERI.DEMO")
    before, evidence = numbers(), RawData.objects.get().evidence
    make_finished_job("KAVERI.DEMO")
    assert numbers() == before
    assert RawData.objects.get().evidence == evidence
    assert "The run before" not in page(client)


def test_the_parts_of_a_fingerprint_are_kept_with_the_run_and_one_of_what_strategies_share_with_the_result() -> None:
    job = make_finished_job("KAVERI.DEMO")
    parts = JobDetail.objects.get(job=job).found["fingerprints"]  # type: ignore[index]
    assert set(parts) == {"source", "bars", "parameters", "engine"}
    shared = Result.objects.get().input_fingerprint
    assert len(shared) == 64
    make_finished_job("KAVERI.DEMO", strategy="trend")
    assert Result.objects.get().input_fingerprint == shared
    raise_last_close()
    make_finished_job("KAVERI.DEMO")
    assert Result.objects.get().input_fingerprint != shared


def test_changed_bars_are_named_beside_the_result_and_in_its_row(client: Client) -> None:
    make_finished_job("KAVERI.DEMO")
    raise_last_close()
    make_finished_job("KAVERI.DEMO")
    text = page(client)
    assert "since then the bars changed." in text
    assert "Not as the run before: the bars changed." in text


def test_a_run_by_another_strategy_is_no_run_before_of_the_readers(client: Client) -> None:
    make_finished_job("KAVERI.DEMO", strategy="trend")
    make_finished_job("KAVERI.DEMO")
    assert "run before" not in page(client)


def test_a_newer_engine_is_named(client: Client) -> None:
    old: Job = make_finished_job("KAVERI.DEMO")
    detail = JobDetail.objects.get(job=old)
    detail.found["fingerprints"]["engine"] = "0"  # type: ignore[index]
    detail.score = 0.99
    detail.save()
    make_finished_job("KAVERI.DEMO")
    assert "since then the engine changed." in page(client)


def test_a_run_that_kept_no_fingerprint_says_so(client: Client) -> None:
    old = make_finished_job("KAVERI.DEMO")
    JobDetail.objects.filter(job=old).update(found={"close": 1.0})
    make_finished_job("KAVERI.DEMO")
    assert "what changed is not known" in page(client)


def test_the_run_before_is_the_one_that_ended_before_and_not_the_one_asked_for_before(client: Client) -> None:
    """A small job overtakes a large one: what the large one finds afterwards is compared with it."""
    large = make_job("KAVERI.DEMO", source="bulk")
    small = make_finished_job("KAVERI.DEMO", requested_by=make_user("bob"))
    raise_last_close()
    run_job(str(large.pk))
    assert Result.objects.get().job == large
    assert JobDetail.objects.filter(job=small, status="completed").exists()
    assert "since then the bars changed." in page(client)


def test_the_newest_of_three_runs_is_compared_with_the_second(client: Client) -> None:
    make_finished_job("KAVERI.DEMO")
    raise_last_close()
    make_finished_job("KAVERI.DEMO")
    make_finished_job("KAVERI.DEMO")
    assert "run before" not in page(client)


def test_a_run_that_failed_in_between_is_no_run_before(client: Client) -> None:
    make_finished_job("KAVERI.DEMO")
    bars = bytes(PriceHistory.objects.get().bars)
    PriceHistory.objects.update(bars=b"damaged")
    assert make_finished_job("KAVERI.DEMO").status == "failed"
    PriceHistory.objects.update(bars=bars)
    raise_last_close()
    make_finished_job("KAVERI.DEMO")
    assert "since then the bars changed." in page(client)


def test_a_run_of_another_session_is_no_run_before(client: Client) -> None:
    make_finished_job("KAVERI.DEMO", as_of=timezone.localdate() - timedelta(days=20))
    make_finished_job("KAVERI.DEMO")
    assert "The run before" not in page(client)
