"""Notices, while a run goes on, the moments that something of the scenario waits for."""

from collections.abc import Callable

from simulator.account.models import signing_name
from simulator.account.wire import Decoded
from simulator.account.world import World
from simulator.journal import Event
from simulator.scenario.triggers import At, CallIs, Trigger, WaveStarts
from simulator.targets.occurrences import Cast, asked_servers, reader

Action = Callable[[], None]


class Moment:
    """A moment that may come: `at_ms` once it has come, and what is then to be done. Actions must not wait."""

    def __init__(self, nth: int) -> None:
        self.at_ms: int | None = None
        self._left = nth
        self._actions: list[Action] = []

    def then(self, action: Action) -> None:
        """Do something when the moment comes."""
        self._actions.append(action)

    def came(self, at_ms: int) -> None:
        """It was seen once more; the time that counts does something."""
        self._left -= 1
        if self._left == 0:
            self.at_ms = at_ms
            for action in self._actions:
                action()


class Watch:
    """Watches a world for moments. What is asked of a service is noticed when it arrives, before it is answered."""

    def __init__(self, world: World, cast: Cast) -> None:
        self._world, self._cast = world, cast

    def moment(self, trigger: Trigger) -> Moment:
        """A moment to wait for, from now on."""
        moment = Moment(trigger.nth)
        match trigger.kind:
            case At(at_ms=at_ms):
                self._world.clock.call_at(at_ms, lambda: moment.came(at_ms))
            case WaveStarts(wave=wave):
                self._on_arrival(moment, self._first_for(self._cast.wave_ids(wave)))
            case CallIs(operation=operation, what="called"):
                service, name = operation.split(":")
                self._on_arrival(moment, lambda asked: (asked.service, asked.operation) == (signing_name(service), name))
            case _:
                self._on_events(moment, trigger)
        return moment

    def _on_arrival(self, moment: Moment, is_it: Callable[[Decoded], bool]) -> None:
        def arrived(request: Decoded) -> None:
            if self._world.account.is_recording and is_it(request):
                moment.came(self._world.clock.now_ms)

        self._world.account.on_arrival(arrived)

    @staticmethod
    def _first_for(servers: frozenset[str]) -> Callable[[Decoded], bool]:
        has_started = False

        def is_first(request: Decoded) -> bool:
            nonlocal has_started
            is_start = (request.service, request.operation) == ("drs", "StartRecovery")
            if has_started or not is_start or not servers & asked_servers(request.parameters):
                return False
            has_started = True
            return True

        return is_first

    def _on_events(self, moment: Moment, trigger: Trigger) -> None:
        told = reader(trigger.kind, self._cast)

        def happened(event: Event) -> None:
            if told.read(self._world.clock.now_ms, event) is not None:
                moment.came(self._world.clock.now_ms)

        for kind in told.kinds:
            self._world.journal.watch(kind, happened)
