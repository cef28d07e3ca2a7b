"""The job commands: what they print, and the exit code."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from analysis.models import Job, JobStatus, Stock
from analysis.tests.make import make_finished_job, make_job

pytestmark = pytest.mark.django_db


def run(*args: str) -> tuple[str, str, int]:
    """What the command printed, what it complained of, and its exit code."""
    out, err = StringIO(), StringIO()
    try:
        call_command(*args, stdout=out, stderr=err)
    except CommandError as error:
        return out.getvalue(), err.getvalue() + str(error), error.returncode
    return out.getvalue(), err.getvalue(), 0


def test_load_stocks_adds_updates_and_names_broken_rows(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("Symbol,Name of Company,Industry\nTCS,Tata Consultancy,IT\nBAD ONE,x,y\nINFY,Infosys\n")
    out, err, code = run("load_stocks", str(file), "--suffix", ".NS")
    assert out == "list.csv: 1 stock added, 0 updated.\n"
    assert "list.csv, line 3: “BAD ONE” is not a ticker." in err
    assert "list.csv, line 4: 2 cells instead of 3." in err
    assert code == 1
    stock = Stock.objects.get()
    assert (stock.pk, stock.name, stock.exchange, stock.currency) == ("TCS.NS", "Tata Consultancy", "NSE", "INR")
    file.write_text("ticker,name\nTCS.NS,TCS Ltd\n")
    assert run("load_stocks", str(file)) == ("list.csv: 0 stocks added, 1 updated.\n", "", 0)
    assert Stock.objects.get().name == "TCS Ltd"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read: No such file or directory."),
        (b"", "The file is empty."),
        (b"name,industry\nx,y\n", "No line names the columns that are needed; line 1 has: name, industry."),
        (b"ticker\n", "holds no stocks."),
        (
            b"ticker," + b"x" * 200_000,
            "Line 1 cannot be read: a cell is too long, or a quotation mark is not closed.",
        ),
        (b"%PDF-1.7\n", "This is a PDF file: download the table as CSV instead."),
    ],
)
def test_load_stocks_says_what_is_wrong_with_a_file(tmp_path: Path, content: bytes | None, sentence: str) -> None:
    file = tmp_path / "list.csv"
    if content is not None:
        file.write_bytes(content)
    _, err, code = run("load_stocks", str(file))
    assert sentence in err
    assert code == 2


def test_jobs_lists_the_newest_and_filters_by_status() -> None:
    assert run("jobs")[0] == "No jobs.\n"
    job = make_job("KAVERI.DEMO")
    assert str(job.pk) in run("jobs")[0]
    assert run("jobs", "--status", "failed")[0] == "No jobs are failed.\n"


def test_cancel_job_takes_the_first_characters_of_an_id() -> None:
    job = make_job("KAVERI.DEMO")
    assert run("cancel_job", str(job.pk)[:8]) == (f"Job {job.pk} cancelled.\n", "", 0)
    assert Job.objects.get().status == JobStatus.CANCELLED
    _, err, code = run("cancel_job", str(job.pk))
    assert err == f"Job {job.pk} has ended already (cancelled)."
    assert code == 1


@pytest.mark.parametrize("text", ["nonsense", "abc", "00000000", "12345678-1234-1234-1234-123456789012-1"])
def test_an_id_that_names_no_job_is_bad_input(text: str) -> None:
    _, err, code = run("cancel_job", text)
    assert "`manage.py jobs` lists them." in err
    assert code == 2


def test_rerun_job_needs_something_to_run() -> None:
    job = make_finished_job("KAVERI.DEMO")
    _, err, code = run("rerun_job", str(job.pk), "--failed")
    assert (err, code) == ("No stock of the job failed or was cancelled.", 2)
    out, _, code = run("rerun_job", str(job.pk), "--json")
    told: dict[str, Any] = json.loads(out)
    assert (told["total"], told["status"], code) == (1, "queued", 0)
    assert Job.objects.get(pk=told["job"]).parent == job


def test_recover_says_what_it_did() -> None:
    assert run("recover")[0].startswith("0 stocks requeued, 0 failed as lost")
