"""What clients ask and set around a function: permissions, tags, concurrency, asynchronous invocation, and the like."""

import json
from collections.abc import Mapping
from typing import Any

from simulator.account.lambdas.records import Asked, Operation, Records, named, page
from simulator.account.qualifiers import LATEST, refused
from simulator.errors import ServiceError

MAX_TAGS = 50
ACCOUNT_CONCURRENCY = 1_000
LEAST_UNRESERVED = 100
MAX_CODE_BYTES = 80_530_636_800


class Settings:
    """The settings of the functions of one account and Region."""

    def __init__(self, records: Records) -> None:
        self._records, self._functions, self._policies = records, records.functions, records.policies
        self.operations: Mapping[str, Operation] = {
            "AddPermission": self._add_permission,
            "DeleteFunctionConcurrency": self._delete_concurrency,
            "DeleteFunctionEventInvokeConfig": self._delete_event_invoke,
            "GetAccountSettings": self._account,
            "GetFunctionCodeSigningConfig": lambda asked: self._of(asked, CodeSigningConfigArn=""),
            "GetFunctionConcurrency": self._get_concurrency,
            "GetFunctionEventInvokeConfig": self._get_event_invoke,
            "GetFunctionRecursionConfig": self._recursion,
            "GetPolicy": self._get_policy,
            "GetRuntimeManagementConfig": self._get_runtime_management,
            "ListFunctionEventInvokeConfigs": self._list_event_invokes,
            "ListTags": lambda asked: {"Tags": dict(self._tags(asked))},
            "PutFunctionConcurrency": self._put_concurrency,
            "PutFunctionEventInvokeConfig": lambda asked: self._put_event_invoke(asked, {}),
            "PutFunctionRecursionConfig": self._put_recursion,
            "PutRuntimeManagementConfig": self._put_runtime_management,
            "RemovePermission": self._remove_permission,
            "TagResource": self._tag,
            "UntagResource": self._untag,
            "UpdateFunctionEventInvokeConfig": self._update_event_invoke,
        }

    # Permissions.

    def _add_permission(self, asked: Asked) -> Mapping[str, Any]:
        return {"Statement": json.dumps(self._policies.add(self._guarded(asked), self._records.arn(asked), asked))}

    def _remove_permission(self, asked: Asked) -> Mapping[str, Any]:
        self._policies.remove(self._guarded(asked), asked["StatementId"])
        return {}

    def _get_policy(self, asked: Asked) -> Mapping[str, Any]:
        function = self._records.find(asked)
        revision = function.settings.get("RevisionId")
        return {"Policy": self._policies.document(self._guarded(asked))} | ({"RevisionId": revision} if revision else {})

    def _guarded(self, asked: Asked) -> str:
        """What a policy belongs to: a function, or one of its versions and aliases."""
        self._records.find(asked)
        name, qualifier = named(asked)
        return f"{name}:{qualifier}" if qualifier else name

    # Tags.

    def _tags(self, asked: Asked) -> dict[str, str]:
        arn = asked["Resource"]
        if ":function:" not in arn:
            raise refused("ResourceNotFoundException", f"The resource you requested does not exist: {arn}", 404)
        return self._records.about(self._functions.get(arn).name).tags

    def _tag(self, asked: Asked) -> Mapping[str, Any]:
        tags = self._tags(asked)
        if len({**tags, **asked["Tags"]}) > MAX_TAGS:
            raise refused("InvalidParameterValueException", f"A function has at most {MAX_TAGS} tags")
        tags.update(asked["Tags"])
        return {}

    def _untag(self, asked: Asked) -> Mapping[str, Any]:
        tags = self._tags(asked)
        for key in asked["TagKeys"]:
            tags.pop(key, None)
        return {}

    # Concurrency.

    def _account(self, _asked: Asked) -> Mapping[str, Any]:
        functions = self._functions.all()
        sizes = [function.settings.get("CodeSize", 0) for function in functions]
        return {
            "AccountLimit": {
                "TotalCodeSize": MAX_CODE_BYTES,
                "CodeSizeUnzipped": 262_144_000,
                "CodeSizeZipped": 52_428_800,
                "ConcurrentExecutions": ACCOUNT_CONCURRENCY,
                "UnreservedConcurrentExecutions": ACCOUNT_CONCURRENCY - sum(self._functions.reserved.values()),
            },
            "AccountUsage": {
                "TotalCodeSize": sum(size for size in sizes if isinstance(size, int)),
                "FunctionCount": len(functions),
            },
        }

    def _put_concurrency(self, asked: Asked) -> Mapping[str, Any]:
        name, wanted = self._records.latest(asked).name, asked["ReservedConcurrentExecutions"]
        others = sum(count for function, count in self._functions.reserved.items() if function != name)
        if ACCOUNT_CONCURRENCY - others - wanted < LEAST_UNRESERVED:
            message = (
                "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
                f"below its minimum value of [{LEAST_UNRESERVED}]."
            )
            raise refused("InvalidParameterValueException", message)
        self._functions.reserved[name] = wanted
        return {"ReservedConcurrentExecutions": wanted}

    def _get_concurrency(self, asked: Asked) -> Mapping[str, Any]:
        reserved = self._functions.reserved.get(self._records.latest(asked).name)
        return {} if reserved is None else {"ReservedConcurrentExecutions": reserved}

    def _delete_concurrency(self, asked: Asked) -> Mapping[str, Any]:
        self._functions.reserved.pop(self._records.latest(asked).name, None)
        return {}

    # Asynchronous invocation.

    def _put_event_invoke(self, asked: Asked, before: Mapping[str, Any]) -> Mapping[str, Any]:
        function, qualifier = self._records.find(asked), named(asked)[1] or LATEST
        if any((asked.get("DestinationConfig") or {}).get(one, {}).get("Destination") for one in ("OnSuccess", "OnFailure")):
            raise ServiceError("NotImplemented", "drsim does not send asynchronous invocations on to destinations", 501)
        members = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds")
        changed = {**before, **{name: asked[name] for name in members if name in asked}}
        changed |= {"FunctionArn": self._functions.arn(f"{function.name}:{qualifier}"), "DestinationConfig": {}}
        changed["LastModified"] = self._records.seconds()
        self._records.about(function.name).event_invokes[qualifier] = changed
        return changed

    def _update_event_invoke(self, asked: Asked) -> Mapping[str, Any]:
        return self._put_event_invoke(asked, self._get_event_invoke(asked))

    def _get_event_invoke(self, asked: Asked) -> Mapping[str, Any]:
        function, qualifier = self._records.find(asked), named(asked)[1] or LATEST
        found = self._records.about(function.name).event_invokes.get(qualifier)
        if found is None:
            arn = self._functions.arn(f"{function.name}:{qualifier}")
            raise refused("ResourceNotFoundException", f"The function {arn} doesn't have an EventInvokeConfig", 404)
        return found

    def _list_event_invokes(self, asked: Asked) -> Mapping[str, Any]:
        configs = self._records.about(self._records.latest(asked).name).event_invokes
        return page("FunctionEventInvokeConfigs", list(configs.values()), asked)

    def _delete_event_invoke(self, asked: Asked) -> Mapping[str, Any]:
        self._get_event_invoke(asked)
        del self._records.about(self._records.find(asked).name).event_invokes[named(asked)[1] or LATEST]
        return {}

    # What happens to functions that invoke themselves.

    def _recursion(self, asked: Asked) -> Mapping[str, Any]:
        return {"RecursiveLoop": self._records.about(self._records.latest(asked).name).recursive_loop}

    def _put_recursion(self, asked: Asked) -> Mapping[str, Any]:
        self._records.about(self._records.latest(asked).name).recursive_loop = asked["RecursiveLoop"]
        return self._recursion(asked)

    # What is only kept.

    def _of(self, asked: Asked, **members: Any) -> Mapping[str, Any]:
        return {"FunctionName": self._records.latest(asked).name, **members}

    def _get_runtime_management(self, asked: Asked) -> Mapping[str, Any]:
        function = self._records.find(asked)
        return {**self._records.about(function.name).runtime_updates, "FunctionArn": self._records.arn(asked)}

    def _put_runtime_management(self, asked: Asked) -> Mapping[str, Any]:
        members = ("UpdateRuntimeOn", "RuntimeVersionArn")
        kept = {name: asked[name] for name in members if name in asked}
        self._records.about(self._records.find(asked).name).runtime_updates = kept
        return self._get_runtime_management(asked)
