import json
from pathlib import Path

import pytest
from django.conf import settings as project
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import override_settings

from stockapp import assets
from stockapp.checks import assets_are_installed
from stockapp.management.commands.install_assets import is_in_step


def install(root: Path) -> None:
    """Something that looks like node_modules after `npm ci`."""
    for name in assets.FILES:
        file = root / "node_modules" / name
        file.parent.mkdir(parents=True)
        file.write_text("asset")
    lock = json.loads((project.BASE_DIR / "package-lock.json").read_text())
    packages = {folder: package for folder, package in lock["packages"].items() if folder}
    (root / "package-lock.json").write_text(json.dumps(lock))
    (root / "node_modules/.package-lock.json").write_text(json.dumps({"packages": packages}))


def test_a_missing_file_is_named_with_the_command_that_brings_it(tmp_path: Path) -> None:
    with override_settings(BASE_DIR=tmp_path):
        problems = assets_are_installed()
    assert len(problems) == len(assets.FILES)
    assert "lightweight-charts.standalone.production.js is missing" in problems[0].msg
    assert problems[0].hint == "Run `make setup`."


def test_only_the_named_files_of_node_modules_are_served(tmp_path: Path) -> None:
    install(tmp_path)
    (tmp_path / "node_modules/secret.js").write_text("not to be served")
    with override_settings(BASE_DIR=tmp_path):
        finder = assets.NodeModulesFinder()
        assert finder.find(f"npm/{assets.FILES[0]}") == str(tmp_path / "node_modules" / assets.FILES[0])
        assert finder.find("npm/secret.js") is None
        assert finder.find("npm/../settings.py") is None
        assert [name for name, _ in finder.list(None)] == list(assets.FILES)


def test_assets_in_step_with_the_lock_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path)
    monkeypatch.setenv("PATH", "")  # neither npm nor anything else can be run
    with override_settings(BASE_DIR=tmp_path):
        assert is_in_step(tmp_path)
        call_command("install_assets")


def test_assets_out_of_step_with_the_lock_are_noticed(tmp_path: Path) -> None:
    install(tmp_path)
    lock = json.loads((tmp_path / "package-lock.json").read_text())
    lock["packages"]["node_modules/lightweight-charts"]["integrity"] = "sha512-another"
    (tmp_path / "package-lock.json").write_text(json.dumps(lock))
    with override_settings(BASE_DIR=tmp_path):
        assert not is_in_step(tmp_path)


def test_the_lock_names_no_registry() -> None:
    assert "resolved" not in (project.BASE_DIR / "package-lock.json").read_text()


def test_our_own_files_are_found() -> None:
    for name in ("css/tokens.css", "js/live.js", "img/icon.svg"):
        assert finders.find(name)
