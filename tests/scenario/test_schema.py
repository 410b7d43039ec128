"""The model as a schema: ready for editors."""

from typing import Any

from simulator.scenario.model import Scenario


def test_every_key_has_a_description() -> None:
    schema = Scenario.model_json_schema()
    sections: dict[str, Any] = {"Scenario": schema} | schema["$defs"]
    keys = {
        f"{name}.{key}": field for name, section in sections.items() for key, field in section.get("properties", {}).items()
    }

    assert len(keys) > 60
    assert [key for key, field in keys.items() if "description" not in field] == []


def test_keys_are_spelled_as_in_the_file() -> None:
    schema = Scenario.model_json_schema()

    assert set(schema["properties"]) == {
        "scenario", "id", "tags", "system", "fleet", "drs", "plan", "mocks", "run", "faults", "operators", "expect",
        "objectives", "controls", "extends", "include", "matrix", "thresholds", "steadyState", "abortIf", "rollbacks",
        "runbooks", "health", "requests",
    }  # fmt: skip
    assert set(schema["$defs"]["Wave"]["properties"]) == {
        "name", "servers", "tags", "account", "region", "role", "externalId", "dependsOn",
        "timeout", "poll", "onFailure", "retries", "optional",
        "minimumHealthyShare", "approval", "launchConfiguration",
        "volumes", "replication", "originRegion", "stagingAccount",
        "pauseBefore", "rto", "preWave", "postWave", "healthCheck", "runIf",
    }  # fmt: skip
    assert schema["required"] == ["scenario", "fleet"]
