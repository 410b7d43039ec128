"""Rehearse AWS disaster-recovery orchestration: a simulated account on a virtual clock.

What there is for people who work in Python is in `__all__`, and is imported when it is first asked for: importing this
package costs nothing. `__init__.pyi` says the same to type checkers.
"""

from importlib import import_module

__version__ = "0.1.0"

_HOMES = {
    "check": "simulator.api",
    "load": "simulator.api",
    "parse": "simulator.api",
    "report_text": "simulator.api",
    "read_journal": "simulator.api",
    "replay": "simulator.api",
    "run": "simulator.api",
    "shrink": "simulator.api",
    "DrsWorld": "simulator.testing",
    "Check": "simulator.runner.result",
    "Finding": "simulator.runner.findings",
    "Replay": "simulator.runner.replay",
    "Result": "simulator.runner.result",
    "Verdict": "simulator.runner.result",
    "Journal": "simulator.journal",
    "Scenario": "simulator.scenario.model",
    "Shrunk": "simulator.runner.shrinking",
    "UserError": "simulator.errors",
}
__all__ = sorted(_HOMES)  # noqa: PLE0605  a list of texts all the same: the names that are found below


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'simulator' has no attribute '{name}'")
    found: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
