"""People: the attributes of users that the analysis needs, and their rights on jobs."""

from typing import Any, Protocol

from analysis.engine import RiskProfile


class Person(Protocol):
    """A user of the project's model, or a visitor who has not logged in."""

    @property
    def pk(self) -> Any: ...
    @property
    def is_authenticated(self) -> Any: ...
    @property
    def is_staff(self) -> Any: ...
    def has_perm(self, perm: str) -> bool: ...


class Member(Person, RiskProfile, Protocol):
    """A logged-in user, with the settings that an analysis reads."""

    @property
    def strategy(self) -> str: ...
    @property
    def chart_indicators(self) -> list[Any]: ...


def sees_every_job(person: Person) -> bool:
    """Return whether a person sees all jobs, those without a user included: staff do."""
    return bool(person.is_staff)


def may_change_every_job(person: Person) -> bool:
    """Return whether a person may cancel and rerun jobs of others: users who may delete jobs can."""
    return person.has_perm("analysis.delete_job")
