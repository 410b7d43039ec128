"""A scenario as it is after reading: what happens to whom, and what must hold."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, PrivateAttr, model_validator

from simulator.json_types import JsonValue as PlainData
from simulator.scenario.bundled import bundled_system
from simulator.scenario.cost import Budget
from simulator.scenario.expect import Expect
from simulator.scenario.expressions import AnyAbortCondition
from simulator.scenario.faults import AnyFault, with_ids
from simulator.scenario.fields import Instant, Model, Name, Natural, OneOrMore, Span, Text, objection
from simulator.scenario.fleet import Fleet
from simulator.scenario.latency import Latency
from simulator.scenario.mocks import Mocks
from simulator.scenario.operators import Operator, Rollback
from simulator.scenario.probes import Probe
from simulator.scenario.requests import ApiRequest
from simulator.scenario.seeds import Seeds
from simulator.scenario.service import Service
from simulator.scenario.system import System, json_or_file
from simulator.scenario.thresholds import Thresholds
from simulator.scenario.tree import Tree

DEFAULT_START = datetime(2026, 3, 1, 2, tzinfo=UTC)
DEFAULT_HORIZON_MS = 24 * 3_600_000


class Run(Model):
    """How the scenario is run."""

    noun: ClassVar[str] = "`run`"
    seed: Natural = Field(1, description="the seed of all chance; default 1")
    seeds: Seeds | None = Field(None, description="several seeds, such as 1..500: a run each, and one verdict over all")
    start: Instant = Field(DEFAULT_START, description="the virtual instant of the start; default 2026-03-01T02:00:00Z")
    horizon_ms: Span = Field(DEFAULT_HORIZON_MS, description="the virtual time after which a run is given up; default 24h")

    @model_validator(mode="after")
    def _one_of_both(self) -> "Run":
        if {"seed", "seeds"} <= self.model_fields_set:
            raise objection("`seed` and `seeds` exclude each other", "keep one of them")
        return self

    @property
    def every_seed(self) -> Sequence[int]:
        """The seed of each run, in order."""
        return (self.seed,) if self.seeds is None else self.seeds


class Objectives(Model):
    """What the business was promised. It is shown beside what was reached; `expect` and `thresholds` check."""

    noun: ClassVar[str] = "`objectives`"
    rto_ms: Span | None = Field(None, description="the recovery time objective")
    rpo_ms: Span | None = Field(None, description="the recovery point objective")
    source: Text | None = Field(None, description="where that is written, such as the business impact analysis")


class Scenario(Model):
    """One situation: a fleet, an orchestrator, what goes wrong, and what must hold.

    Attributes are the file's keys in snake case, durations in milliseconds (`expect.rto_ms` is `expect: {rto: 45m}`).
    """

    noun: ClassVar[str] = "a scenario"
    title: Name = Field(alias="scenario", description="one sentence that says what happens")
    id: Name | None = Field(None, description="a key for reports that stays the same when the title changes")
    tags: tuple[Name, ...] = Field((), description="words to choose scenarios by")
    objectives: Objectives = Field(
        default_factory=lambda: Objectives.model_validate({}), description="what the business was promised; shown in reports"
    )
    controls: tuple[Name, ...] = Field(
        (), description="the controls that the scenario is evidence for, such as ISO22301:8.5; shown in reports"
    )
    extends: Text | None = Field(None, description="another scenario file that this one builds on")
    include: tuple[Text, ...] = Field((), description="files whose keys are joined with these; their lists come first")
    matrix: dict[Name, JsonValue] = Field(
        default_factory=dict, description="values by name, a list or a mapping: a run with each combination of them"
    )
    system: System = Field(
        default_factory=bundled_system, description="the orchestrator under test; default: the bundled one"
    )
    fleet: Fleet = Field(description="the servers to recover, in waves")
    drs: Service = Field(
        default_factory=lambda: Service.model_validate({}), description="how the simulated service differs from its defaults"
    )
    plan: Annotated[JsonValue, BeforeValidator(json_or_file)] = Field(
        None,
        description="the plan document, or the path of a JSON file with it; default: made from the fleet. Servers stand"
        " in it by name",
    )
    mocks: Mocks | None = Field(
        None, description="a test case of a MockConfigFile.json (Step Functions Local): answers of tasks, written beforehand"
    )
    run: Run = Field(default_factory=lambda: Run.model_validate({}), description="seed, start and horizon")
    faults: Annotated[tuple[AnyFault, ...], AfterValidator(with_ids)] = Field((), description="what goes wrong")
    runbooks: dict[Name, Latency] = Field(
        default_factory=dict, description="how long runbooks and commands of Systems Manager take, by the document's name"
    )
    health: dict[Name, Latency] = Field(
        default_factory=dict,
        description="how long after its wave's last launch an alarm or address turns green, by its name; default: a minute",
    )
    operators: tuple[Operator, ...] = Field((), description="who decides something while the recovery runs")
    requests: tuple[ApiRequest, ...] = Field(
        (), description="what else is asked of the orchestrator's API while the recovery runs, and what it has to answer"
    )
    steady_state: tuple[Probe, ...] = Field((), description="what holds before and after: the steady-state hypothesis")
    abort_if: Annotated[tuple[AnyAbortCondition, ...], OneOrMore()] = Field(
        (), description="when the run is given up: `elapsed > 6h`, or a moment; one or a list"
    )
    rollbacks: tuple[Rollback, ...] = Field((), description="what is done when the run is given up")
    expect: Expect = Field(default_factory=lambda: Expect.model_validate({}), description="what must hold, with every seed")
    thresholds: Thresholds = Field(
        default_factory=lambda: Thresholds.model_validate({}), description="what must hold over all seeds together"
    )

    _path: Path = PrivateAttr(Path("scenario"))
    _tree: Tree = PrivateAttr(Tree(None))
    _cell: Mapping[str, str] = PrivateAttr({})

    @model_validator(mode="after")
    def _operators_can_act(self) -> "Scenario":
        decisions = [one.decide for one in self.operators] + [one.decide for one in self.rollbacks if one.decide is not None]
        if self.system.operate is None and any(decision.needs_api for decision in decisions):
            raise objection("`operators` need `operate` in the system: how they reach the orchestrator")
        if self.handler_of_requests is None and any(request.handler is None for request in self.requests):
            raise objection("`requests` need a `handler`: the system says neither how it is started nor operated by one")
        return self

    @property
    def handler_of_requests(self) -> str | None:
        """Who takes requests that name no handler: whom operators reach, else whom the request that starts goes to."""
        operate, start = self.system.operate, self.system.start
        return operate.handler if operate is not None else start.handler

    def with_budget(self, usd: float) -> "Scenario":
        """The same scenario, held to costing no more than so many US dollars; its own prices stay."""
        budget = self.expect.cost or Budget.model_validate({"atMost": "0 USD"})
        cost = budget.model_copy(update={"at_most_usd": usd})
        return self.model_copy(update={"expect": self.expect.model_copy(update={"cost": cost})})

    @property
    def path(self) -> Path:
        """The file, as it was named."""
        return self._path

    @property
    def key(self) -> str:
        """The scenario's key in reports: its id, else the file's name without its suffix."""
        return self.id or self._path.stem

    @property
    def cell(self) -> Mapping[str, str]:
        """The values that this run of a matrix has, by their names; empty for a file without a matrix."""
        return self._cell

    @property
    def plan_id(self) -> str:
        """The plan's identifier: the key in lower case, with dashes for everything but letters and digits."""
        return re.sub(r"[^a-z0-9]+", "-", self.key.lower()).strip("-") or "plan"

    @property
    def data(self) -> PlainData:
        """What the file says, as plain data."""
        return self._tree.data

    def where(self, *location: str | int) -> str:
        """`file:line:column` of a part of the file, by its keys as they are spelled there: `where("expect", "rto")`.

        For a part that the file does not contain, the place of the nearest part around it.
        """
        position = self._tree.position(location)
        return f"{position.file or self._path}:{position.line}:{position.column}"

    @property
    def line(self) -> int | None:
        """The line of its title; None where that stands in another file."""
        position = self._tree.position(("scenario",))
        return position.line if position.file in (None, str(self._path)) else None


def read_from(scenario: Scenario, path: Path, tree: Tree, cell: Mapping[str, str]) -> Scenario:
    """The same scenario, knowing the file that it was read from and which run of its matrix it is."""
    scenario._path, scenario._tree, scenario._cell = path, tree, cell
    return scenario
