"""Every operation of the service's model is answered: one that a newer model adds fails here, by its name."""

import pytest

from simulator.drs.operations.table import OPERATIONS
from tests.drs.shapes import model


@pytest.mark.parametrize("operation", sorted(model().operation_names))
def test_an_operation_of_the_model_is_answered(operation: str) -> None:
    assert operation in OPERATIONS


def test_nothing_else_is() -> None:
    assert set(OPERATIONS) == set(model().operation_names)


def test_reading_operations_are_told_from_the_others() -> None:
    reading = {name for name in OPERATIONS if name.startswith(("Describe", "Get", "List"))}
    assert reading == {name for name, entry in OPERATIONS.items() if entry.kind == "read"}
