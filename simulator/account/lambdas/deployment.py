"""Functions: create, update, describe, list, delete."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from simulator.account.deployed_code import DeployedCode
from simulator.account.functions import Function
from simulator.account.lambdas.configuration import configured, is_latest, layers_of, shown
from simulator.account.lambdas.layers import Layers
from simulator.account.lambdas.packages import Packages, digest
from simulator.account.lambdas.records import Asked, Operation, Records, check_revision, named, page
from simulator.account.lambdas.versions import Versions
from simulator.account.qualifiers import LATEST, refused
from simulator.account.sandbox import Code
from simulator.errors import ServiceError

MAX_TIMEOUT_SECONDS, MAX_MEMORY_MIB = 900, 10_240


class Deployment:
    """Deploys the functions of one account and Region. `code` knows what was deployed as a zip."""

    def __init__(self, records: Records, code: DeployedCode, packages: Packages, layers: Layers, versions: Versions) -> None:
        self._records, self._code, self._packages = records, code, packages
        self._layers, self._versions = layers, versions
        self._functions = records.functions
        self.operations: Mapping[str, Operation] = {
            "CreateFunction": self._create,
            "DeleteFunction": self._delete,
            "GetFunction": self._get,
            "GetFunctionConfiguration": lambda asked: shown(records.find(asked), records.arn(asked)),
            "ListFunctions": self._list,
            "UpdateFunctionCode": self._update_code,
            "UpdateFunctionConfiguration": self._update_configuration,
        }

    def _create(self, asked: Asked) -> Mapping[str, Any]:
        name, _ = named(asked)
        if any(function.name == name for function in self._functions.all()):
            raise refused("ResourceConflictException", f"Function already exist: {name}", 409)
        _check_package(asked)
        _check_limits(asked)
        _check_runtime(asked["Runtime"])
        data = self._packages.fetched(asked["Code"])
        settings = {"Handler": asked["Handler"]}
        code = self._unpacked(data, asked["Handler"], asked.get("Layers", []))
        function = configured(Function(name, code, is_guarded=True, settings=settings), asked)
        self._records.about(name).tags.update(asked.get("Tags", {}))
        return self._deploy(function, data, asked)

    def _update_code(self, asked: Asked) -> Mapping[str, Any]:
        function = self._records.latest(asked)
        check_revision(asked, function.settings.get("RevisionId"))
        data = self._packages.fetched(asked)
        handler = function.settings.get("Handler", f"{function.code.module}.{function.code.attribute}")
        updated = replace(function, code=self._unpacked(data, str(handler), layers_of(function)))
        if "Architectures" in asked:
            updated = configured(updated, {"Architectures": asked["Architectures"]})
        if asked.get("DryRun"):
            return shown(_noted(updated, data), self._functions.arn(function.name))
        return self._deploy(updated, data, asked)

    def _update_configuration(self, asked: Asked) -> Mapping[str, Any]:
        function = self._records.latest(asked)
        check_revision(asked, function.settings.get("RevisionId"))
        _check_runtime(asked.get("Runtime", "python"))
        _check_limits(asked)
        updated = configured(function, asked)
        handler = asked.get("Handler", function.settings.get("Handler"))
        data = self._records.about(function.name).zip
        if data is not None and ("Handler" in asked or "Layers" in asked):
            code = self._unpacked(data, str(handler), layers_of(updated))
            updated = replace(updated, code=code, settings={**updated.settings, "Handler": handler})
        return self._deploy(updated, None, {})

    def _unpacked(self, data: bytes, handler: str, layers: Sequence[str]) -> Code:
        return replace(self._code.code(data, handler), layers=self._layers.folders(layers))

    def _deploy(self, function: Function, data: bytes | None, asked: Asked) -> Mapping[str, Any]:
        """Let a function run as it is now; with `Publish` also as a version."""
        if data is not None:
            self._records.about(function.name).zip = data
            function = _noted(function, data)
        layers = {"Layers": self._layers.sizes(layers_of(function))} if layers_of(function) else {}
        noted = {"LastModified": self._records.now(), "RevisionId": self._records.revision(function.name)}
        function = replace(function, settings={**function.settings, **noted, **layers})
        self._functions.deploy(function)
        if asked.get("Publish"):
            return self._versions.published(function, "")
        return shown(function, self._functions.arn(function.name))

    def _delete(self, asked: Asked) -> Mapping[str, Any]:
        name, qualifier = named(asked)
        if qualifier is not None:
            self._versions.delete(self._records.find(asked), qualifier)
            return {"StatusCode": 204}
        self._functions.remove(self._records.latest(asked).name)
        self._records.forget(name)
        self._records.policies.forget(name)
        return {"StatusCode": 204}

    def _get(self, asked: Asked) -> Mapping[str, Any]:
        function = self._records.find(asked)
        about = self._records.about(function.name)
        region, account_id = self._functions.region, self._functions.account_id
        location = f"https://awslambda-{region}-tasks.s3.{region}.amazonaws.com/snapshots/{account_id}/{function.key}"
        answer: dict[str, Any] = {
            "Configuration": shown(function, self._records.arn(asked)),
            "Code": {"RepositoryType": "S3", "Location": location},
        }
        if about.tags:
            answer["Tags"] = dict(about.tags)
        if is_latest(function) and function.name in self._functions.reserved:
            answer["Concurrency"] = {"ReservedConcurrentExecutions": self._functions.reserved[function.name]}
        return answer

    def _list(self, asked: Asked) -> Mapping[str, Any]:
        rows = []
        for function in self._functions.all():
            is_all = asked.get("FunctionVersion") == "ALL"
            arn = self._functions.arn(function.name)
            rows.append(shown(function, f"{arn}:{LATEST}" if is_all else arn))
            rows += self._versions.rows(function.name) if is_all else []
        return page("Functions", rows, asked)


def _noted(function: Function, data: bytes) -> Function:
    """A function with what its zip is known by."""
    return replace(function, settings={**function.settings, "CodeSha256": digest(data), "CodeSize": len(data)})


def _check_package(asked: Asked) -> None:
    if asked.get("PackageType") == "Image":
        raise ServiceError("NotImplemented", "drsim does not run functions from container images", 501)
    if not asked.get("Runtime") or not asked.get("Handler"):
        message = "Runtime and Handler are mandatory parameters for functions created with deployment packages."
        raise refused("InvalidParameterValueException", message)


def _check_limits(asked: Asked) -> None:
    """What ordinary functions may have; the model also has the limits of other kinds."""
    for name, most in (("Timeout", MAX_TIMEOUT_SECONDS), ("MemorySize", MAX_MEMORY_MIB)):
        if asked.get(name, 0) > most:
            told = f"Value '{asked[name]}' at '{name[0].lower()}{name[1:]}' failed to satisfy constraint"
            message = f"1 validation error detected: {told}: Member must have value less than or equal to {most}"
            raise ServiceError("ValidationException", message, 400)


def _check_runtime(runtime: str) -> None:
    if not runtime.startswith(("python", "nodejs")):
        message = f"{runtime} is not simulated: drsim runs functions in Python and Node"
        raise refused("InvalidParameterValueException", message)
