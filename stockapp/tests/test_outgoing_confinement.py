"""Confinement: the places and files that the process which sends cannot reach, by real processes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from stockapp.outgoing.confinement import is_public
from stockapp.outgoing.dispatch import send_orders
from stockapp.outgoing.orders import DeliveryOutcome, DeliveryStatus, Notice, Order
from tests.receivers import hook

INSIDE = "“127.0.0.1” is inside this network; this installation sends to public addresses only."


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("8.8.8.8", True), ("2606:4700::1111", True), ("127.0.0.1", False), ("10.1.1.1", False), ("100.64.0.1", False),
        ("169.254.1.1", False), ("224.0.0.1", False), ("::1", False), ("fe80::1%eth0", False),
        ("fd00::1", False), ("::ffff:127.0.0.1", False), ("::ffff:8.8.8.8", True), ("64:ff9b::a00:1", False),
        ("2002:7f00:1::", False), ("localhost", False), ("", False), ("::7f00:1", False), ("::ffff:0:7f00:1", False),
        ("64:ff9b:1::a00:1", False), ("64:ff9b::808:808", True), ("fec0::1", False), ("ff02::1", False),
        ("2001:0:808:808:0:0:f5ff:fffe", False), ("2001:db8::1", False), ("::", False), ("0.0.0.1", False),
        ("::ffff:169.254.169.254", False), ("192.0.2.1", False), ("255.255.255.255", False), ("127.1", False),
    ],
)  # fmt: skip
def test_only_addresses_of_the_public_internet_are_public(text: str, public: bool) -> None:
    assert is_public(text) is public


def outcome_of(url: str, *, may_reach_private: bool = False, **edge: object) -> DeliveryOutcome:
    command = [sys.executable, "-m", "tests.carrier_with", json.dumps(edge)]
    order = Order(Notice(url, "Title", "Body & more", may_reach_private=may_reach_private), 60)
    ((_, outcome),) = send_orders(iter([(url, order)]), at_once=1, command=command)
    return outcome


def test_a_message_reaches_a_web_hook_once_and_a_refusal_is_told() -> None:
    with hook() as received:
        assert outcome_of(received.url, may_reach_private=True).status is DeliveryStatus.TAKEN
        assert [(got["title"], got["message"]) for got in received.got] == [("Title", "Body & more")]
        received.status = 500
        outcome = outcome_of(received.url, may_reach_private=True)
    assert (outcome.status, outcome.is_permanent) == (DeliveryStatus.REFUSED, False)
    assert "500" in outcome.sentence or "Internal server error" in outcome.sentence


def test_a_name_that_has_come_to_mean_this_machine_leads_nowhere() -> None:
    with hook() as received:
        outcome = outcome_of(f"json://public.example:{received.port}/hook", names={"public.example": "127.0.0.1"})
        assert (outcome.sentence, outcome.is_permanent) == (INSIDE, True)
        assert received.got == []


def test_a_redirect_is_not_followed_wherever_it_leads() -> None:
    with hook() as received, hook() as elsewhere:
        received.status, received.location = 307, f"http://127.0.0.1:{elsewhere.port}/hook"
        outcome = outcome_of(received.url, may_reach_private=True)
        assert outcome.status is DeliveryStatus.REFUSED
        assert "307" in outcome.sentence
        assert (len(received.got), len(elsewhere.got)) == (1, 0)


ATTEMPTS = {
    "open({canary!r})": "read a file",
    "open('/proc/self/environ')": "read a file",
    "open('/etc/passwd')": "read a file",
    "open({folder!r} + '/new', 'w')": "write a file",
    "__import__('os').open({canary!r}, 1)": "write a file",
    "__import__('os').listdir({folder!r})": "read a file",
    "__import__('os').scandir({folder!r})": "read a file",
    "__import__('os').remove({canary!r})": "change a file",
    "__import__('os').rename({canary!r}, {folder!r} + '/new')": "change a file",
    "__import__('shutil').rmtree({folder!r})": "change a file",
    "__import__('subprocess').run(['true'])": "run a program",
    "__import__('os').system('true')": "run a program",
    "__import__('os').fork()": "run a program",
    "__import__('ctypes').CDLL(None)": "run a program",
    "__import__('sqlite3').connect({canary!r})": "run a program",
    "__import__('socket').create_connection(('127.0.0.1', 9))": "“127.0.0.1” is inside this network",
    "__import__('socket').socket(1).connect({canary!r})": "reach a program",
    "__import__('socket').socket(2, 2).sendto(b'x', ('10.0.0.1', 53))": "“10.0.0.1” is inside this network",
}
ALLOWED = [
    "open('/etc/hosts')",
    "open(__import__('certifi').where())",
    "open(__import__('os').devnull)",
    "__import__('zoneinfo').ZoneInfo('Asia/Kolkata')",
    "__import__('xml.dom.minidom')",
]


def answers_of(attempts: list[str]) -> list[str]:
    """The refusal of each attempt in a confined process; empty where nothing was refused."""
    code = (
        "import ctypes, json, socket, sqlite3, subprocess, sys\n"
        "from stockapp.outgoing.confinement import Confinement\n"
        "confinement, answers = Confinement(), []\n"
        "confinement.close()\n"
        "for attempt in json.loads(sys.argv[1]):\n"
        "    confinement.begin(may_reach_private=False)\n"
        "    try:\n"
        "        eval(attempt)\n"
        "    except Exception:\n"
        "        pass\n"
        "    answers.append(''.join(confinement.refused[:1]))\n"
        "print(json.dumps(answers))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(attempts)], capture_output=True, text=True, check=True, timeout=60
    )
    answers: list[str] = json.loads(done.stdout)
    return answers


def test_a_confined_process_reads_writes_runs_and_reaches_nothing_of_the_servers(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    canary = folder / "canary"
    canary.write_text("as it was")
    attempts = [attempt.format(canary=str(canary), folder=str(folder)) for attempt in ATTEMPTS]
    answers = answers_of(attempts)
    wrong = [
        (a, answer)
        for a, answer, words in zip(attempts, answers, ATTEMPTS.values(), strict=True)
        if words not in answer
    ]
    assert wrong == []
    assert [path.name for path in folder.iterdir()] == ["canary"]
    assert canary.read_text() == "as it was"


def test_a_confined_process_has_what_sending_needs() -> None:
    assert answers_of(ALLOWED) == [""] * len(ALLOWED)


def test_a_link_out_of_the_libraries_is_no_way_to_a_file(tmp_path: Path) -> None:
    """A path is judged by where it leads, not by how it is written."""
    (tmp_path / "canary").write_text("x")
    library = Path(json.__file__).parent
    up = "/".join([".."] * len(library.parts))
    (answer,) = answers_of([f"open({f'{library}/{up}{tmp_path}/canary'!r})"])
    assert answer == "The service tried to read a file of the server."


def test_a_carrier_is_given_no_setting_of_the_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It could send nothing of them, whatever it did."""
    monkeypatch.setenv("SECRET_KEY", "s3cr3t")
    monkeypatch.setenv("DATABASE_URL", "postgresql://ann:s3cr3t@db/name")
    seen = tmp_path / "environment"
    code = f"import os, pathlib; pathlib.Path({str(seen)!r}).write_text(repr(dict(os.environ)))"
    with hook() as received:
        order = Order(Notice(received.url, "Title", "Body", may_reach_private=True), 60)
        command = [sys.executable, "-c", f"{code}\nfrom stockapp.outgoing.carrier import main; main()"]
        ((_, outcome),) = send_orders(iter([(1, order)]), at_once=1, command=command)
    assert outcome.status is DeliveryStatus.TAKEN
    assert "s3cr3t" not in seen.read_text()
