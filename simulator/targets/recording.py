"""What a target hands back: the journal of a run and what is needed to read it."""

from collections.abc import Mapping
from dataclasses import dataclass

from simulator.journal import Journal

# Reasons of RunEnded besides `finished` and the names of simulation limits.
ABORTED, NOT_STEADY = "aborted", "not steady"


@dataclass(frozen=True, slots=True)
class Recording:
    """A run as it was.

    `server_ids` maps the scenario's server names to source server ids; `virtual_ms` is the time the run covered.
    """

    journal: Journal
    server_ids: Mapping[str, str]
    virtual_ms: int
