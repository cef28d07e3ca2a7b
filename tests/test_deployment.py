"""The files of `deploy/` and its guide agree with the code."""

import configparser
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from django.contrib.staticfiles import finders
from django.core.management import get_commands

from analysis.cluster import DRAIN_SECONDS
from stockapp.environment import BASE_DIR, Environment

DEPLOY = BASE_DIR / "deploy"
GUIDE = (BASE_DIR / "docs" / "deployment.md").read_text()
IMAGE = (DEPLOY / "Containerfile").read_text()
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def unit(name: str) -> configparser.SectionProxy:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment]
    parser.read(DEPLOY / f"{name}.service")
    return parser["Service"]


def test_a_stopping_worker_is_asked_alone_and_given_time_for_the_stocks_in_hand() -> None:
    service = unit("stockapp-worker")
    assert service["KillMode"] == "mixed"
    assert int(service["TimeoutStopSec"]) > DRAIN_SECONDS + 10
    assert service["OOMPolicy"] == "continue"
    assert int(COMPOSE["services"]["worker"]["stop_grace_period"].rstrip("s")) > DRAIN_SECONDS + 10


@pytest.mark.parametrize("name", ["stockapp-web", "stockapp-worker"])
def test_a_unit_runs_what_there_is(name: str) -> None:
    program, *arguments = unit(name)["ExecStart"].split()
    assert (BASE_DIR / ".venv" / "bin" / Path(program).name).exists() or shutil.which(Path(program).name)
    if arguments[0] == "manage.py":
        assert arguments[1] in get_commands()
    assert unit(name)["User"] == "stockapp"


SANDBOX = {
    "UMask": "0077",
    "StateDirectory": "stockapp",
    "StateDirectoryMode": "0700",
    "ReadWritePaths": "/var/lib/stockapp",
    "ProtectSystem": "strict",
    "CapabilityBoundingSet": "",
    "AmbientCapabilities": "",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
    "SystemCallArchitectures": "native",
    **dict.fromkeys(
        "NoNewPrivileges PrivateDevices PrivateTmp ProtectClock ProtectControlGroups ProtectHome ProtectHostname "
        "ProtectKernelLogs ProtectKernelModules ProtectKernelTunables RestrictNamespaces RestrictRealtime "
        "RestrictSUIDSGID LockPersonality".split(),
        "yes",
    ),
}


@pytest.mark.parametrize("name", ["stockapp-web", "stockapp-worker"])
def test_a_service_is_confined(name: str) -> None:
    service = unit(name)
    assert {key: service.get(key) for key in SANDBOX} == SANDBOX
    assert "MemoryDenyWriteExecute" not in service, "numba does not load under it"
    lines = (DEPLOY / f"{name}.service").read_text().splitlines()
    assert [line for line in lines if line.startswith("SystemCallFilter=")] == [
        "SystemCallFilter=@system-service",
        "SystemCallFilter=~@privileged",
    ]


@pytest.mark.parametrize("name", ["stockapp-web", "stockapp-worker"])
def test_systemd_reads_a_unit_and_finds_it_confined(name: str, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed")
    text = (DEPLOY / f"{name}.service").read_text()
    program = shlex.split(unit(name)["ExecStart"])[0]
    file = tmp_path / f"{name}.service"
    file.write_text(text.replace(f"ExecStart={program}", f"ExecStart={sys.executable}"))
    verified = subprocess.run(["systemd-analyze", "verify", file], capture_output=True, text=True, check=False)
    assert [line for line in verified.stderr.splitlines() if name in line] == []
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(file)]
    judged = subprocess.run(command, capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stdout[-500:]


@pytest.mark.parametrize("name", ["database", "prepare", "web", "worker"])
def test_a_container_is_confined(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert any(place.startswith("/tmp:") for place in service["tmpfs"])  # noqa: S108
    if name != "database":
        assert service["user"] == "10001:10001"
        assert "cap_add" not in service
        assert "data:/var/lib/stockapp" in service["volumes"]


def test_the_web_container_is_asked_whether_it_answers_for_something_that_there_is() -> None:
    program = COMPOSE["services"]["web"]["healthcheck"]["test"][-1]
    compile(program, "healthcheck", "exec")
    asked = re.search(r"http://127\.0\.0\.1:8000/static/(\S+)\"", program)
    assert asked
    assert finders.find(asked[1])


def test_the_image_runs_as_a_user_of_its_own_to_whom_its_code_does_not_belong() -> None:
    assert IMAGE.rstrip().splitlines()[-3] == "USER 10001:10001"
    assert "chown stockapp /opt" not in IMAGE


def test_every_image_and_every_package_is_one_exact_version() -> None:
    images = [*re.findall(r"^FROM (\S+)", IMAGE, re.MULTILINE), COMPOSE["services"]["database"]["image"]]
    assert [image for image in images if not re.search(r":\d+\.\d+(\.\d+)?(-[a-z-]+)?$", image)] == []
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-node.txt"):
        pins = (BASE_DIR / name).read_text().replace("\\\n", "").splitlines()
        assert pins
        assert [pin for pin in pins if not re.fullmatch(r"[\w.-]+==\S+ +(--hash=sha256:[0-9a-f]{64} *)+", pin)] == []
    packages = json.loads((BASE_DIR / "package-lock.json").read_text())["packages"]
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []
    wanted = packages[""]["dependencies"].values()
    assert [version for version in wanted if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []


def test_everything_that_installs_pins_asks_for_their_hashes() -> None:
    recipes = (BASE_DIR / "Makefile").read_text() + GUIDE + IMAGE
    installs = [line.strip() for line in recipes.splitlines() if re.search(r"pip\S* install", line)]
    assert len(installs) > 4
    assert [line for line in installs if "--require-hashes" not in line] == []


def test_the_guide_and_the_image_use_commands_that_there_are() -> None:
    named = re.findall(r"(?:^\s+|\w&& )manage (\w+)|manage\.py (\w+)", GUIDE + IMAGE, re.MULTILINE)
    commands = {first or second for first, second in named}
    assert {"migrate", "collectstatic", "createcachetable", "install_assets", "check"} <= commands
    assert commands <= set(get_commands())


def test_compose_sets_settings_that_there_are() -> None:
    settings = {name.upper() for name in Environment.model_fields}
    for name in ("web", "worker", "prepare"):
        assert set(COMPOSE["services"][name]["environment"]) <= settings


def test_the_image_holds_all_that_runs() -> None:
    copied = {Path(name).name for line in re.findall(r"^COPY (.+) \S+$", IMAGE, re.MULTILINE) for name in line.split()}
    assert {"stockapp", "analysis", "watchlist", "templates", "manage.py", "package-lock.json"} <= copied
    allowed = (DEPLOY / "Containerfile.dockerignore").read_text()
    assert all(f"!{name}\n" in allowed for name in copied)


def test_nginx_accepts_its_file(tmp_path: Path) -> None:
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/opt/homebrew/bin")
    if nginx is None:
        pytest.skip("nginx is not installed")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=stocks.example.org",
         "-keyout", tmp_path / "key", "-out", tmp_path / "pem"], check=True, capture_output=True,
    )  # fmt: skip
    site = (DEPLOY / "nginx.conf").read_text()
    site = re.sub(r"ssl_certificate /\S+;", f"ssl_certificate {tmp_path}/pem;", site)
    site = re.sub(r"ssl_certificate_key /\S+;", f"ssl_certificate_key {tmp_path}/key;", site)
    whole = f"pid {tmp_path}/pid; error_log {tmp_path}/log; events {{}} http {{ {site} }}"
    (tmp_path / "nginx.conf").write_text(whole)
    done = subprocess.run([nginx, "-t", "-c", tmp_path / "nginx.conf"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_way_back_names_migrations_that_there_are() -> None:
    targets = re.findall(r"manage migrate (\w+) (\w+)$", GUIDE, flags=re.MULTILINE)
    assert len(targets) > 1
    for app, name in targets:
        folders = list(BASE_DIR.glob(f"*/{app}/migrations")) + list(BASE_DIR.glob(f"{app}/migrations"))
        assert folders, app
        assert name == "zero" or list(folders[0].glob(f"{name}_*.py")), f"{app} {name}"
