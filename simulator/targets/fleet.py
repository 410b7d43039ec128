"""Puts a scenario's servers where it says: into accounts and Regions that have DRS, and roles that lead there."""

from collections.abc import Mapping

from simulator.account import moto_services
from simulator.account.world import ACCOUNT_ID, World
from simulator.drs.region import Region
from simulator.errors import Problem, ScenarioError, ServiceError
from simulator.json_types import JsonObject
from simulator.scenario.fleet import Fleet, Wave
from simulator.scenario.model import Scenario


def build_fleet(world: World, scenario: Scenario) -> Mapping[str, Region]:
    """Every server of a fleet, by its name, with the service of the account and Region that it is recovered in.

    Raises ScenarioError for servers that cannot be extended to where they are to be recovered.
    """
    world.drs.region(ACCOUNT_ID, world.region).initialize()
    placed: dict[str, Region] = {}
    problems = []
    for number, wave in enumerate(scenario.fleet.waves):
        region = _region(world, wave.account or ACCOUNT_ID, wave)
        if scenario.fleet.failback is not None and wave.origin_region is not None:
            world.drs.region(wave.account or ACCOUNT_ID, wave.origin_region).initialize()
        if wave.account is not None:
            world.roles.declare(f"arn:aws:iam::{wave.account}:role/{wave.role}", _trust(wave))
        try:
            _place(world, scenario.fleet, wave, region)
        except ServiceError as error:
            where = scenario.where("fleet", "waves", number, "stagingAccount")
            problems.append(Problem(where, f"its servers cannot be extended: {error.message}"))
        placed |= dict.fromkeys(wave.server_names, region)
    if problems:
        raise ScenarioError(problems)
    return placed


def _place(world: World, fleet: Fleet, wave: Wave, region: Region) -> None:
    """Let a wave's servers be known to DRS. Raises ServiceError."""
    replicating = region if wave.staging_account is None else _region(world, wave.staging_account, wave)
    for name in wave.server_names:
        replicating.add_source_server(
            name,
            profile=fleet.profile.name,
            platform=fleet.profile.platform,
            tags=wave.tags,
            volumes_gib=wave.volumes,
            replication_state=wave.replication,
            origin_region=wave.origin_region,
        )
        if wave.staging_account is not None:
            region.extend(replicating, name, wave.tags)


def _region(world: World, account_id: str, wave: Wave) -> Region:
    """DRS, set up, in an account and the Region that a wave is recovered in."""
    region = world.drs.region(account_id, wave.region or world.region)
    region.initialize()
    return region


def forward_events(world: World) -> None:
    """Let every other account and Region send its events of DRS to the home account's bus, as a landing zone would."""
    home = f"arn:aws:events:{world.region}:{ACCOUNT_ID}:event-bus/default"
    for region in world.drs.regions:
        place = region.state.account_id, region.state.name
        if place != (ACCOUNT_ID, world.region):
            events = moto_services.client("events", place[1], place[0])
            events.put_rule(Name="forward-drs", EventPattern='{"source": ["aws.drs"]}', State="ENABLED")
            events.put_targets(Rule="forward-drs", Targets=[{"Id": "home", "Arn": home}])


def _trust(wave: Wave) -> JsonObject:
    """Who may assume the role in a wave's account: the home account, with the wave's external id if it has one."""
    statement: JsonObject = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"},
        "Action": "sts:AssumeRole",
    }
    if wave.external_id is None:
        return {"Version": "2012-10-17", "Statement": [statement]}
    condition: JsonObject = {"Condition": {"StringEquals": {"sts:ExternalId": wave.external_id}}}
    return {"Version": "2012-10-17", "Statement": [{**statement, **condition}]}
