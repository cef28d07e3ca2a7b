"""Price sources that raise, return nonsense or never answer."""

from pathlib import Path

import pytest

from analysis.jobs.submit import submit
from analysis.models import ErrorKind, JobDetail, Source
from tests.faults.cluster import Gate, assert_all_is_well, ended, worker
from tests.processes import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]


def test_each_bad_file_fails_its_stock_alone(tmp_path: Path) -> None:
    folder = tmp_path / "csv"
    folder.mkdir(exist_ok=True)
    (folder / "EMPTY.csv").write_text("")
    (folder / "NOISE.csv").write_bytes(bytes(range(256)) * 100)
    (folder / "HEADER.csv").write_text("a,b,c\n1,2,3\n")
    (folder / "ZERO.csv").write_text("date,open,high,low,close,volume\n2026-01-02,0,0,0,0,0\n")
    (folder / "FOLDER.csv").mkdir()
    Gate(tmp_path, "NEVER")
    bad = ("EMPTY", "FOLDER", "HEADER", "MISSING", "NEVER", "NOISE", "ZERO")
    with worker(tmp_path):
        job = submit([*bad, "KAVERI.DEMO"], source=Source.COMMAND).job
        wait_for(lambda: ended(job))
    assert_all_is_well(job, failed=bad)
    details = {detail.stock_id: detail for detail in JobDetail.objects.filter(job=job)}
    assert details["NEVER"].error_kind == ErrorKind.TIMEOUT
    assert details["MISSING"].error_kind == ErrorKind.UNKNOWN_TICKER
    assert details["FOLDER"].error_kind == ErrorKind.UNAVAILABLE
    assert {details[t].error_kind for t in ("EMPTY", "HEADER", "NOISE")} == {ErrorKind.BAD_DATA}
    assert details["ZERO"].error_kind == ErrorKind.NO_DATA
