"""A state machine as a Mermaid flowchart, with what was reached of it: GitHub, GitLab and many wikis draw these."""

from collections.abc import Iterator, Mapping
from typing import Any

from simulator.engine.elements import Element, Kind
from simulator.engine.json_text import decode
from simulator.engine.schema import inner_workflows
from simulator.runner.coverage import MachineCoverage

_CLASSES = (
    "classDef reached fill:#dff1e0,stroke:#1a7f37,color:#10391b",
    "classDef failed fill:#ffe2e0,stroke:#cf222e,color:#5c0d12",
    "classDef caught fill:#fff1d6,stroke:#9a6700,color:#4d3300",
    "classDef around fill:transparent,stroke:#1a7f37",
    "classDef missed fill:#f3f4f6,stroke:#afb8c1,color:#57606a",
)


def mermaid(coverage: MachineCoverage) -> str:
    """The flowchart; transitions that were not taken are dotted.

    Green was entered, amber has caught an error, red is a Fail state that was entered, grey was not entered.
    """
    return "\n".join(["flowchart TD", *_Chart(coverage).lines(), *(f"  {line}" for line in _CLASSES)])


class _Chart:
    """The lines of one flowchart. Names may be anything, so that states get ids of their own."""

    def __init__(self, coverage: MachineCoverage) -> None:
        pairs = list(zip(coverage.elements, coverage.counts, strict=True))
        self._definition: Mapping[str, Any] = decode(coverage.definition)
        self._transitions: list[tuple[Element, int]] = [pair for pair in pairs if pair[0].kind is Kind.TRANSITIONS]
        self._entered = {element.state: count for element, count in pairs if element.kind is Kind.STATES}
        self._caught = {element.state for element, count in pairs if element.kind is Kind.CATCHERS and count}
        self._frames: set[str] = set()
        self._ids = {name: f"s{number}" for number, name in enumerate(self._entered)}

    def lines(self) -> Iterator[str]:
        yield from self._workflow(self._definition, "  ")
        for transition, count in self._transitions:
            arrow = "-->" if count else "-.->"
            yield f"  {self._ids[transition.state]} {arrow} {self._ids[transition.target or '']}"
        for name, id_ in self._ids.items():
            yield f"  class {id_} {self._class(name)}"

    def _workflow(self, owner: Mapping[str, Any], indent: str) -> Iterator[str]:
        for name, state in owner["States"].items():
            inner = [workflow for _, workflow in inner_workflows(state, str(state["Type"]), ())]
            label = f'"{_escaped(name)}"'
            if not inner:
                yield f"{indent}{self._ids[name]}{_shape(str(state['Type']), label)}"
                continue
            self._frames.add(name)
            yield f"{indent}subgraph {self._ids[name]} [{label}]"
            yield f"{indent}  direction TB"
            for workflow in inner:
                if isinstance(workflow, Mapping):
                    yield from self._workflow(workflow, indent + "  ")
            yield f"{indent}end"

    def _class(self, name: str) -> str:
        if not self._entered[name]:
            return "missed"
        if name in self._caught:
            return "caught"
        if name in self._frames:
            return "around"
        return "failed" if self._kind(name, self._definition) == "Fail" else "reached"

    def _kind(self, name: str, owner: Mapping[str, Any]) -> str | None:
        for own, state in owner["States"].items():
            if own == name:
                return str(state["Type"])
            for _, inner in inner_workflows(state, str(state["Type"]), ()):
                if isinstance(inner, Mapping) and (found := self._kind(name, inner)):
                    return found
        return None


def _shape(kind: str, label: str) -> str:
    match kind:
        case "Choice":
            return "{" + label + "}"
        case "Succeed" | "Fail":
            return f"([{label}])"
        case "Wait":
            return f"[/{label}/]"
        case _:
            return f"[{label}]"


def _escaped(name: str) -> str:
    """A name as Mermaid shows it letter by letter."""
    return "".join(letter if letter.isalnum() or letter in " _-.," else f"#{ord(letter)};" for letter in name)
