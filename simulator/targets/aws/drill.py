"""A scenario against a deployed stack: what is asked of AWS, and what AWS is asked for."""

from collections.abc import Callable, Mapping
from typing import Any

from simulator.account import gateway
from simulator.account.gateway import Route
from simulator.errors import HorizonReached, Problem, ScenarioError, UserError
from simulator.journal import Answered, Event, Journal, RunEnded
from simulator.scenario.model import Scenario
from simulator.scenario.names import did_you_mean
from simulator.scenario.plan import plan_document, substitute, values_of
from simulator.targets.aws.deployed import Deployed
from simulator.targets.aws.telling import Dated, Telling, told
from simulator.targets.requests import answered, json_request

POLL_SECONDS = 5.0
_MAX_STARTING = 24  # polls for the execution that a request starts


class Drill:
    """A scenario against a deployed stack."""

    def __init__(self, cloud: Deployed, scenario: Scenario) -> None:
        self._cloud, self._scenario = cloud, scenario
        self._resources = cloud.resources()
        self._regions = sorted({wave.region or cloud.region for wave in scenario.fleet.waves})
        self.server_ids = self._found_servers()
        plan = plan_document(scenario, self.server_ids)
        self._values = values_of(scenario, plan, self.server_ids)
        self._machine = self._resource("resource", scenario.system.resource or "").id

    def question(self) -> str:
        """What is going to happen, for somebody to agree to."""
        kind = "as a drill" if self._scenario.fleet.drill else "as a REAL RECOVERY"
        servers = f"{len(self.server_ids)} source servers in {', '.join(self._regions)}"
        tables = ", ".join(self._scenario.system.tables) or "no table"
        return (
            f"{self._scenario.title}: launch {servers} of account {self._cloud.account()} {kind}, by the stack"
            f" {self._cloud.stack}? The plan {self._values['planId']} is written into {tables}. Instances cost money"
            " until they are terminated. Go on?"
        )

    def begin(self, pause: Callable[[float], None]) -> tuple[Answered, str | None]:
        """Ask for the recovery; the answer, and the execution that it started."""
        before = set(self._cloud.executions(self._machine))
        self._write_plan()
        start = self._scenario.system.start
        if start.handler is None or start.request is None:
            execution = self._cloud.start(self._machine, substitute(start.input, self._values))
            return Answered(200, {"executionArn": execution}), execution
        request = start.request
        resource = self._resource("start", start.handler)
        function = self._cloud.function(resource, request.method, request.path)
        asked = json_request(request.method, request.path, substitute(request.body, self._values))
        event = gateway.event(Route(function, request.path), asked, self._cloud.account(), 0)
        answer = answered(self._cloud.invoke(function, event))
        if answer.status >= 400:
            return answer, None
        for _ in range(_MAX_STARTING):
            started = [arn for arn in self._cloud.executions(self._machine) if arn not in before]
            if started:
                return answer, started[-1]
            pause(POLL_SECONDS)
        raise UserError([Problem(self._cloud.stack, "the request was granted, and no execution has begun")])

    def follow(self, execution: str, pause: Callable[[float], None]) -> tuple[str, str]:
        """Wait for the end of an execution; why the run ended."""
        for _ in range(max(1, int(self._scenario.run.horizon_ms / 1000 / POLL_SECONDS))):
            if self._cloud.describe(execution)["status"] != "RUNNING":
                return "finished", ""
            pause(POLL_SECONDS)
        limit = HorizonReached.at(self._scenario.run.horizon_ms)
        return type(limit).__name__, str(limit)

    def told(self, seed: int, answer: Answered, execution: str | None, ended: RunEnded) -> Journal:
        """Everything that AWS tells of it, as a journal."""
        happened: list[Dated] = []
        end: list[Event] = [ended]
        if execution is not None:
            telling = Telling(self._cloud, self._machine, execution)
            happened += telling.history()
            for region in self._regions:
                happened += telling.jobs(region, frozenset(self.server_ids.values()))
            record = self._scenario.system.record
            if record is not None:
                end.insert(0, telling.record(record.table, self._resource("record", record.table).id, record.key))
        return told(self._scenario, seed, self.server_ids, answer, happened, end)

    def _write_plan(self) -> None:
        for name, table in self._scenario.system.tables.items():
            for item in table.items:
                written = substitute(item, self._values)
                assert isinstance(written, Mapping)
                self._cloud.put(self._resource("tables", name).id, written)

    def _found_servers(self) -> Mapping[str, str]:
        found, problems = {}, []
        known = {region: self._cloud.servers(region) for region in self._regions}
        for number, wave in enumerate(self._scenario.fleet.waves):
            there = known[wave.region or self._cloud.region]
            for name in wave.server_names:
                if name in there:
                    found[name] = there[name]
                else:
                    where = self._scenario.where("fleet", "waves", number)
                    hint = did_you_mean(name, sorted(there))
                    problems.append(Problem(where, f"DRS has no source server named `{name}`", hint))
        if problems:
            raise ScenarioError(problems)
        return found

    def _resource(self, key: str, name: str) -> Any:
        if name not in self._resources:
            where, hint = self._scenario.where("system", key), did_you_mean(name, sorted(self._resources))
            raise ScenarioError([Problem(where, f"the stack {self._cloud.stack} has no resource `{name}`", hint)])
        return self._resources[name]
