"""Sets of faults and of operators' acts that nobody thought of, drawn from a pack of what can go wrong.

A set is drawn as swarm testing does it: first which kinds of fault may occur at all, then faults of these kinds. If all
kinds could occur in each set, some would keep others from ever being reached.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.account.known_faults import KNOWN
from simulator.account.wire import modelled_errors
from simulator.drs.replica import INITIATION_STEPS
from simulator.journal import ApiCall, FunctionInvoked, Journal
from simulator.runner.draws import Draws, some_of
from simulator.runner.reduction import LAST_CALL, Data, servers_of
from simulator.scenario.durations import format_duration

# What no orchestrator of recoveries meets: it does not extend, reverse or fail back. Of steps that fail, one is enough.
_BESIDE = frozenset({
    "extension-denied", "extension-broken", "reversal-too-early", "terminate-during-failback", "region-not-initialized",
    *(f"{step.lower().replace('_', '-')}-fails" for step in INITIATION_STEPS),
})  # fmt: skip
_ANY_TIME = ("ThrottlingException", "InternalFailure", "ServiceUnavailable", "ExpiredTokenException")
_DENIED = "AccessDeniedException"
# Refusals of these would be the caller's own mistake; no service gives them out of the blue.
_OWN_MISTAKES = (
    "Validation", "Invalid", "NotFound", "DoesNotExist", "AlreadyExists", "Mismatch", "TooLarge",
    "Idempotent", "ConditionalCheckFailed", "TransactionCanceled", "Uninitialized", "SizeLimit", "Unsupported", "NotReady",
    "KMS", "Kms", "EFS", "ENILimit", "Subnet", "SnapStart", "RecursiveInvocation",
    "Deleting", "RuntimeAlias", "RuntimeVersion", "CodeArtifact", "Version", "ModeNot", "Durable",
    "Disabled", "TimedOut",
)  # fmt: skip
_LONGEST_MS = 120_000  # what lasts longer than every retry together cannot be survived, nor recorded
_EXECUTION = ("pause", "resume", "cancel")
_WAVE = ("approve", "refuse", "skip", "retry", "continue")


@dataclass(frozen=True, slots=True)
class Pack:
    """What can go wrong: known faults by name, errors by the operations that can answer them, functions.

    `span_ms` is how long a run without faults takes, `can_operate` whether there is an API for operators. `only` are words
    of which a kind must have one to be drawn; none: all are.
    """

    known: tuple[str, ...]
    errors: Mapping[str, tuple[str, ...]]
    functions: tuple[str, ...]
    span_ms: int
    can_operate: bool = True
    only: tuple[str, ...] = ()

    @property
    def kinds(self) -> list[str]:
        """The kinds of fault and act that a set may have."""
        acts = ["operator acts", "operator acts twice", "operators hold and resume"] if self.can_operate else []
        calls = [f"{way} {operation}" for operation in self.errors for way in _WAYS]
        functions = [f"{fate} {function}" for function in self.functions for fate in _FATES]
        kinds = [*self.known, *calls, *functions, "events doubled", *acts, "abort"]
        return [kind for kind in kinds if not self.only or any(word in kind for word in self.only)]


def pack_of(journal: Journal, *, can_operate: bool = True) -> Pack:
    """The pack for a system, from the journal of a run without faults: what it called is what may fail."""
    called = {(call.service, call.operation) for _, call in journal.of(ApiCall)}
    errors = {f"{service}:{operation}": _errors(service, operation) for service, operation in sorted(called)}
    known = tuple(name for name in KNOWN if name not in _BESIDE)
    functions = tuple(dict.fromkeys(event.function for _, event in journal.of(FunctionInvoked)))
    return Pack(known, errors, functions, max(journal[-1].at_ms, 60_000), can_operate)


def random_faults(draws: Draws, fleet: Data, pack: Pack, most: int = 4) -> tuple[list[Data], list[Data]]:
    """(faults, operators) as a scenario's plain data; at least one of either."""
    kinds = some_of(draws, pack.kinds, 0.25) or [draws.one_of(pack.kinds)]
    faults: list[Data] = []
    operators: list[Data] = []
    for _ in range(draws.whole(1, most)):
        kind = draws.one_of(kinds)
        if kind in _ACTS:
            operators += _ACTS[kind](draws, fleet, pack)
        else:
            faults.append({"id": f"{kind} {len(faults) + 1}"} | _fault(draws, fleet, pack, kind))
    return faults, operators


def _errors(service: str, operation: str) -> tuple[str, ...]:
    own = [name for name in modelled_errors(service, operation) if not any(part in name for part in _OWN_MISTAKES)]
    denied = [] if service == "dynamodb" else [_DENIED]  # nobody can record anything without the table
    return tuple(dict.fromkeys([*own, *_ANY_TIME, *denied]))


def _fault(draws: Draws, fleet: Data, pack: Pack, kind: str) -> Data:
    what, _, whom = kind.partition(" ")
    if what in _WAYS:
        return {"api": whom} | _WAYS[what](draws, pack.errors[whom]) | _when(draws, pack)
    if what in _FATES:
        does = {"function": whom, "does": _FATES[what], "times": draws.whole(1, 3)}
        return does | ({"takesEffect": True} if draws.happens(0.5) else {})
    if kind == "events doubled":
        return {"event": "*", "does": "DUPLICATED"} | ({"times": draws.whole(1, 3)} if draws.happens(0.5) else {})
    return _known(draws, fleet, pack, kind)


# What becomes of a call, in ways that every retry together survives.
_WAYS: Mapping[str, Callable[[Draws, Sequence[str]], Data]] = {
    "refused": lambda draws, errors: {"error": draws.one_of(errors)},
    "unanswered": lambda draws, _: {"timeout": "30s", "takesEffect": draws.happens(0.5)},
    "slow": lambda draws, _: {"latency": draws.one_of(("1s", "20s"))},
}
_FATES = {"timeout": "TIMEOUT", "crash": "CRASH", "memory": "OUT_OF_MEMORY"}


def _when(draws: Draws, pack: Pack) -> Data:
    """How often a fault hits, or from when to when."""
    if draws.happens(0.5):
        return {"times": draws.whole(1, 4)}
    window = {"from": _instant(draws, pack), "for": _while(draws)}
    return {"during": window} | ({"rate": 0.5} if draws.happens(0.5) else {})


def _known(draws: Draws, fleet: Data, pack: Pack, name: str) -> Data:
    fault: Data = {"known": name}
    if KNOWN[name].needs_server:
        fault["server"] = draws.one_of([server for wave in fleet["waves"] for server in servers_of(wave)])
    if draws.happens(0.5):
        fault["times"] = draws.whole(1, 3)
    elif draws.happens(0.5):
        fault |= {"from": _instant(draws, pack), "for": _while(draws)}
    return fault


def _act(draws: Draws, fleet: Data, pack: Pack) -> list[Data]:
    """Somebody decides something, at an odd moment, where it makes sense or not."""
    act = {"when": _occasion(draws, fleet, pack)}
    if draws.happens(0.7):
        act["delay"] = _delay(draws)
    wave = draws.one_of([wave["name"] for wave in fleet["waves"]])
    return [act | {"decide": draws.one_of([*_EXECUTION, *(f"{operation} wave {wave}" for operation in _WAVE)])}]


def _twice(draws: Draws, fleet: Data, pack: Pack) -> list[Data]:
    """Two people decide the same at the same moment."""
    return _act(draws, fleet, pack) * 2


def _hold(draws: Draws, fleet: Data, pack: Pack) -> list[Data]:
    """Somebody pauses the recovery; later one person resumes it, or two do so at once."""
    when = _occasion(draws, fleet, pack)
    resume = {"when": when, "decide": "resume", "delay": _delay(draws)}
    return [{"when": when, "decide": "pause"}, *[resume] * draws.whole(1, 2)]


def _abort(draws: Draws, fleet: Data, pack: Pack) -> list[Data]:
    """Somebody stops the state machine."""
    return [{"when": _occasion(draws, fleet, pack), "decide": "abort", "delay": _delay(draws)}]


_ACTS: Mapping[str, Callable[[Draws, Data, Pack], list[Data]]] = {
    "operator acts": _act,
    "operator acts twice": _twice,
    "operators hold and resume": _hold,
    "abort": _abort,
}


def last_calls(fleet: Data) -> list[Data]:
    """What somebody does long after the end, so that a recovery which still goes on is not just one that was held back."""
    calls = [{"when": hour, "decide": "resume", "reason": LAST_CALL} for hour in ("30h", "40h", "50h")]
    paused = [wave["name"] for wave in fleet["waves"] if wave.get("onFailure") == "pause"]
    going_on = [(hour, f"continue wave {wave}") for hour in ("32h", "42h", "52h") for wave in paused]
    return calls + [{"when": hour, "decide": decide, "reason": LAST_CALL} for hour, decide in going_on]


def _while(draws: Draws) -> str:
    return format_duration(draws.whole(1, _LONGEST_MS // 1000) * 1000)


def _delay(draws: Draws) -> str:
    return format_duration(draws.whole(0, 1200) * 1000)


_Occasion = Callable[[Draws, str, Pack], str]
_OCCASIONS: Sequence[_Occasion] = (
    lambda draws, wave, pack: _instant(draws, pack),
    lambda draws, wave, pack: f"wave {wave} starts",
    lambda draws, wave, pack: f"wave {wave} is launched",
    lambda draws, wave, pack: "told waits for",
)


def _occasion(draws: Draws, fleet: Data, pack: Pack) -> str:
    names: list[Any] = [wave["name"] for wave in fleet["waves"]]
    return draws.one_of(_OCCASIONS)(draws, draws.one_of(names), pack)


def _instant(draws: Draws, pack: Pack) -> str:
    """An instant of a run without faults, or a little after it."""
    return format_duration(draws.whole(0, pack.span_ms * 5 // 4 // 1000) * 1000)
