"""A world: simulated AWS accounts with their clock, chance and journal, run once and thrown away."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any

from simulator.account import event_loops, moto_services, network, node, seam, surroundings, threads, watchdog
from simulator.account.account import Account, Wording, caller
from simulator.account.around_drs import ec2_mirror
from simulator.account.around_drs.call_events import CallEvents
from simulator.account.around_drs.drs_events import DrsEvents
from simulator.account.around_drs.ec2_mirror import Ec2Mirror
from simulator.account.around_drs.ec2_witness import Ec2Witness
from simulator.account.around_drs.exports import Exports
from simulator.account.around_drs.metrics import DrsMetrics
from simulator.account.around_drs.pit_events import PitEvents
from simulator.account.cloudformation import stacks
from simulator.account.deployed_code import DeployedCode
from simulator.account.elsewhere import Elsewhere, Ran
from simulator.account.events.bus import EventBuses
from simulator.account.events.executions import ExecutionEvents
from simulator.account.events.put_events import put_events
from simulator.account.faults import FaultBoard
from simulator.account.identity import Identities, Sts
from simulator.account.place import Place, place
from simulator.account.sites import Sites
from simulator.account.sns_outlets import SnsOutlets
from simulator.account.ssm import api as ssm
from simulator.account.ssm import content_checks
from simulator.account.ssm.api import SsmApi
from simulator.account.ssm.documents import Document
from simulator.account.ssm.launch_actions import LaunchActionRunner
from simulator.account.ssm.outcomes import Outcomes
from simulator.account.ssm.recovered import Recovered
from simulator.account.trust import Roles
from simulator.account.wire import Decoded
from simulator.clock import VirtualClock
from simulator.drs.refusals import unreadable, validation_error
from simulator.drs.service import DrsService
from simulator.drs.settings import Settings
from simulator.journal import Entries, FaultFired, HistoryEvent, Journal
from simulator.rng import Chance

ACCOUNT_ID = "123456789012"


class World:
    """Everything a run consists of. Use it inside `installed()`.

    `functions` and `states` are those of the home account in the world's own Region, `at` has those of every other place;
    `roles` has the trust policies of roles that are to be assumed only by some, `events` the event buses. `ssm_documents`
    are known to Systems Manager besides AWS's own and the account's, `ssm_outcomes` say how what it runs is to end.
    `code` is what functions were deployed as, `sites` are the web addresses that answer. `elsewhere`, if there is one, is a
    Step Functions that is not ours and runs the executions in the place of ours. `entries` is where the journal is kept, in
    memory unless given.
    """

    def __init__(
        self, seed: int, start: datetime, region: str, drs_settings: Settings, entries: Entries | None = None
    ) -> None:
        self.region = region
        self.clock = VirtualClock(start)
        self.chance = Chance(seed)
        self.journal = Journal(lambda: self.clock.now_ms, entries)
        self.faults = FaultBoard(self.chance, self.journal)
        self.drs = DrsService(self.clock, self.chance, self.journal, drs_settings)
        self.code = DeployedCode()
        self.elsewhere: Elsewhere | None = None
        self._places: dict[tuple[str, str], Place] = {}
        self._managers: dict[tuple[str, str], SsmApi] = {}
        self.ssm_documents: dict[str, Document] = {}
        self.ssm_outcomes = Outcomes(lambda one: self.journal.record(FaultFired(one.fault, one.document, one.ending)))
        self.sites = Sites()
        self._recovered = Recovered(self.clock, self.chance, self.drs)
        self.drs.run_actions_with(LaunchActionRunner(self.clock, self.ssm))
        home = self.at(ACCOUNT_ID, region)
        self.functions, self.states = home.functions, home.states
        self.roles = Roles()
        identities = Identities(ACCOUNT_ID)
        self.events = EventBuses(self.clock, self.chance, self.journal)
        drs_events = DrsEvents(self.events, self.drs)
        self.drs.subscribe(drs_events.observe)
        self.journal.watch(HistoryEvent, ExecutionEvents(self.events, self._states).watch)
        ec2 = Ec2Mirror(self.clock, self.chance, self.drs)
        self._ec2_witness = Ec2Witness(self.drs, ec2)
        Exports(self.chance, self.drs)
        sts = Sts(self.clock, self.chance, identities, self.roles, caller)
        self._call_events = CallEvents(self.clock, self.chance, self.events, sts)
        self.account = Account(
            ACCOUNT_ID,
            self.clock,
            self.journal,
            self.faults,
            own={
                "drs": self._drs,
                "states": self._states,
                "lambda": self._lambda,
                "events:PutEvents": partial(put_events, self.events),
                "sts:AssumeRole": sts.assume_role,
                "sts:GetCallerIdentity": sts.get_caller_identity,
                **{f"ssm:{operation}": self._ssm for operation in ssm.OPERATIONS},
            },
            wordings={"drs": Wording(validation_error, unreadable)},
            identities=identities,
            before={
                **dict.fromkeys(ec2_mirror.DEPENDENT, ec2.catch_up),
                "cloudformation": stacks.ready,
                "monitoring": DrsMetrics(self.clock, self.drs).catch_up,
                "ssm": content_checks.check,
                "sns": SnsOutlets(self.clock, self.journal).prepare,
            },
        )

        self.account.on_arrival(PitEvents(self.clock, self.drs, drs_events).arrived)

    @property
    def executions(self) -> Sequence[Ran]:
        """Every execution of the home account in the world's own Region, in the order of their starts."""
        return self.elsewhere.executions if self.elsewhere else list(self.states.executions.values())

    def at(self, account_id: str, region: str) -> Place:
        """What an account has in a Region."""
        if (account_id, region) not in self._places:
            chance = self.chance
            if (account_id, region) != (ACCOUNT_ID, self.region):  # functions of the same name must not share their luck
                chance = Chance(chance.stream("place", f"{account_id}/{region}").bits())
            found = place(self.clock, chance, self.journal, self.faults, self.code, account_id, region)
            self._places[account_id, region] = found
        return self._places[account_id, region]

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Let this process's boto3, time and randomness be the world's; end every process of the world on the way out."""
        with (
            network.closed(),
            self.sites.answering(),
            surroundings.installed(self.clock, self.chance),
            threads.installed(),
            event_loops.installed(),
            watchdog.watching(self.clock),
            seam.answering(self.account.answer),
            node.answering(self.account.answer),
        ):
            moto_services.reset(self.chance)
            try:
                yield
            finally:
                self.clock.close()

    def ssm(self, account_id: str = ACCOUNT_ID, region: str | None = None) -> SsmApi:
        """Systems Manager of an account and Region; the home account's in the world's Region unless told otherwise."""
        where = account_id, region or self.region
        if where not in self._managers:
            chance = self.chance
            if where != (ACCOUNT_ID, self.region):
                chance = Chance(chance.stream("ssm", "/".join(where)).bits())
            given, outcomes = self.ssm_documents, self.ssm_outcomes
            manager = self._managers[where] = SsmApi(self.clock, chance, self.journal, *where, given, outcomes)
            manager.instances.look = partial(self._recovered.look, *where)
        return self._managers[where]

    def _ssm(self, request: Decoded) -> Mapping[str, Any]:
        return self.ssm(request.account_id, request.region).call(request)

    def _drs(self, request: Decoded) -> Mapping[str, Any]:
        self._ec2_witness.look(request)
        return self._call_events.watched(request, self._ask_drs)

    def _ask_drs(self, request: Decoded) -> Mapping[str, Any]:
        return self.drs.call(request.account_id, request.region, request.operation, request.parameters)

    def _states(self, request: Decoded) -> Mapping[str, Any]:
        if self.elsewhere:
            return self.elsewhere.call(request)
        return self.at(request.account_id, request.region).states.call(request)

    def _lambda(self, request: Decoded) -> Mapping[str, Any]:
        """Lambda's answer; a function that is named by its ARN may be another account's."""
        parts = str(request.parameters.get("FunctionName", "")).split(":")
        account_id = parts[4] if len(parts) > 6 else request.account_id
        return self.at(account_id, request.region).lambda_api.call(request)
