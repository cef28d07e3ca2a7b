"""The documents are true: what is there is named, and what is named is there."""

import re

from django.core.management import get_commands

from stockapp.environment import BASE_DIR, Environment

README = (BASE_DIR / "README.md").read_text()
RELIABILITY = (BASE_DIR / "docs" / "reliability.md").read_text()
SETTINGS = sorted(name.upper() for name in Environment.model_fields)
APPS = {"stockapp", "analysis", "watchlist"}
OURS = sorted(name for name, app in get_commands().items() if str(app).split(".")[0] in APPS)
TESTS = "\n".join(path.read_text() for path in BASE_DIR.glob("*/tests/test_*.py")) + "\n".join(
    path.read_text() for path in BASE_DIR.glob("tests/**/test_*.py")
)


def test_every_setting_is_explained() -> None:
    example = (BASE_DIR / ".env.example").read_text()
    assert [name for name in SETTINGS if f"| `{name}` |" not in README] == []
    assert [name for name in SETTINGS if not re.search(rf"^# .+\n(#.*\n)*{name}=", example, re.MULTILINE)] == []


def test_no_setting_is_explained_that_is_not_there() -> None:
    assert sorted(re.findall(r"^([A-Z_]+)=", (BASE_DIR / ".env.example").read_text(), re.MULTILINE)) == SETTINGS


def test_every_command_is_in_the_readme() -> None:
    assert [name for name in OURS if not re.search(rf"^\| `{name}[ `]", README, re.MULTILINE)] == []


def test_every_test_that_guards_a_failure_exists() -> None:
    rows = re.findall(r"^\| \d+ \|.*\| (.+) \|$", RELIABILITY, re.MULTILINE)
    assert len(rows) == 13
    for name in re.findall(r"`(test_\w+)`", RELIABILITY):
        assert f"def {name}(" in TESTS


def test_every_file_that_a_document_links_to_exists() -> None:
    for document in [*BASE_DIR.glob("*.md"), *BASE_DIR.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"
