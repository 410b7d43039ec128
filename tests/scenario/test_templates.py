"""Templates as files: CloudFormation's tags in their long form, and the place of everything."""

from pathlib import Path

import pytest

from simulator.errors import ScenarioError
from simulator.scenario.templates import Template, read_template


def read(tmp_path: Path, text: str) -> Template:
    path = tmp_path / "template.yaml"
    path.write_text(text, "utf-8")
    return read_template(path)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("!Ref Table", {"Ref": "Table"}),
        ("!GetAtt Nested.Outputs.Arn", {"Fn::GetAtt": ["Nested", "Outputs.Arn"]}),
        ("!GetAtt [Function, Arn]", {"Fn::GetAtt": ["Function", "Arn"]}),
        ("!Sub 'a-${B}'", {"Fn::Sub": "a-${B}"}),
        ("!Sub ['${A}', {A: !Ref B}]", {"Fn::Sub": ["${A}", {"A": {"Ref": "B"}}]}),
        ("!If [C, !Ref A, !Ref AWS::NoValue]", {"Fn::If": ["C", {"Ref": "A"}, {"Ref": "AWS::NoValue"}]}),
        ("!Condition C", {"Condition": "C"}),
        ("!Transform {Name: AWS::Include}", {"Fn::Transform": {"Name": "AWS::Include"}}),
        ("!Base64 12", {"Fn::Base64": "12"}),
        ("2012-10-17", "2012-10-17"),
        ("true", True),
        ("12", 12),
    ],
)
def test_tags_are_short_for_functions(tmp_path: Path, written: str, meant: object) -> None:
    template = read(tmp_path, f"Resources:\n  A: {{Type: X, Properties: {{P: {written}}}}}\n")
    assert template.resources["A"]["Properties"]["P"] == meant


def test_a_part_is_found_by_line_and_column(tmp_path: Path) -> None:
    template = read(tmp_path, "Resources:\n  A:\n    Type: X\n    Properties:\n      CodeUri: src\n")
    assert template.where("Resources", "A", "Properties", "CodeUri").rpartition("template.yaml:")[2] == "5:7"
    assert template.where("Resources", "A", "Metadata").rpartition("template.yaml:")[2] == "2:3"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Resources: [\n", "not YAML: expected the node content, but found '<stream end>'"),
        ("Outputs: {}\n", "a template needs `Resources`"),
        ("Resources: {? [a] : b}\n", "a key must be a text"),
        ("Resources: " + "[" * 200 + "]" * 200, "nested more than 100 levels deep"),
    ],
)
def test_what_is_no_template_is_told_with_its_place(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        read(tmp_path, text)
    assert refused.value.problems[0].message == problem
    assert refused.value.problems[0].where.startswith(f"{tmp_path / 'template.yaml'}:")
