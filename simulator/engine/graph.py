"""Where the states of a workflow lead: targets that are missing, states that nothing leads to, workflows without an end."""

from collections.abc import Iterator, Mapping, Sequence

from simulator.engine.field_checks import STATE_FIELDS
from simulator.engine.findings import END, TARGET, Finding, Pointer, nearest
from simulator.json_types import JsonObject, JsonValue


def check_transitions(owner: JsonObject, at: Pointer) -> Iterator[Finding]:
    """Findings about StartAt, Next, Default and End in one machine, branch or processor (not those inside of it)."""
    states, start = owner.get("States"), owner.get("StartAt")
    if not isinstance(states, Mapping) or not isinstance(start, str) or not states:
        return
    if start not in states:
        yield _missing(start, (*at, "StartAt"), states)
    for name, state in states.items():
        for pointer, target in targets(state):
            if target not in states:
                yield _missing(target, (*at, "States", name, *pointer), states)
    if not any(map(_ends, states.values())):
        yield Finding(END, "Workflow has no terminal state", None)
        return
    reached = reachable(start, states)
    for name in states:
        if name not in reached:
            yield Finding(TARGET, f'State "{name}" is not reachable.', (*at, "States", name))


def targets(state: JsonValue) -> Iterator[tuple[Pointer, str]]:
    """Every state that a state may lead to, with the way to the field that says so."""
    if not isinstance(state, Mapping):
        return
    supported = STATE_FIELDS.get(str(state.get("Type")), {})
    for name in ("Next", "Default"):
        if isinstance(target := state.get(name), str) and name in supported:
            yield (name,), target
    for field in ("Choices", "Catch"):
        rules = state.get(field)
        for index, rule in enumerate(rules if isinstance(rules, list) and field in supported else []):
            if isinstance(rule, Mapping) and isinstance(target := rule.get("Next"), str):
                yield (field, index, "Next"), target


def reachable(start: str, states: JsonObject) -> set[str]:
    """The names of the states that can be reached from the first."""
    return set(walk(start, states))


def walk(start: str, states: JsonObject) -> list[str]:
    """The names of the states that can be reached from the first, the nearest first."""
    reached, order = {start}, [start]
    for name in order:
        for _, target in targets(states.get(name)):
            if target not in reached:
                reached.add(target)
                order.append(target)
    return order


def loops(states: JsonObject) -> list[list[str]]:
    """The groups of states that lead back to each other, each in the order of the definition."""
    ahead = {name: [target for _, target in targets(state) if target in states] for name, state in states.items()}
    back: dict[str, list[str]] = {name: [] for name in states}
    for name, following in ahead.items():
        for target in following:
            back[target].append(name)
    seen: set[str] = set()
    order = [name for start in states for name in _finished(start, ahead, seen)]
    seen = set()
    groups = [set(_finished(name, back, seen)) for name in reversed(order) if name not in seen]
    cyclic = [group for group in groups if len(group) > 1 or any(name in ahead[name] for name in group)]
    return [[name for name in states if name in group] for group in reversed(cyclic)]


def _finished(start: str, ahead: Mapping[str, Sequence[str]], seen: set[str]) -> list[str]:
    """What can be reached from a state and is not `seen` yet, in the order in which a depth-first walk leaves it."""
    if start in seen:
        return []
    seen.add(start)
    done: list[str] = []
    path = [(start, iter(ahead[start]))]
    while path:
        name, following = path[-1]
        target = next((target for target in following if target not in seen), None)
        if target is None:
            done.append(name)
            path.pop()
        else:
            seen.add(target)
            path.append((target, iter(ahead[target])))
    return done


def _missing(target: str, pointer: Pointer, states: JsonObject) -> Finding:
    return Finding(TARGET, f"Missing 'Next' target: {target}", pointer, nearest(target, states))


def _ends(state: JsonValue) -> bool:
    """Whether a state may end its workflow. One without Next has another finding of its own, and counts as an end."""
    if not isinstance(state, Mapping):
        return True
    kind = state.get("Type")
    return kind in ("Succeed", "Fail") or state.get("End") is True or ("Next" not in state and kind != "Choice")
