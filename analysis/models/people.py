"""People, as the analysis knows them: who asks for jobs, and who may see and change which."""

from typing import Any, Protocol

from analysis.engine import RiskProfile


class Person(Protocol):
    """Somebody who asks: a user of the project's model, or a visitor who has not logged in."""

    @property
    def pk(self) -> Any: ...
    @property
    def is_authenticated(self) -> Any: ...
    @property
    def is_staff(self) -> Any: ...
    def has_perm(self, perm: str) -> bool: ...


class Member(Person, RiskProfile, Protocol):
    """A user who has logged in, with the settings that an analysis reads."""

    @property
    def strategy(self) -> str: ...
    @property
    def chart_indicators(self) -> list[Any]: ...


def sees_every_job(person: Person) -> bool:
    """Whether somebody sees everybody's jobs, and those that nobody asked for by name: staff do."""
    return bool(person.is_staff)


def may_change_every_job(person: Person) -> bool:
    """Whether somebody may cancel jobs of others and run them again: who may delete them may."""
    return person.has_perm("analysis.delete_job")
