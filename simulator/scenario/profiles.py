"""Latency profiles: those of the service by name, and files of one's own, as `drsim calibrate` writes them.

A profile file says which profile it builds on and which latencies differ:

    name: our-linux
    base: linux-direct
    latency:
      conversion: {median: 4m, p95: 9m}
    calibrated:            # what it was fitted to; without it the latencies are somebody's guess
      jobs: 12
      ...
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, get_args

import yaml
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, ValidationInfo, WithJsonSchema

from simulator.errors import ScenarioError
from simulator.scenario.durations import format_duration
from simulator.scenario.fields import Instant, Model, Name, Natural, existing_file, matching, objection, refusal
from simulator.scenario.latency import Latencies, Latency
from simulator.scenario.messages import findings_of
from simulator.scenario.text import read_text
from simulator.scenario.tree import located, read_tree

BuiltIn = Literal["linux-direct", "windows-direct", "extended"]
BUILT_IN: tuple[str, ...] = get_args(BuiltIn)
_SUFFIXES = (".yaml", ".yml")
_HEADER = "# A latency profile for drsim. A scenario names this file: `fleet: {profile: path/to/it.yaml}`.\n"

NAME = r"[A-Za-z][\w.-]*"
ProfileName = Annotated[Name, AfterValidator(matching(NAME, "a name of letters, digits, dots and dashes"))]


class Source(Model):
    """A file that latencies were fitted to."""

    noun: ClassVar[str] = "a file"
    name: Name = Field(description="what the file is called")
    sha256: Annotated[str, AfterValidator(matching("[0-9a-f]{64}", "a SHA-256 in hexadecimal"))] = Field(
        description="the SHA-256 of what is in it"
    )


class Provenance(Model):
    """What a profile was fitted to."""

    noun: ClassVar[str] = "`calibrated`"
    drsim: Name = Field(description="the version of drsim that fitted it")
    jobs: Natural = Field(description="how many jobs it is fitted to")
    first_job: Instant | None = Field(None, description="when the earliest of them began")
    last_job: Instant | None = Field(None, description="when the latest of them began")
    samples: dict[str, Natural] = Field(default_factory=dict, description="how many samples each phase has")
    files: tuple[Source, ...] = Field((), description="the captures")


class Profile(Model):
    """Latencies by phase of a job for one kind of server."""

    noun: ClassVar[str] = "a latency profile"
    name: Annotated[Name, AfterValidator(matching(r"[A-Za-z][\w.-]*", "a name of letters, digits, dots and dashes"))] = (
        Field(description="what the profile is called")
    )
    base: BuiltIn = Field(description="the profile whose latencies hold for all phases that are not given")
    latency: Latencies = Field(
        default_factory=lambda: Latencies.model_validate({}), description="phases whose latency differs from the base's"
    )
    calibrated: Provenance | None = Field(None, description="what the profile was fitted to; written by drsim calibrate")

    @property
    def platform(self) -> Literal["linux", "windows"]:
        """The operating system of its servers."""
        return "windows" if self.base.startswith("windows") else "linux"


def built_in(name: str) -> Profile:
    """A profile of the service's own."""
    return Profile.model_validate({"name": name, "base": name})


def load_profile(path: Path) -> Profile:
    """The profile in a file. Raises ScenarioError with every problem that the file has."""
    tree = read_tree(read_text(path), str(path))
    findings = list(tree.findings)
    try:
        profile = Profile.model_validate(tree.data)
    except ValidationError as error:
        findings += findings_of(error, tree)
    if findings:
        ordered = sorted(set(findings), key=lambda finding: (finding.position, finding.message))
        raise ScenarioError([located(finding, str(path)) for finding in ordered])
    return profile


def profile_text(profile: Profile) -> str:
    """A profile as the text of a file, which `load_profile` reads back as the same profile."""
    document: dict[str, Any] = {"name": profile.name, "base": profile.base, "latency": _latencies(profile.latency.given())}
    if profile.calibrated:
        document["calibrated"] = _provenance(profile.calibrated)
    return _HEADER + yaml.safe_dump(document, sort_keys=False, default_flow_style=None, width=120, allow_unicode=True)


def _latencies(given: Mapping[str, Latency]) -> dict[str, Any]:
    return {
        phase: {"median": format_duration(latency.median_ms), "p95": format_duration(latency.p95_ms)}
        for phase, latency in given.items()
    }


def _provenance(calibrated: Provenance) -> dict[str, Any]:
    return calibrated.model_dump(mode="json", by_alias=True, exclude_none=True)


def _profile(value: Any, info: ValidationInfo) -> Any:
    """The profile that a scenario names."""
    if isinstance(value, Profile):
        return value
    if value in BUILT_IN:
        return built_in(value)
    if not isinstance(value, str) or not value.endswith(_SUFFIXES):
        raise refusal("expected one of " + ", ".join(BUILT_IN) + ", or the path of a profile file that ends in .yaml")
    try:
        return load_profile(existing_file(value, info))
    except ScenarioError as error:
        more = f" (and {len(error.problems) - 1} more)" if len(error.problems) > 1 else ""
        raise objection(f"the profile cannot be used: {error.problems[0]}{more}") from None


AnyProfile = Annotated[Profile, BeforeValidator(_profile), WithJsonSchema({"type": "string"})]
