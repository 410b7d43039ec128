"""The JUnit report: what CI servers read."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from simulator.report.junit import junit_report
from simulator.runner.result import Verdict
from tests.report.results import BROKEN, FAILED, PASSED


def case_of(xml: str) -> ET.Element:
    case = ET.fromstring(xml).find("testsuite/testcase")
    assert case is not None
    return case


def test_passed_scenario_is_written_whole() -> None:
    assert junit_report([PASSED]) == (
        """\
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="drsim" tests="1" failures="0" errors="0" time="0.250">
  <testsuite name="scenarios/happy/three-tiers.yaml" tests="1" failures="0" errors="0" skipped="0" time="0.250" \
file="scenarios/happy/three-tiers.yaml">
    <testcase classname="scenarios.happy.three-tiers" name="Three tiers recover in order" time="0.250">
      <properties>
        <property name="seed" value="1" />
        <property name="outcome" value="COMPLETED" />
        <property name="calibration" value="uncalibrated" />
        <property name="recoverySeconds" value="1686.350" />
        <property name="rtoSeconds" value="2700.000" />
      </properties>
    </testcase>
  </testsuite>
</testsuites>
"""
    )


def test_failure_says_all_that_the_terminal_says() -> None:
    failure = case_of(junit_report([FAILED])).find("failure")

    assert failure is not None
    assert failure.get("message") == "outcome: it ended FAILED: wave app: 2 of 4 servers did not launch; rto: 1:12:05"
    assert failure.text == (
        """\
outcome
  expected  the recovery ends COMPLETED
  happened  it ended FAILED: wave app: 2 of 4 servers did not launch
  at        1:12:05, state FinalizeExecution
  before    1:12:00  app-2 FAILED
            1:12:04  lambda:Invoke OrchestrationFunction
rto
  expected  at most 45:00
  happened  1:12:05
reproduce: drsim run scenarios/drs/one-server-fails.yaml --seed 7"""
    )


def test_warnings_are_the_case_s_output() -> None:
    assert case_of(junit_report([FAILED])).findtext("system-out") == "warning: fault throttle never fired"


def test_error_says_why() -> None:
    error = case_of(junit_report([BROKEN])).find("error")

    assert error is not None
    assert error.get("message") == "the horizon of 24h was reached"
    assert error.text is not None
    assert error.text.splitlines()[1] == "still busy: states:execution-1"


def test_runs_of_one_file_are_one_suite() -> None:
    root = ET.fromstring(junit_report([PASSED, FAILED, replace(PASSED, seed=2), BROKEN]))
    counts = [(suite.get("name"), suite.get("tests"), suite.get("failures"), suite.get("errors")) for suite in root]

    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("4", "1", "1")
    assert counts == [
        ("scenarios/happy/three-tiers.yaml", "2", "0", "0"),
        ("scenarios/drs/one-server-fails.yaml", "1", "1", "0"),
        ("scenarios/drs/hang.yaml", "1", "0", "1"),
    ]


def test_aborted_counts_as_failure_and_skipped_as_skipped() -> None:
    aborted = replace(PASSED, verdict=Verdict.ABORTED, error="elapsed > 6h")
    skipped = replace(PASSED, verdict=Verdict.SKIPPED, error="the target has no clock")
    root = ET.fromstring(junit_report([aborted, skipped]))

    assert [(suite.get("failures"), suite.get("skipped")) for suite in root] == [("1", "1")]
    assert case_of(junit_report([aborted])).findtext("failure") == (
        "elapsed > 6h\nreproduce: drsim run scenarios/happy/three-tiers.yaml --seed 1"
    )


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=20))
def test_any_text_gives_a_document_that_parses(text: str) -> None:
    check = replace(FAILED.checks[0], name=text, expected=text, happened=text, where=text, before=(text,))
    result = replace(FAILED, name=text, path=Path("x.yaml"), checks=(check,), warnings=(text,), outcome=text)

    ET.fromstring(junit_report([result]).encode("utf-8"))


def test_nothing_is_written_that_strict_readers_refuse() -> None:
    """What the schema of Jenkins' xUnit plugin allows where."""
    root = ET.fromstring(junit_report([PASSED, replace(FAILED, line=3), BROKEN]))
    allowed = {
        "testsuites": {"name", "time", "tests", "failures", "errors"},
        "testsuite": {"name", "time", "tests", "failures", "errors", "skipped", "file"},
        "testcase": {"name", "time", "classname"},
        "property": {"name", "value"},
        "failure": {"type", "message"},
        "error": {"type", "message"},
    }
    assert {
        (one.tag, name) for one in root.iter() for name in one.attrib if name not in allowed.get(one.tag, set())
    } == set()
    assert {part.tag for case in root.iter("testcase") for part in case} == {"properties", "failure", "error", "system-out"}
