"""Breakages of Python code: cosmic-ray's operators, those that break what the code does and not merely how it looks."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

from benchmarks.mutation.mutants import Mutant

OPERATORS = tuple(
    f"core/{name}"
    for name in (
        *(f"ReplaceComparisonOperator_{pair}" for pair in ("Eq_NotEq", "NotEq_Eq", "Lt_GtE", "Lt_LtE", "LtE_Gt", "LtE_Lt")),
        *(f"ReplaceComparisonOperator_{pair}" for pair in ("Gt_LtE", "Gt_GtE", "GtE_Lt", "GtE_Gt", "Is_IsNot", "IsNot_Is")),
        *(f"ReplaceBinaryOperator_{pair}" for pair in ("Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "FloorDiv_Mul")),
        "AddNot",
        "ReplaceTrueWithFalse",
        "ReplaceFalseWithTrue",
        "ReplaceAndWithOr",
        "ReplaceOrWithAnd",
        "ReplaceBreakWithContinue",
        "ReplaceContinueWithBreak",
        "ExceptionReplacer",
        "NumberReplacer",
        "ZeroIterationForLoop",
    )
)


def python_mutants(root: Path, file: Path) -> Iterator[Mutant]:
    """Every mutant of one file of the production side in `root`."""
    source, name = file.read_text("utf-8"), file.relative_to(root).as_posix()
    nodes = list(ast_nodes(get_ast(source)))
    for operator_name in OPERATORS:
        operator = get_operator(operator_name)()
        positions = [start for node in nodes for start, _ in operator.mutation_positions(node)]
        for occurrence, (line, column) in enumerate(positions):
            if source.splitlines()[line - 1].startswith("@dataclass"):  # frozen or not, what the code does is the same
                continue
            kind = operator_name.removeprefix("core/")
            broken = partial(mutate_code, source, operator, occurrence)
            yield Mutant(name, line, "", kind, f"{kind} {occurrence} at column {column}", broken)
