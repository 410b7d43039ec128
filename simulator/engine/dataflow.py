"""How data goes through a state, the same for both query languages once compiled.

JSONPath: InputPath, Parameters, (work), ResultSelector, Assign, ResultPath, OutputPath.
JSONata: Arguments, (work), Assign beside Output.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from simulator.engine.failures import ExpressionError
from simulator.engine.json_text import encode
from simulator.engine.paths import Step, write
from simulator.engine.scope import Scope
from simulator.engine.templates import Reader
from simulator.json_types import JsonValue

Variables = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Flow:
    """The compiled data fields of one state. What is None changes nothing.

    `narrow` is InputPath; `arguments` Parameters or Arguments, evaluated on the narrowed input; `select` ResultSelector;
    `assign` gives new variables; `output` makes the state's output of the scope before the work and its result.
    """

    narrow: Reader | None = None
    arguments: Reader | None = None
    select: Reader | None = None
    assign: Callable[[Scope], Variables] | None = None
    output: Callable[[Scope, JsonValue], JsonValue] | None = None
    is_jsonata: bool = False

    def take(self, scope: Scope) -> JsonValue:
        """What the state works on."""
        if self.narrow is not None:
            scope = scope.with_input(self.narrow(scope))
        return scope.input if self.arguments is None else self.arguments(scope)

    def give(self, scope: Scope, result: JsonValue) -> tuple[JsonValue, Variables]:
        """The state's output and the variables it assigns, from its scope (`$` being its raw input) and its result."""
        if self.is_jsonata:
            scope = scope.with_states(result=result)
            assigned = self.assign(scope) if self.assign else {}
            return (self.output(scope, result) if self.output else result), assigned
        if self.select is not None:
            result = self.select(scope.with_input(result))
        assigned = self.assign(scope.with_input(result)) if self.assign else {}
        return (self.output(scope, result) if self.output else result), assigned


def path_output(
    result_path: tuple[Step, ...] | None, text: str, output_path: Reader | None
) -> Callable[[Scope, JsonValue], JsonValue] | None:
    """ResultPath (None: the result is dropped) and OutputPath as one function; None if both are `$`."""
    if result_path == () and output_path is None:
        return None

    def output(scope: Scope, result: JsonValue) -> JsonValue:
        document = scope.input if result_path is None else place(scope.input, result_path, text, result)
        return document if output_path is None else output_path(scope.with_input(document))

    return output


def place(document: JsonValue, steps: tuple[Step, ...], text: str, result: JsonValue) -> JsonValue:
    """`document` with `result` at the reference path `text` (its steps being `steps`)."""
    try:
        return write(document, steps, result)
    except ExpressionError as error:
        raise ExpressionError(
            f"Unable to apply ReferencePath {text} to input {encode(document)}", "States.ResultPathMatchFailure"
        ) from error
