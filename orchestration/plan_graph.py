"""What may be wrong with how the waves of a plan hang together: names, dependencies, conditions, cycles. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orchestration.plan_steps import waits_for
from orchestration.step_checks import condition_flaws

Finding = tuple[str, str]  # a JSON pointer into the plan, and what is wrong there
Waves = Sequence[Mapping[str, Any]]


def graph_flaws(waves: Waves) -> Iterator[Finding]:
    """Every flaw of well-formed waves that shows only between them."""
    yield from _name_flaws(waves)
    yield from _condition_flaws(waves)
    yield from _cycle_flaws(waves)


def _name_flaws(waves: Waves) -> Iterator[Finding]:
    names = [wave["name"] for wave in waves]
    for index, wave in enumerate(waves):
        if wave["name"] in names[:index]:
            yield f"/waves/{index}/name", f"two waves are called {wave['name']!r}"
        for place, dependency in enumerate(wave.get("dependsOn", [])):
            if dependency not in names:
                message = f"wave {wave['name']!r} depends on {dependency!r}, which is no wave"
                yield f"/waves/{index}/dependsOn/{place}", message


def _condition_flaws(waves: Waves) -> Iterator[Finding]:
    others = {wave["name"]: wave for wave in waves}
    for index, wave in enumerate(waves):
        yield from ((f"/waves/{index}/{field}", message) for field, message in condition_flaws(wave, others))


def _cycle_flaws(waves: Waves) -> Iterator[Finding]:
    graph = {wave["name"]: waits_for(wave) for wave in waves}
    cycle = _cycle(graph)
    if cycle:
        yield "/waves", f"the waves depend on each other in a cycle: {' -> '.join(cycle)}"


def _cycle(graph: Mapping[str, Sequence[str]]) -> list[str]:
    """A cycle, as the names along it with the first one again at the end; empty if there is none."""
    remaining = dict(graph)
    while True:
        free = [name for name, needs in remaining.items() if not any(need in remaining for need in needs)]
        if not free:
            break
        for name in free:
            del remaining[name]
    if not remaining:
        return []
    path = [next(iter(remaining))]
    while True:
        following = next(need for need in remaining[path[-1]] if need in remaining)
        if following in path:
            return [*path[path.index(following) :], following]
        path.append(following)
