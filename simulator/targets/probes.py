"""Reads the probes of a steady-state hypothesis: JMESPath over what the simulated account looks like."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import jmespath

from simulator.account import moto_services
from simulator.account.world import ACCOUNT_ID, World
from simulator.drs.region import Region
from simulator.errors import Problem, ScenarioError
from simulator.journal import Probed
from simulator.json_types import JsonObject, JsonValue

if TYPE_CHECKING:
    from simulator.targets.staging import Stage


def read_probes(stage: "Stage", when: str) -> bool:
    """Note what every probe of the scenario answers, `before` or `after`; whether all are within their tolerances.

    Raises ScenarioError for a probe that cannot be answered.
    """
    probes = stage.scenario.steady_state
    if not probes:
        return True
    document = account_document(stage.world, {name: stage.table(name) for name in stage.scenario.system.tables})
    answers = [_answer(stage, index, probe.probe, document) for index, probe in enumerate(probes)]
    for probe, answer in zip(probes, answers, strict=True):
        stage.world.journal.record(Probed(when, probe.probe, answer))
    return all(probe.holds(answer) for probe, answer in zip(probes, answers, strict=True))


def _answer(stage: "Stage", index: int, probe: str, document: JsonObject) -> JsonValue:
    try:
        answer: JsonValue = jmespath.search(probe, document)
    except jmespath.exceptions.JMESPathError as error:
        where = stage.scenario.where("steadyState", index, "probe")
        raise ScenarioError([Problem(where, f"the probe cannot be answered: {error}")]) from error
    return answer


def account_document(world: World, tables: Mapping[str, str]) -> JsonObject:
    """What probes see: the servers, jobs and instances of DRS in all places, executions, and tables with their items.

    `tables` maps what the scenario calls them to their names in DynamoDB.
    """
    regions = world.drs.regions
    return {
        "drs": {
            "servers": [server for region in regions for server in _servers(region)],
            "jobs": [
                {"id": job.id, "type": job.type, "status": job.status}
                for region in regions
                for job in region.state.jobs.values()
            ],
            "instances": [
                {"id": one.id, "server": one.server.name, "state": one.state, "isDrill": one.is_drill}
                for region in regions
                for one in region.state.instances.values()
            ],
        },
        "executions": [{"name": one.name, "status": one.status} for one in world.executions],
        "tables": {name: [*table_items(world, actual)] for name, actual in tables.items()},
    }


def _servers(region: Region) -> list[JsonValue]:
    now_ms = region.state.clock.now_ms
    return [
        {
            "id": server.id,
            "name": server.name,
            "state": server.replication.state,
            "error": server.replication.error,
            "lagSeconds": server.replica.transfer.lag_at(now_ms) / 1000,
            "account": region.state.account_id,
            "region": region.state.name,
            "tags": dict(server.tags),
        }
        for server in region.state.servers.values()
    ]


def table_items(world: World, table: str) -> list[JsonObject]:
    """All items of a table by its name in DynamoDB, as plain values. Faults do not concern who looks."""
    client: Any = moto_services.client("dynamodb", world.region, ACCOUNT_ID)
    with world.faults.held():
        found = client.scan(TableName=table, ConsistentRead=True)["Items"]
    return [{name: moto_services.from_dynamodb(value) for name, value in item.items()} for item in found]
