"""What a template names on this machine, uploaded for it as `aws cloudformation package` and `sam package` would.

Paths in a template start from its folder. What is no local path (an object in S3, something intrinsic) stays as it is.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from simulator.account.sandbox import Code
from simulator.errors import Problem, ScenarioError
from simulator.json_types import JsonValue
from simulator.packaging.archive import archive
from simulator.packaging.digests import Source, read_bytes
from simulator.scenario.templates import Template, parse_document, read_template

BUCKET = "drsim-local-files"
_REMOTE = ("s3://", "http://", "https://")
_FUNCTION = "AWS::Serverless::Function"
_LAYER = "AWS::Serverless::LayerVersion"
_HAS_CODE = ("CodeUri", "InlineCode", "ImageUri")

Written = Callable[[str], JsonValue]


def _uri(key: str) -> JsonValue:
    return f"s3://{BUCKET}/{key}"


def _object(key: str) -> JsonValue:
    return {"S3Bucket": BUCKET, "S3Key": key}


def _location(key: str) -> JsonValue:
    return {"Bucket": BUCKET, "Key": key}


def _url(key: str) -> JsonValue:
    return f"https://s3.amazonaws.com/{BUCKET}/{key}"


@dataclass(frozen=True, slots=True)
class _Place:
    """A property that may name something local: what it is (`code`, `file` or `template`), and how S3 is written there."""

    property: str
    kind: str
    written: Written


_PLACES: Mapping[str, _Place] = {
    _FUNCTION: _Place("CodeUri", "code", _uri),
    _LAYER: _Place("ContentUri", "code", _uri),
    "AWS::Serverless::StateMachine": _Place("DefinitionUri", "file", _uri),
    "AWS::Serverless::Api": _Place("DefinitionUri", "file", _uri),
    "AWS::Serverless::HttpApi": _Place("DefinitionUri", "file", _uri),
    "AWS::Serverless::Application": _Place("Location", "template", _url),
    "AWS::Lambda::Function": _Place("Code", "code", _object),
    "AWS::Lambda::LayerVersion": _Place("Content", "code", _object),
    "AWS::StepFunctions::StateMachine": _Place("DefinitionS3Location", "file", _location),
    "AWS::CloudFormation::Stack": _Place("TemplateURL", "template", _url),
}


@dataclass(slots=True)
class Uploads:
    """What is to lie in the bucket by key, and the folders that zips were made of."""

    objects: dict[str, bytes] = field(default_factory=dict)
    folders: dict[str, Path] = field(default_factory=dict)

    def add(self, data: bytes, suffix: str, folder: Path | None = None) -> str:
        """Take an object; its key."""
        key = f"{sha256(data).hexdigest()[:32]}{suffix}"
        self.objects[key] = data
        if folder is not None:
            self.folders[key] = folder
        return key


def packaged(template: Template, uploads: Uploads) -> dict[str, Any]:
    """The template with S3 in place of local paths, and what they name in `uploads`.

    Raises ScenarioError with everything that a path does not lead to.
    """
    problems: list[Problem] = []
    document: dict[str, Any] = json.loads(json.dumps(template.data, default=str))
    for found in _local(template):
        holder, (*path, last) = document, found.location
        for step in path:
            holder = holder.setdefault(step, {})
        try:
            holder[last] = found.place.written(_upload(found, uploads))
        except ScenarioError as error:
            problems += error.problems
    if problems:
        raise ScenarioError(problems)
    included: dict[str, Any] = _including(document, template)
    return included


def local_files(template: Template) -> Iterator[tuple[str, Path]]:
    """(name, path) of every file that a template names, with those that nested templates name; none that is not there."""
    for found in _local(template):
        if found.path.is_dir():
            yield from Source(found.path, found.path.name).files()
        elif found.path.is_file():
            yield f"{found.path.parent.name}/{found.path.name}", found.path
            if found.place.kind == "template":
                yield from local_files(read_template(found.path))


def source_of(folder: Path) -> Source:
    """A folder of code as it is zipped: a package under its own name, other files at the top."""
    code = Code(folder / "__init__.py", "")
    is_package = code.root != code.owned
    return Source(folder, folder.name if is_package else "")


@dataclass(frozen=True, slots=True)
class _Local:
    """A local path in a template: where it is written, and where it leads. `is_source`: a layer's modules, to be wrapped."""

    template: Template
    location: tuple[str, ...]
    place: _Place
    path: Path
    is_source: bool = False


def _local(template: Template) -> Iterator[_Local]:
    folder = template.path.parent
    common = template.data.get("Globals", {})
    shared = common.get("Function", {}) if isinstance(common, Mapping) else {}
    if isinstance(shared, Mapping) and _is_local(shared.get("CodeUri")):
        yield _Local(template, ("Globals", "Function", "CodeUri"), _PLACES[_FUNCTION], folder / shared["CodeUri"])
    for name, resource in template.resources.items():
        place, given = _PLACES.get(resource["Type"]), resource.get("Properties", {})
        if place is None or not isinstance(given, Mapping):
            continue
        value = given.get(place.property)
        has_code = any(key in given or key in shared for key in _HAS_CODE)
        if value is None and resource["Type"] == _FUNCTION and not has_code:
            value = "."  # sam package takes the template's own folder
        if isinstance(value, str) and _is_local(value):
            metadata = resource.get("Metadata", {})
            is_built = resource["Type"] == _LAYER and str(metadata.get("BuildMethod", "")).startswith("python")
            yield _Local(template, ("Resources", name, "Properties", place.property), place, folder / value, is_built)


def _is_local(value: Any) -> bool:
    return isinstance(value, str) and not value.startswith(_REMOTE)


def _upload(found: _Local, uploads: Uploads) -> str:
    """Upload what a path names; its key."""
    path = found.path
    if not os.path.exists(path):
        message = f"there is no file or folder {os.path.relpath(path, found.template.path.parent)}"
        raise ScenarioError([Problem(found.template.where(*found.location), message, f"looked for {path.absolute()}")])
    match found.place.kind:
        case "template":
            return uploads.add(json.dumps(packaged(read_template(path), uploads)).encode(), ".template")
        case "code" if path.is_dir():
            return _zipped(found, uploads)
        case "code" if path.suffix not in (".zip", ".jar"):
            return uploads.add(archive({path.name: read_bytes(path)}), ".zip")
        case _:
            return uploads.add(_document(path), path.suffix)


def _document(path: Path) -> bytes:
    """A file as it is. Raises ScenarioError, which knows the file, unlike AWS, for YAML that is none."""
    data = read_bytes(path)
    if path.suffix in (".yaml", ".yml"):
        parse_document(data.decode(errors="replace"), str(path))
    return data


def _zipped(found: _Local, uploads: Uploads) -> str:
    """A folder of code as a zip, to be run from the folder itself, so that messages name the user's own files."""
    is_wrapped = found.is_source and not (found.path / "python").is_dir()
    data = archive({name: read_bytes(file) for name, file in Source(found.path, "python" if is_wrapped else "").files()})
    return uploads.add(data, ".zip", None if is_wrapped else found.path.resolve())


def _including(part: Any, template: Template) -> Any:
    """A part of a template with the local files in it that AWS::Include names."""
    match part:
        case {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": str() as name}}} if _is_local(name):
            path = template.path.parent / name
            if not path.is_file():
                raise ScenarioError([Problem(str(template.path), f"there is no file {name} to include")])
            included = parse_document(read_bytes(path).decode(), str(path))
            rest = {key: value for key, value in part.items() if key != "Fn::Transform"}
            return {**included, **rest} if isinstance(included, dict) else included
        case dict():
            return {key: _including(value, template) for key, value in part.items()}
        case list():
            return [_including(item, template) for item in part]
        case _:
            return part
