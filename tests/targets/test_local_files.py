"""What a template names on this machine is uploaded for it, as `sam package` does."""

import json
from pathlib import Path
from typing import Any

import pytest

from simulator.errors import ScenarioError
from simulator.scenario.templates import read_template
from simulator.targets.local_files import Uploads, local_files, packaged


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {
        "src/a/index.py": "def handler(e, c): pass\n",
        "src/__pycache__/x.pyc": "",
        "layer/shared.py": "",
        "flow.asl.yaml": "StartAt: A\n",
        "part.yaml": "Tags: [{Key: a, Value: b}]\n",
        "nested/template.yaml": "Resources:\n  F: {Type: AWS::Lambda::Function, Properties: {Code: code}}\n",
        "nested/code/index.py": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def package(folder: Path, resources: str, rest: str = "") -> tuple[dict[str, Any], Uploads]:
    (folder / "template.yaml").write_text(f"{rest}Resources:\n{resources}", "utf-8")
    uploads = Uploads()
    return packaged(read_template(folder / "template.yaml"), uploads), uploads


@pytest.mark.parametrize(
    ("kind", "key", "path", "written"),
    [
        ("AWS::Serverless::Function", "CodeUri", "src/", "s3://drsim-local-files/KEY.zip"),
        ("AWS::Serverless::LayerVersion", "ContentUri", "layer", "s3://drsim-local-files/KEY.zip"),
        ("AWS::Serverless::StateMachine", "DefinitionUri", "flow.asl.yaml", "s3://drsim-local-files/KEY.yaml"),
        ("AWS::Lambda::Function", "Code", "src", {"S3Bucket": "drsim-local-files", "S3Key": "KEY.zip"}),
        ("AWS::Lambda::LayerVersion", "Content", "layer", {"S3Bucket": "drsim-local-files", "S3Key": "KEY.zip"}),
        (
            "AWS::StepFunctions::StateMachine",
            "DefinitionS3Location",
            "flow.asl.yaml",
            {"Bucket": "drsim-local-files", "Key": "KEY.yaml"},
        ),
        (
            "AWS::CloudFormation::Stack",
            "TemplateURL",
            "nested/template.yaml",
            "https://s3.amazonaws.com/drsim-local-files/KEY.template",
        ),
    ],
)
def test_a_local_path_becomes_an_object(folder: Path, kind: str, key: str, path: str, written: object) -> None:
    template, uploads = package(folder, f"  R: {{Type: {kind}, Properties: {{{key}: {path}}}}}\n")
    name = list(uploads.objects)[-1]
    text = json.dumps(template["Resources"]["R"]["Properties"][key]).replace(name.split(".")[0], "KEY")
    assert json.loads(text) == written


@pytest.mark.parametrize("value", ["s3://bucket/key", "!Ref Location", "{Bucket: b, Key: k}"])
def test_what_lies_elsewhere_stays(folder: Path, value: str) -> None:
    _, uploads = package(folder, f"  R: {{Type: AWS::Serverless::StateMachine, Properties: {{DefinitionUri: {value}}}}}\n")
    assert uploads.objects == {}


def test_code_that_all_functions_share_stands_in_globals(folder: Path) -> None:
    template, uploads = package(folder, "  F: {Type: AWS::Serverless::Function}\n", "Globals: {Function: {CodeUri: src}}\n")
    assert template["Globals"]["Function"]["CodeUri"] == f"s3://drsim-local-files/{next(iter(uploads.objects))}"
    assert list(uploads.folders.values()) == [folder / "src"]
    assert "Properties" not in template["Resources"]["F"]


def test_a_function_without_a_path_is_in_the_templates_folder(folder: Path) -> None:
    _, uploads = package(folder, "  F: {Type: AWS::Serverless::Function, Properties: {Handler: src.a.index.handler}}\n")
    assert list(uploads.folders.values()) == [folder]


def test_nested_templates_start_from_their_own_folder(folder: Path) -> None:
    _, uploads = package(
        folder, "  N: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: nested/template.yaml}}\n"
    )
    assert list(uploads.folders.values()) == [folder / "nested/code"]
    nested = json.loads(next(data for key, data in uploads.objects.items() if key.endswith(".template")))
    assert nested["Resources"]["F"]["Properties"]["Code"]["S3Bucket"] == "drsim-local-files"
    names = [name for name, _ in local_files(read_template(folder / "template.yaml"))]
    assert names == ["nested/template.yaml", "code/index.py"]


def test_includes_are_put_in(folder: Path) -> None:
    include = "{'Fn::Transform': {Name: AWS::Include, Parameters: {Location: part.yaml}}}"
    template, _ = package(folder, f"  Q: {{Type: AWS::SQS::Queue, Properties: {include}}}\n")
    assert template["Resources"]["Q"]["Properties"] == {"Tags": [{"Key": "a", "Value": "b"}]}


def test_every_path_that_leads_nowhere_is_told_at_its_place(folder: Path) -> None:
    with pytest.raises(ScenarioError) as refused:
        package(
            folder,
            "  A: {Type: AWS::Serverless::Function, Properties: {CodeUri: nowhere}}\n"
            "  B: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: ./no/layer}}\n",
        )
    assert [(one.where.rpartition("yaml:")[2], one.message) for one in refused.value.problems] == [
        ("2:53", "there is no file or folder nowhere"),
        ("3:57", "there is no file or folder no/layer"),
    ]
