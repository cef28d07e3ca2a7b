"""The files of `deploy/` and its guide agree with the code."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from django.core.management import get_commands

from analysis.supervisor import DRAIN_SECONDS
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
