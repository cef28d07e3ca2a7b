"""What every fault test has: an audit of the writes."""

from collections.abc import Iterator

import pytest

from tests.faults.cluster import audit


@pytest.fixture(autouse=True)
def audited_writes(transactional_db: None) -> Iterator[None]:
    with audit():
        yield
