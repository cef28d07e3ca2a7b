"""The stand-in for Yahoo by hand, and yfinance's cache under many processes that ask it at once."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from analysis.prices.process_folder import process_folder
from stockapp.environment import BASE_DIR
from tests.yahoo_standin.server import running

PROCESSES = 8
SECONDS = float(os.environ.get("CACHE_SECONDS", "10"))
CHART = "/v8/finance/chart/TCS.NS?period1=1770000000&period2=1776000000"
ASK_FOR_A_WHILE = """
import math, sys, time
from pathlib import Path
from analysis.prices.pacer import ProcessPacer
from analysis.prices.port import History
from analysis.prices.yahoo import YahooPrices
from analysis.prices.yahoo_session import YahooSession
address, folder, seconds, name = sys.argv[1:]
yahoo = YahooPrices(Path(folder), YahooSession(address, pacer=ProcessPacer(math.inf)))
ends, asked = time.monotonic() + float(seconds), 0
while time.monotonic() < ends:
    asked += 1
    (answer,) = yahoo.fetch_daily([f"OK{asked % 50}.{name}"], None).values()
    assert isinstance(answer, History), answer
print(asked)
"""


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A stand-in that was started as `make yahoo-standin` does, on any port."""
    command = [sys.executable, "-m", "tests.yahoo_standin", "--port", "0"]
    process = subprocess.Popen(command, cwd=BASE_DIR, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield process.stdout.readline().split()[1].rstrip("/")
    process.terminate()
    process.communicate()


def get(url: str) -> tuple[int, str]:
    try:
        with urlopen(url, timeout=60) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


@pytest.mark.slow
def test_a_person_can_make_it_fail_and_recover(address: str) -> None:
    assert "limited?seconds=120" in get(f"{address}/")[1]
    status, body = get(address + CHART)
    assert (status, json.loads(body)["chart"]["error"]) == (200, None)
    get(f"{address}/standin/limited?seconds=60")
    assert get(address + CHART)[0] == 429
    get(f"{address}/standin/up")
    before = json.loads(get(address + CHART)[1])["chart"]["result"][0]["indicators"]["quote"][0]["close"]
    get(f"{address}/standin/split?symbol=TCS.NS&day=2026-02-02&ratio=2")
    after = json.loads(get(address + CHART)[1])["chart"]["result"][0]["indicators"]["quote"][0]["close"]
    assert after == pytest.approx([price / 2 for price in before])
    get(f"{address}/standin/until?day=2026-02-20")
    assert len(json.loads(get(address + CHART)[1])["chart"]["result"][0]["timestamp"]) < len(before)
    get(f"{address}/standin/behave?symbol=TCS.NS&as=BROKEN")
    assert get(address + CHART)[0] == 500
    get(f"{address}/standin/changed?as=NULL")
    assert get(address + CHART) == (200, "null")
    get(f"{address}/standin/changed?as=SOUND")
    get(f"{address}/standin/limited-each?n=4")
    other = CHART.replace("TCS", "INFY")
    assert [get(address + other)[0] for _ in range(4)].count(429) == 1
    get(f"{address}/standin/limited-each?n=0")
    get(f"{address}/standin/crumb?as=RETRYAFTER")
    assert get(f"{address}/v1/test/getcrumb")[0] == 429
    get(f"{address}/standin/down?seconds=60")
    with pytest.raises(ConnectionResetError):
        get(address + CHART)
    assert json.loads(get(f"{address}/standin/requests")[1])["symbols"] == {"TCS.NS": 8, "INFY.NS": 4}
    assert get(f"{address}/standin/behave?symbol=TCS.NS&as=NONSENSE")[0] == 400


def test_a_port_that_is_taken_is_one_sentence() -> None:
    with running() as standin:
        port = str(standin.server_address[1])
        command = [sys.executable, "-m", "tests.yahoo_standin", "--port", port]
        other = subprocess.run(command, cwd=BASE_DIR, capture_output=True, text=True, check=False)
    assert (other.returncode, other.stderr) == (1, f"Port {port} cannot be used: Address already in use.\n")


def test_a_process_keeps_its_folder_and_leaves_it_to_the_next(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    assert process_folder(cache) == process_folder(cache) == cache / "process-1"
    for _ in range(2):
        assert folder_of_another_process(cache) == cache / "process-2"
    assert len(list(cache.iterdir())) == 2


def folder_of_another_process(parent: Path) -> Path:
    code = "import sys; from pathlib import Path; from analysis.prices.process_folder import process_folder as own; "
    code += "print(own(Path(sys.argv[1])))"
    other = subprocess.run(
        [sys.executable, "-c", code, parent], cwd=BASE_DIR, capture_output=True, text=True, check=True
    )
    return Path(other.stdout.strip())


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 110)
def test_eight_processes_use_yfinances_cache_at_once_without_an_error(tmp_path: Path) -> None:
    """For ten seconds; CACHE_SECONDS=60 makes it a minute."""
    cache = tmp_path / "cache"
    with running() as standin:
        command = [sys.executable, "-c", ASK_FOR_A_WHILE, standin.address, str(cache), str(SECONDS)]
        processes = [
            subprocess.Popen([*command, f"P{number}"], cwd=BASE_DIR, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            for number in range(PROCESSES)
        ]
        told = [process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0] * PROCESSES, told
    assert [error for _, error in told] == [b""] * PROCESSES
    assert sum(int(asked) for asked, _ in told) == standin.requests.total()
    assert len(list(cache.iterdir())) == PROCESSES
