"""The README's five minutes with the API, as they are written there, against a real server with a real worker."""

import json
import subprocess
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from analysis.models import Job
from stockapp.accounts.models import User
from stockapp.environment import BASE_DIR
from stockapp.tests.api_world import key_of
from tests.processes import free_port, manage, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

README = (BASE_DIR / "README.md").read_text()
ADDRESS, KEY = "http://127.0.0.1:8000", "stockapp_..."


def lines() -> str:
    """What the section tells to type."""
    section = README.partition("## The API in five minutes\n")[2].partition("\n## ")[0]
    return "\n".join(line[4:] for line in section.splitlines() if line.startswith("    "))


def is_well(address: str) -> bool:
    try:
        with urlopen(f"{address}/healthz") as answer:  # noqa: S310
            return bool(answer.status == 200)
    except URLError:  # not listening yet, or no worker yet
        return False


def test_the_five_minutes_of_the_readme_work_as_written(tmp_path: Path) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    script = lines()
    assert script.count(ADDRESS) == script.count(KEY) == 1
    script = script.replace(ADDRESS, address).replace(KEY, key_of(User.objects.create(username="ann")))
    shown = script.replace("curl -s ", "curl --silent --show-error --fail-with-body --write-out '\\n' ")
    with manage("serve", "--bind", address.removeprefix("http://"), folder=tmp_path):
        wait_for(lambda: is_well(address))
        ran = subprocess.run(["bash", "-euo", "pipefail", "-c", shown], capture_output=True, text=True, timeout=600)
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout
    answers = [json.loads(line) for line in ran.stdout.splitlines() if line]
    assert len(answers) == script.count("curl -s") - 2  # but the submission's, and those of the wait
    job, cancelled, rerun = answers[:3]
    assert job["status"] == cancelled["status"] == "completed"
    assert [row["status"] for row in job["details"]["items"]] == ["completed", "completed", "failed"]
    assert rerun["job"]["parent"] == job["id"]
    assert Job.objects.count() == 2
    assert answers[-1]["items"] == [answers[-2]]
