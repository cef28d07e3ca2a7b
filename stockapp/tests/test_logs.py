"""What a log event looks like, as a line and as JSON, from a real process."""

import json
import logging
import os
import sqlite3
import subprocess
import sys

import pytest
from django.db import IntegrityError, OperationalError

from stockapp.environment import BASE_DIR
from stockapp.logs import SeldomFaults

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


REFUSE = """
import django, sys
django.setup()
from django.test import Client
client = Client(raise_request_exception=False)
for address in ("/forbidden/", "/suspicious/", "/broken/"):
    client.get(address)
"""


@pytest.mark.slow
@pytest.mark.parametrize("form", ["line", "json"])
def test_a_request_that_is_refused_is_one_line_and_one_that_fails_has_its_traceback(form: str) -> None:
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "stockapp.tests.refusing_urls", "LOG_FORMAT": form}
    env |= {"LOG_LEVEL": "WARNING", "DEBUG": "false"}
    done = subprocess.run(
        [sys.executable, "-c", REFUSE], cwd=BASE_DIR, env=env, capture_output=True, text=True, check=True
    )
    forbidden, suspicious, failed, *traceback = done.stderr.splitlines()
    assert "Forbidden (Permission denied): /forbidden/" in forbidden
    assert "a made-up host" in suspicious
    assert "Internal Server Error: /broken/" in failed
    assert "ZeroDivisionError" in (traceback[-1] if form == "line" else failed)
    assert ("Traceback" in forbidden + suspicious, len(traceback) > 3) == (False, form == "line")


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


def test_a_fault_of_the_database_is_logged_once_in_a_while_and_then_with_how_often() -> None:
    seldom = SeldomFaults()
    full = OperationalError("database or disk is full")
    full.__cause__ = sqlite3.OperationalError()
    full.__cause__.sqlite_errorname = "SQLITE_FULL"

    def event(error: Exception, logger: str = "analysis.supervisor") -> logging.LogRecord:
        return logging.LogRecord(logger, logging.ERROR, "", 0, "It %s", ("failed",), (type(error), error, None))

    assert [seldom.filter(event(full)) for _ in range(3)] == [True, False, False]
    assert seldom.filter(event(full, "django.request"))
    assert all(seldom.filter(event(error)) for error in [ZeroDivisionError(), IntegrityError()] * 2)
    seldom.EVERY_SECONDS = 0.0  # the minute is over
    again = event(full)
    assert seldom.filter(again)
    assert again.getMessage() == "It failed (2 more like this since)"
