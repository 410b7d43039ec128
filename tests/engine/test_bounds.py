"""Hostile definitions and inputs end in an error with a name: never a hang, never a crash."""

import json
from typing import Any

import pytest

from simulator.engine import jsonata as engine_jsonata
from simulator.engine.definition import find_problems
from simulator.engine.json_text import decode
from simulator.errors import ClockStuck, TooLarge
from tests.engine.world import World, machine, task

LOOP = machine(
    A={"Type": "Choice", "Choices": [{"Variable": "$", "IsNull": True, "Next": "End"}], "Default": "A"},
    End={"Type": "Succeed"},
)


def jsonata(expression: str) -> dict[str, Any]:
    return {"QueryLanguage": "JSONata", **machine(A={"Type": "Pass", "Output": "{% " + expression + " %}"})}


def test_an_endless_express_loop_is_a_limit_of_the_simulation() -> None:
    with pytest.raises(ClockStuck):
        World().run(LOOP, is_express=True)


def test_a_map_over_very_many_items_ends_at_the_history_limit() -> None:
    world = World({"Items": lambda call: [0] * 100_000})
    each = {"Type": "Map", "ItemProcessor": machine(Inner={"Type": "Pass"})}
    execution = world.run(machine(Items=task(), Each=each))
    assert execution.cause == "The execution reached the maximum number of history events (25000)."
    assert len(world.events()) == 25_000


def test_values_nested_too_deeply_are_a_runtime_error() -> None:
    value: Any = 1
    for _ in range(100_000):
        value = [value]
    execution = World({"Work": lambda call: value}).run(machine(Work=task()))
    assert execution.error == "States.Runtime"


def nested(before: str, inner: str, after: str, times: int = 10_000) -> str:
    return before * times + inner + after * times


def state(text: str, language: str = "JSONPath") -> str:
    return f'{{"StartAt":"A","QueryLanguage":"{language}","States":{{"A":{{{text},"End":true}}}}}}'


def parallels(depth: int) -> str:
    inner = '{"Type":"Pass","End":true}'
    for level in range(depth):
        branch = f'{{"StartAt":"S{level}","States":{{"S{level}":{inner}}}}}'
        inner = f'{{"Type":"Parallel","Branches":[{branch}],"End":true}}'
    return f'{{"StartAt":"A","States":{{"A":{inner}}}}}'


TOO_DEEP = "INVALID_JSON_DESCRIPTION: nested too deeply"
NO_PATH = (
    "SCHEMA_VALIDATION_FAILED: The value for the field 'x.$' must be a valid JSONPath or a valid intrinsic function call"
)


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        (state('"Type":"Pass","Result":' + nested("[", "1", "]")), TOO_DEEP),
        (state('"Type":"Pass","Parameters":' + nested('{"a":', '{"x.$":"$"}', "}")), TOO_DEEP),
        (parallels(10_000), TOO_DEEP),
        (parallels(100), "SCHEMA_VALIDATION_FAILED: States cannot be nested more than 40 deep"),
        (state('"Type":"Pass","Parameters":{"x.$":"' + nested("States.Array(", "1", ")") + '"}'), NO_PATH),
        (state('"Type":"Pass","Parameters":{"x.$":"$' + ".a" * 10_000 + '"}'), NO_PATH),
        (state('"Type":"Pass","Parameters":{"x.$":"$[?' + nested("(", "@.a == 1", ")") + ']"}'), NO_PATH),
        (state('"Type":"Pass","Output":"{% ' + nested("(", "1", ")") + ' %}"', "JSONata"), "INVALID_JSONATA_EXPRESSION"),
        (state('"Type":"Pass","Comment":"' + "x" * 1_048_576 + '"'), "INVALID_JSON_DESCRIPTION: the definition is longer"),
        (state('"Type":"Pass","Parameters":{"x.$":"States.MathAdd(' + "9" * 5_000 + ', 1)"}'), NO_PATH),
        (state('"Type":"Pass","Parameters":{"x.$":"States.MathAdd(1e999, 1)"}'), NO_PATH),
        (state('"Type":"Pass","Parameters":{"x.$":"$[?match(@, \'(a+)+b\')]"}'), NO_PATH),
        (state('"Type":"Pass","Parameters":{"x.$":"$.a | $.b"}'), NO_PATH),
    ],
)
def test_definitions_beyond_all_measure_are_refused(definition: str, message: str) -> None:
    assert find_problems(definition)[0].message.startswith(message)


def test_a_rule_nested_ten_thousand_deep_is_refused() -> None:
    rule = nested('"Not":{', '"Variable":"$","IsNull":true', "}")
    definition = (
        '{"StartAt":"A","States":{"A":{"Type":"Choice","Choices":[{"Next":"B",' + rule + '}]},"B":{"Type":"Succeed"}}}'
    )
    assert [problem.message for problem in find_problems(definition)] == [TOO_DEEP]


def test_deep_templates_are_compiled_in_time_that_grows_with_their_length() -> None:
    template: Any = {"v.$": "$"}
    for _ in range(200):
        template = {"t": template}
    assert find_problems(json.dumps(machine(A={"Type": "Pass", "Parameters": template}))) == []


def test_of_very_many_mistakes_the_first_hundred_are_told() -> None:
    wrong = {f"S{number}": {"Type": "Pass", "Next": f"T{number}"} for number in range(10_000)}
    assert len(find_problems(json.dumps({"StartAt": "S0", "States": wrong}))) == 100


def test_an_input_nested_deeply_never_breaks_the_interpreter() -> None:
    value: Any = 1
    for _ in range(900):
        value = [value]
    expressions = ("States.Format('{}', $)", "$..x", "States.JsonToString($)", "States.ArrayUnique($)")
    for expression in expressions:
        execution = World().run(machine(A={"Type": "Pass", "Parameters": {"v.$": expression}}), value)
        assert execution.status in ("SUCCEEDED", "FAILED")


def test_a_template_that_multiplies_its_input_is_stopped_before_it_is_written() -> None:
    template = {f"f{number}.$": "$" for number in range(20_000)}
    execution = World().run(machine(A={"Type": "Pass", "Parameters": template}), "x" * 200_000)
    assert execution.error == "States.DataLimitExceeded"


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("($f := function($n){1 + $f($n + 1)}; $f(0))", ": Stack overflow error: Check for non-terminating recursive"),
        ("+".join(["1"] * 200), ": Stack overflow error: "),
        ("$sum([1..900000])", ": Expression evaluation memory limit exceeded: Check for excessive memory usage"),
        ("[1..100000000]", "D2014"),
        ("$eval('1')", "T1006: Attempted to invoke a non-function"),
        ("$formatNumber(1, 'x')", "D3086: The sub-picture must not contain a passive character that is preceded by an"),
        ("$number('x')", 'D3030: Unable to cast value to a number: "x"'),
        ("1 + 'a'", 'T2002: The right side of the "+" operator must evaluate to a number'),
        ("$length(1)", 'T0410: Argument 1 of function "length" does not match function signature'),
    ],
)
def test_expressions_that_fail_say_so_with_their_code(expression: str, code: str) -> None:
    execution = World().run(jsonata(expression))
    assert execution.error == "States.QueryEvaluationError"
    told = code if code.startswith(": ") else f". {code}"  # the service's own bounds have no code
    assert f"specified for the field 'Output' threw an error during evaluation{told}" in (execution.cause or "")


def test_a_number_beyond_all_numbers_is_null() -> None:
    assert World().run(jsonata("1/0")).output == "null"
    assert World().run(jsonata("+".join(["1"] * 90))).output == "90"


def test_an_expression_that_gives_nothing_or_a_function_is_an_error() -> None:
    nothing = World().run(jsonata("$states.input.missing"))
    assert (nothing.cause or "").endswith("specified for the field 'Output' returned nothing (undefined).")
    function = World().run(jsonata("function($x){$x}"))
    assert (function.cause or "").endswith("specified for the field 'Output' returned an unsupported result type.")


def test_null_is_not_undefined() -> None:
    assert World().run(jsonata("$states.input.missing"), {"missing": None}).output == "null"


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*", "(a|aa)+b?", "a*a*a*a*a*a*a*a*a*a*a*a*"])
def test_regular_expressions_match_in_no_time(pattern: str) -> None:
    definition = machine(A={"Type": "Pass", "Parameters": {"x.$": f"$[?(@ =~ /{pattern}/)]"}})
    assert World().run(definition, ["a" * 1_000, "a" * 1_000 + "!"]).output == json.dumps({"x": ["a" * 1_000]}).replace(
        " ", ""
    )
    expression = f"$match('{'a' * 1_000}!', /^{pattern}$/)"
    assert World().run(jsonata(f"$exists({expression})")).output == "false"


@pytest.mark.parametrize(
    ("pattern", "value", "is_match"),
    [("a/b", "a/b", True), ("A", "a", False), ("a.c", "a\nc", False), ("a", "ab", False), (r"\\d+", "42", True)],
)
def test_a_regular_expression_must_match_the_whole_text(pattern: str, value: str, is_match: bool) -> None:
    path = "$[?(@ =~ /" + pattern.replace("/", "\\/").replace("\\\\", "\\") + "/)]"
    execution = World().run(machine(A={"Type": "Pass", "Parameters": {"x.$": path}}), [value])
    assert json.loads(execution.output or "{}") == {"x": [value] if is_match else []}


def test_flags_of_a_regular_expression_count() -> None:
    execution = World().run(machine(A={"Type": "Pass", "Parameters": {"x.$": "$[?(@ =~ /ab.*/i)]"}}), ["ABC", "b"])
    assert execution.output == '{"x":["ABC"]}'


def test_without_the_fast_library_only_harmless_patterns_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_jsonata, "_engine", lambda: engine_jsonata._pure)
    assert engine_jsonata.compile_pattern("AB.*", "i")("abc")
    with pytest.raises(ValueError, match="too many ways"):
        engine_jsonata.compile_pattern("(a+)+", "")
    assert "too many ways" in find_problems(json.dumps(jsonata("$match('a', /(a+)+$/)")))[0].message


@pytest.mark.parametrize("path", ["$" + "[0,0]" * 22, "$[?(@ in $[?(@ in $[*])])]"])
def test_a_path_that_leads_to_millions_of_places_is_stopped(path: str) -> None:
    value: Any = list(range(2_000))
    for _ in range(22 if "0,0" in path else 0):
        value = [value]
    execution = World().run(machine(A={"Type": "Pass", "Parameters": {"x.$": path}}), value)
    assert "the path leads to more than 500000 places" in (execution.cause or "")


def nested_call(function: str, width: int, depth: int) -> str:
    return "$" if depth == 0 else f"States.{function}({', '.join([nested_call(function, width, depth - 1)] * width)})"


@pytest.mark.parametrize(
    ("call", "given", "error"),
    [
        ("States.ArrayRange(0, 1000000000000, 1)", 0, "States.IntrinsicFailure"),
        ("States.ArrayRange(1, 1001, 1)", 0, "States.IntrinsicFailure"),
        ("States.ArrayPartition($, 0)", [1], "States.IntrinsicFailure"),
        (f"States.Base64Encode('{'a' * 10_001}')", 0, "States.IntrinsicFailure"),
        ("States.Base64Decode($)", "a" * 10_004, "States.IntrinsicFailure"),
        ("States.Hash($, 'MD5')", "a" * 10_001, "States.IntrinsicFailure"),
        ("States.MathAdd($, 1)", 10**4_000, "States.IntrinsicFailure"),
        (nested_call("Array", 8, 4), "x" * 200_000, "States.DataLimitExceeded"),
        ("States.JsonToString(States.Array(" + nested_call("Array", 8, 3) + "))", "x" * 200_000, "States.DataLimitExceeded"),
        (f"States.Format('{'{}' * 60}'{', $' * 60})", "x" * 200_000, "States.DataLimitExceeded"),
        ("States.JsonToString(" * 9 + "$" + ")" * 9, '"' * 100_000, "States.DataLimitExceeded"),
    ],
)
def test_a_function_that_would_make_too_much_is_an_error(call: str, given: Any, error: str) -> None:
    assert World().run(machine(A={"Type": "Pass", "Parameters": {"v.$": call}}), given).error == error


@pytest.mark.parametrize(
    "expression",
    [
        "$pad('x', 1000000000)",
        "$formatInteger(1e15, 'I')",
        "$replace($pad('', 10000, 'a'), 'a', $pad('', 10000, 'b'))",
        "$join($split($pad('', 10000, 'a'), ''), $pad('', 10000, 'b'))",
    ],
)
def test_an_expression_that_would_make_too_much_says_so(expression: str) -> None:
    cause = World().run(jsonata(expression)).cause or ""
    assert "during evaluation: Expression evaluation memory limit exceeded: Check for excessive memory usage" in cause


def test_a_range_has_a_thousand_numbers_at_most() -> None:
    assert "threw an error during evaluation. D2014: The " in (World().run(jsonata("$range(0, 1, 1e-9)")).cause or "")


@pytest.mark.parametrize(
    "expression", ["($f := function($n){$f($n + 1)}; $f(0))", "$sort([1..100000], function($a, $b){$random() > 0.5})"]
)
def test_an_expression_that_does_not_end_is_stopped(expression: str) -> None:
    assert "evaluation: Expression evaluation timeout: Check for infinite loop" in (
        World().run(jsonata(expression)).cause or ""
    )


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$pad('foo', 5, '#') & $pad('foo', -5, 'ab') & $pad('foo', 2)", '"foo##abfoofoo"'),
        ("$formatInteger(1999, 'I') & $formatInteger(12, 'w')", '"MCMXCIXtwelve"'),
        ("$replace('aaa', 'a', 'b', 2)", '"bba"'),
        ("$join(['a', 'b'], $pad('', 2, '-')) & '$join'", '"a--b$join"'),
        ("$replace('John', /(o)/, '<$1>')", '"J<o>hn"'),
        ("$map(['a', 'b'], function($x){$replace($x, 'a', 'c')})", '["c","b"]'),
        ("[$pad($states.input.missing, 5), $replace($states.input.missing, 'a', 'b')]", "[]"),
        ("['a', 'b'].$pad(2)", '["a ","b "]'),
    ],
)
def test_bounded_functions_give_what_they_always_gave(expression: str, value: str) -> None:
    assert World().run(jsonata(expression)).output == value


def test_a_map_run_over_millions_of_items_is_a_limit_of_the_simulation() -> None:
    world = World({"Each": lambda call: {"Body": json.dumps([0] * 1_000_000)}})
    reader = {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"}}
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **machine(Inner={"Type": "Pass"})}
    with pytest.raises(TooLarge, match="the Map 'Each' has 1000000 items; a simulation runs at most 100000"):
        world.run(machine(Each={"Type": "Map", "ItemReader": reader, "ItemProcessor": processor}))


def test_numbers_beyond_all_measure_are_no_json() -> None:
    for number in ("1e999", "9" * 5_000):
        with pytest.raises(ValueError, match=r"too large|Exceeds the limit"):
            decode(number)


def test_a_long_pattern_of_stars_is_matched_in_no_time() -> None:
    rule = {"Variable": "$", "StringMatches": "*a" * 60 + "*b", "Next": "End"}
    definition = machine(A={"Type": "Choice", "Choices": [rule], "Default": "End"}, End={"Type": "Succeed"})
    assert World().run(definition, "a" * 50_000).status == "SUCCEEDED"
