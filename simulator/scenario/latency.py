"""Latencies: how long something takes, by median and 95th percentile, and the phases of a recovery that take time."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field, model_validator

from simulator.scenario.fields import DURATION_SCHEMA, Duration, Model, objection, refusal


class Latency(Model):
    """How long a phase takes: log-normal, by its median and 95th percentile; always the same if they are equal."""

    noun: ClassVar[str] = "a latency"
    short_form = DURATION_SCHEMA
    median_ms: Duration = Field(description="half of all servers take at most this long")
    p95_ms: Duration = Field(description="95 of 100 servers take at most this long; default: the median, always")

    @model_validator(mode="before")
    @classmethod
    def _fixed(cls, data: Any) -> Any:
        if isinstance(data, str):
            return {"median": data, "p95": data}
        if not isinstance(data, dict):
            raise refusal("expected a duration such as 4m, or {median: 4m, p95: 9m}")
        return {"p95": data["median"]} | data if "median" in data else data

    @model_validator(mode="after")
    def _ordered(self) -> "Latency":
        if self.p95_ms < self.median_ms:
            raise objection("the `p95` of a latency cannot be less than its `median`")
        if self.median_ms == 0 < self.p95_ms:
            raise objection("a latency with a `median` of 0s has a `p95` of 0s too")
        return self


class Latencies(Model):
    """The phases of a recovery whose latency differs from the profile's. None leaves a phase as it is."""

    noun: ClassVar[str] = "the latencies"
    pending: Latency | None = Field(None, description="from the job's creation to its start")
    cleanup: Latency | None = Field(None, description="deleting a recovery instance that the server already has")
    snapshot: Latency | None = Field(None, description="taking the snapshot")
    queue: Latency | None = Field(None, description="from the snapshot to the conversion's start")
    conversion: Latency | None = Field(None, description="converting the boot volume")
    launch: Latency | None = Field(None, description="launching the recovery instance")
    boot: Latency | None = Field(None, description="the last part of the launch, in which the EC2 instance exists already")
    finish: Latency | None = Field(None, description="from the last launch to the job's end")
    terminate: Latency | None = Field(None, description="a job that terminates recovery instances")

    def given(self) -> Mapping[str, Latency]:
        """The phases that the file names."""
        phases = ((phase, getattr(self, phase)) for phase in type(self).model_fields)
        return {phase: latency for phase, latency in phases if latency is not None}
