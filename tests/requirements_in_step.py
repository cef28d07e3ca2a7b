"""Check that the pins follow from pyproject.toml; `--write` brings them in step, `--upgrade` up to date as well."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINNED: dict[str, list[str]] = {
    "requirements.txt": ["pyproject.toml"],
    "requirements-dev.txt": ["pyproject.toml", "--extra", "dev", "--constraint", "requirements.txt"],
    "requirements-node.txt": ["--group", "node"],
}
# The hashes are those of every file of a version, so that they hold on each system and each Python.
COMPILE = (
    "pip compile --quiet --python-version 3.12 --python-platform linux --no-header --no-annotate --generate-hashes "
    "--no-emit-index-url --no-emit-find-links"
).split()


def main() -> int:
    """0 when in step; 1 and a sentence per file otherwise."""
    behind, is_written = [], {"--write", "--upgrade"} & set(sys.argv)
    upgrade = ["--upgrade"] if "--upgrade" in sys.argv else []
    for name, options in PINNED.items():
        with tempfile.TemporaryDirectory() as folder:
            # Compiled onto a copy, so that pins stay where they still fit.
            pinned = Path(shutil.copy(ROOT / name, folder))
            uv = str(Path(sys.executable).with_name("uv"))
            command = [uv, *COMPILE, *upgrade, *options, "-o", str(pinned)]
            subprocess.run(command, cwd=ROOT, check=True)
            if pinned.read_bytes() != (ROOT / name).read_bytes():
                behind.append(name)
                if is_written:
                    shutil.copy(pinned, ROOT / name)
    for name in behind:
        print(f"{name} was brought in step." if is_written else f"{name} is out of step: make requirements")
    return 1 if behind and not is_written else 0


if __name__ == "__main__":
    sys.exit(main())
