"""A target that is an engine of somebody else's: the world is on a port, in paced time, and the engine calls it there."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Event, Thread
from typing import Protocol

from simulator.account.functions import SimulatorBug
from simulator.account.world import ACCOUNT_ID, World
from simulator.errors import ClockStopped, HorizonReached, Problem, ScenarioError, ServiceError, SimulationLimit, UserError
from simulator.journal import Answered
from simulator.pacing import PacedClock
from simulator.scenario.model import Scenario
from simulator.targets import embedded
from simulator.targets.aborting import Aborted
from simulator.targets.conducting import conduct, staged, world_for
from simulator.targets.outside.connection import Connection
from simulator.targets.outside.engines import COVERAGE, MOCKS, PACED, WAITS, Engine
from simulator.targets.outside.executions import EngineIsNeeded, OutsideStates, Page
from simulator.targets.outside.retelling import retold
from simulator.targets.outside.times import Times
from simulator.targets.recording import ABORTED, Recording
from simulator.targets.target import Ability, Lacks
from simulator.wall import Epoch

_BY_UP = "start it with `drsim up`"
LOOK_SECONDS = 0.05  # how often, in wall time, the engine is asked what has happened


class Port(Protocol):
    """Where worlds are served, one at a time."""

    @property
    def url(self) -> str:
        """The address."""

    def serving(self, world: World, paced: PacedClock) -> AbstractContextManager[None]:
        """Answer requests in a world for as long as the context lasts. Until then, and after, they are refused."""

    def close(self) -> None:
        """Give the port up."""


class OutsideTarget:
    """Runs scenarios on an engine, one after the other; `speed` is in virtual seconds a wall second.

    Engine and port are opened for the first scenario. `open_port` binds the port that the engine calls the world on.
    """

    def __init__(self, engine: Engine, open_port: Callable[[], Port], speed: float) -> None:
        self._engine, self._open_port, self._speed = engine, open_port, speed
        self._port: Port | None = None
        self._url = ""

    @property
    def name(self) -> str:
        """The engine's."""
        return self._engine.name

    @property
    def lacks(self) -> Lacks:
        """What the engine cannot do; being exact, telling how long something takes at a speed, and coverage are among it."""
        paced = {Ability.DURATIONS: PACED.format(speed=self._speed)} if self._speed != 1 else {}
        return {Ability.EXACT_WAITS: WAITS, Ability.COVERAGE: COVERAGE, Ability.MOCKS: MOCKS, **paced, **self._engine.lacks}

    def run(self, scenario: Scenario, seed: int) -> Recording:
        """Run a scenario once. Raises UserError for what it names and cannot be used, and if no engine is there."""
        epoch, world = Epoch(), world_for(scenario, seed)
        if self._port is None:
            self._port = self._open_port()
            self._url = self._engine.open(self._port.url, self._speed)
        engine = Connection(self._url, ACCOUNT_ID, world.region, self._engine.noun)
        forgets_at = self._engine.reset_path()
        if forgets_at is not None and engine.send("POST", forgets_at)[0] >= 300:
            raise UserError([Problem(self._url, f"{self._engine.noun} does not forget its last run", _BY_UP)])
        times = Times(world.clock.start.timestamp(), self._speed)
        states = OutsideStates(world, engine, times)
        with world.installed():
            stage = staged(world, scenario, seed)
            _deploy(world, states, scenario)
            world.elsewhere = states
            performance = _Performance(world, states, times, epoch, self._port, self._speed)
            virtual_ms = conduct(stage, lambda: performance.run_out(scenario.run.horizon_ms))
        return Recording(retold(world.journal, states.instants), stage.server_ids, virtual_ms)

    def close(self) -> None:
        """Give up the port, and end an engine that is ours."""
        self._engine.close()
        if self._port is not None:
            self._port.close()
            self._port = None


def _deploy(world: World, states: OutsideStates, scenario: Scenario) -> None:
    """Create every state machine of the world on the engine. Raises ScenarioError for what it refuses."""
    problems = []
    for machine in world.states.machines():
        try:
            arn = states.deploy(machine.name, machine.revision.definition, machine.revision.role_arn, machine.type)
        except ServiceError as refusal:
            where = scenario.where("system")
            problems.append(Problem(where, f"the engine refuses the state machine {machine.name}: {refusal}"))
            continue
        if arn != machine.arn:
            hint = "start it for the account and Region of the scenario"
            problems.append(Problem(scenario.where("fleet", "region"), f"the engine says {arn} for {machine.arn}", hint))
    if problems:
        raise ScenarioError(problems)


class _Performance:
    """Lets a world run in paced time, and follows the engine beside it, until no execution runs any more."""

    def __init__(self, world: World, states: OutsideStates, times: Times, epoch: Epoch, port: Port, speed: float) -> None:
        self._world, self._states, self._times, self._epoch = world, states, times, epoch
        self._port, self._speed = port, speed
        self._error: BaseException | None = None
        self._is_over = Event()

    def run_out(self, horizon_ms: int) -> tuple[str, str]:
        """Let everything come to its end; why that came."""
        while True:
            failure = self._follow_until_over(horizon_ms)
            match failure:
                case None:
                    pass
                case Aborted():
                    return ABORTED, str(failure)
                case SimulationLimit():
                    return type(failure).__name__, str(failure)
                case SimulatorBug():
                    raise failure.__cause__ or failure
                case _:
                    raise failure
            # What is left concerns nobody outside, and need not take its time.
            self._states.leave()
            try:
                ended = embedded.run_out(self._world, horizon_ms)
            except EngineIsNeeded:
                continue
            if ended[0] != "finished" or not self._states.running():
                return ended

    def _follow_until_over(self, horizon_ms: int) -> BaseException | None:
        """See the executions through; what kept that from being done."""
        self._error = None
        paced = PacedClock(self._world.clock, self._speed, lambda error: self._fail(paced, error))
        self._is_over.clear()
        follower = Thread(target=self._follow, args=(paced, horizon_ms), name="follower", daemon=True)
        self._times.note(self._epoch.seconds(), self._world.clock.now_ms)
        with self._port.serving(self._world, paced):
            self._states.follow()
            follower.start()
            paced.run()
            self._is_over.set()
            follower.join()
        return self._error

    def _fail(self, paced: PacedClock, error: BaseException) -> None:
        self._error = self._error or error
        self._is_over.set()
        paced.stop()

    def _follow(self, paced: PacedClock, horizon_ms: int) -> None:
        """In a thread of its own: ask the engine what has happened, and have it written down in the world's."""
        while not self._is_over.wait(LOOK_SECONDS):
            try:
                pages = [self._states.fetch(execution) for execution in self._states.running()]
                paced.submit("look", lambda pages=pages: self._look(paced, pages, horizon_ms)).result()  # type: ignore[misc]
            except ClockStopped:
                return
            except (UserError, ServiceError) as error:
                self._fail(paced, error)
                return

    def _look(self, paced: PacedClock, pages: list[Page], horizon_ms: int) -> None:
        self._times.note(self._epoch.seconds(), self._world.clock.now_ms)
        for page in pages:
            self._states.record(page)
        if self._is_asked() and not self._states.running():
            self._is_over.set()
            paced.stop()
        elif self._world.clock.now_ms >= horizon_ms:
            self._fail(paced, HorizonReached.at(horizon_ms))

    def _is_asked(self) -> bool:
        """Whether the request for the recovery has been answered."""
        return next(self._world.journal.of(Answered), None) is not None
