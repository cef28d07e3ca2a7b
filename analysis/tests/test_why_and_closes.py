from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from analysis.models import PriceHistory, Result
from analysis.tests.make import make_finished_job, make_job
from analysis.worker.slice import run_job

pytestmark = pytest.mark.django_db


def test_a_result_says_why_and_keeps_the_closes_of_thirty_sessions() -> None:
    make_finished_job("KAVERI.DEMO")
    result = Result.objects.get()
    signals = [signal for _, signal in result.raw_data.evidence["signals"].values()]
    why = result.ratings.get().why
    up, down = signals.count(1), signals.count(-1)
    assert f"{up} of {len(signals)} votes up{', led by ' if up else '; '}" in why
    assert f"; {down} down{', led by ' if down else '.'}" in why
    stored = PriceHistory.objects.get().unpack().close[-30:]
    assert len(result.recent_closes) == 30
    assert result.recent_closes == pytest.approx(stored.tolist(), rel=1e-5)
    assert result.recent_closes[-1] == pytest.approx(result.close, rel=1e-5)


def test_the_sessions_of_a_backfill_keep_no_closes() -> None:
    make_finished_job("KAVERI.DEMO")
    newest = Result.objects.get().day
    sessions = PriceHistory.objects.get().unpack().session.tolist()
    job = make_job("KAVERI.DEMO", since=sessions[-6], as_of=sessions[-2])
    run_job(str(job.pk))
    past = Result.objects.exclude(day=newest).order_by("day")
    assert len(past) == 5
    assert [len(result.recent_closes) for result in past] == [0, 0, 0, 0, 0]
    assert len(Result.objects.get(day=newest).recent_closes) == 30


def test_only_the_latest_result_keeps_closes() -> None:
    make_finished_job("KAVERI.DEMO")
    newest = Result.objects.get()
    sessions = PriceHistory.objects.get().unpack().session.tolist()
    make_finished_job("KAVERI.DEMO", as_of=sessions[-3])
    assert [len(result.recent_closes) for result in Result.objects.order_by("-day")] == [30, 0]
    with time_machine.travel(timezone.now() + timedelta(days=7)):
        make_finished_job("KAVERI.DEMO")
    newest.refresh_from_db()
    assert newest.recent_closes == []
    assert [len(result.recent_closes) for result in Result.objects.order_by("-day")] == [30, 0, 0]
