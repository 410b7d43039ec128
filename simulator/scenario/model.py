"""A scenario as it is after reading: what happens to whom, and what must hold."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, JsonValue, PrivateAttr, model_validator

from simulator.scenario.bundled import bundled_system
from simulator.scenario.expect import Expect
from simulator.scenario.faults import AnyFault, with_ids
from simulator.scenario.fields import Instant, Model, Name, Natural, Span, objection
from simulator.scenario.fleet import Fleet
from simulator.scenario.operators import ABORT, Operator
from simulator.scenario.service import Service
from simulator.scenario.system import System
from simulator.scenario.tree import Tree

DEFAULT_START = datetime(2026, 3, 1, 2, tzinfo=UTC)
DEFAULT_HORIZON_MS = 24 * 3_600_000


class Run(Model):
    """How the scenario is run."""

    noun: ClassVar[str] = "`run`"
    seed: Natural = Field(1, description="the seed of all chance; default 1")
    start: Instant = Field(DEFAULT_START, description="the virtual instant of the start; default 2026-03-01T02:00:00Z")
    horizon_ms: Span = Field(DEFAULT_HORIZON_MS, description="the virtual time after which a run is given up; default 24h")


class Scenario(Model):
    """One situation: a fleet, an orchestrator, what goes wrong, and what must hold.

    Attributes are the file's keys in snake case, durations in milliseconds (`expect.rto_ms` is `expect: {rto: 45m}`).
    """

    noun: ClassVar[str] = "a scenario"
    title: Name = Field(alias="scenario", description="one sentence that says what happens")
    id: Name | None = Field(None, description="a key for reports that stays the same when the title changes")
    tags: tuple[Name, ...] = Field((), description="words to choose scenarios by")
    system: System = Field(
        default_factory=bundled_system, description="the orchestrator under test; default: the bundled one"
    )
    fleet: Fleet = Field(description="the servers to recover, in waves")
    drs: Service = Field(
        default_factory=lambda: Service.model_validate({}), description="how the simulated service differs from its defaults"
    )
    plan: JsonValue = Field(None, description="the plan document; default: made from the fleet. Servers stand in it by name")
    run: Run = Field(default_factory=lambda: Run.model_validate({}), description="seed, start and horizon")
    faults: Annotated[tuple[AnyFault, ...], AfterValidator(with_ids)] = Field((), description="what goes wrong")
    operators: tuple[Operator, ...] = Field((), description="who decides something while the recovery runs")
    expect: Expect = Field(default_factory=lambda: Expect.model_validate({}), description="what must hold")

    _path: Path = PrivateAttr(Path("scenario"))
    _tree: Tree = PrivateAttr(Tree(None))

    @model_validator(mode="after")
    def _operators_can_act(self) -> "Scenario":
        if self.system.operate is None and any(operator.decide != ABORT for operator in self.operators):
            raise objection("`operators` need `operate` in the system: how they reach the orchestrator")
        return self

    @property
    def path(self) -> Path:
        """The file, as it was named."""
        return self._path

    @property
    def key(self) -> str:
        """The scenario's key in reports: its id, else the file's name without its suffix."""
        return self.id or self._path.stem

    @property
    def plan_id(self) -> str:
        """The plan's identifier: the key in lower case, with dashes for everything but letters and digits."""
        return re.sub(r"[^a-z0-9]+", "-", self.key.lower()).strip("-") or "plan"

    def where(self, *location: str | int) -> str:
        """`file:line:column` of a part of the file, by its keys as they are spelled there: `where("expect", "rto")`.

        For a part that the file does not contain, the place of the nearest part around it.
        """
        position = self._tree.position(location)
        return f"{self._path}:{position.line}:{position.column}"


def read_from(scenario: Scenario, path: Path, tree: Tree) -> Scenario:
    """The same scenario, knowing the file that it was read from."""
    scenario._path, scenario._tree = path, tree
    return scenario
