"""Check that the pinned requirements follow from pyproject.toml; `--write` brings them in step."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINNED: dict[str, list[str]] = {
    "requirements.txt": [],
    "requirements-dev.txt": ["--extra", "dev", "--constraint", "requirements.txt"],
}
COMPILE = "pip compile --quiet --python-version 3.12 --python-platform linux --no-header --no-annotate".split()


def main() -> int:
    """0 when in step; 1 and a sentence per file otherwise."""
    behind = []
    for name, options in PINNED.items():
        with tempfile.TemporaryDirectory() as folder:
            # Compiled onto a copy, so that pins stay where they still fit.
            pinned = Path(shutil.copy(ROOT / name, folder))
            uv = str(Path(sys.executable).with_name("uv"))
            command = [uv, *COMPILE, *options, "pyproject.toml", "-o", str(pinned)]
            subprocess.run(command, cwd=ROOT, check=True)
            if pinned.read_bytes() != (ROOT / name).read_bytes():
                behind.append(name)
                if "--write" in sys.argv:
                    shutil.copy(pinned, ROOT / name)
    for name in behind:
        print(f"{name} was brought in step." if "--write" in sys.argv else f"{name} is out of step: make requirements")
    return 1 if behind and "--write" not in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
