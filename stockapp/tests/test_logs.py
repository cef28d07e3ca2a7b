"""What a log event looks like, as a line and as JSON, from a real process."""

import json
import os
import subprocess
import sys

import pytest

from stockapp.environment import BASE_DIR

SAY = """
import django, logging
django.setup()
from structlog.contextvars import bound_contextvars
with bound_contextvars(job="7d1f"):
    logging.getLogger("analysis.x").warning("%s of %s", 3, "Übung")
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("analysis.x").exception("It failed")
logging.getLogger("analysis.x").info("not told")
"""


def say(form: str) -> list[str]:
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "stockapp.settings", "LOG_FORMAT": form, "LOG_LEVEL": "WARNING"}
    done = subprocess.run(
        [sys.executable, "-c", SAY], cwd=BASE_DIR, env=env, capture_output=True, text=True, check=True
    )
    return done.stderr.splitlines()


@pytest.mark.slow
def test_a_line_has_time_level_logger_and_the_job() -> None:
    first, second, *traceback = say("line")
    assert first[:2] == "20"
    assert first.partition(" ")[2] == "WARNING analysis.x: 3 of Übung [job=7d1f]"
    assert second.endswith("ERROR analysis.x: It failed")
    assert traceback[-1] == "ZeroDivisionError: division by zero"


@pytest.mark.slow
def test_json_is_an_object_for_each_event() -> None:
    first, second = [json.loads(line) for line in say("json")]
    assert first.pop("timestamp").endswith("Z")
    assert first == {"event": "3 of Übung", "job": "7d1f", "logger": "analysis.x", "level": "warning"}
    assert "ZeroDivisionError: division by zero" in second["exception"]
