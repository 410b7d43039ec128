"""A matrix: a scenario for each combination, named for it."""

from pathlib import Path

import pytest

from simulator.errors import ScenarioError
from simulator.scenario.loading import load_all, parse_all
from simulator.scenario.model import Scenario

TEXT = """\
scenario: Waves of any size
matrix:
  servers: [1, 20]
  luck: {none: [], throttled: [{known: throttled, for: 2m}]}
fleet:
  waves: [{name: app, servers: "${matrix.servers}"}]
faults: ${matrix.luck}
"""


def read(text: str = TEXT) -> tuple[Scenario, ...]:
    return parse_all(text, Path("x.yaml"))


def test_each_combination_is_a_scenario_with_its_values_in_the_title() -> None:
    assert [(scenario.title, len(scenario.fleet.server_names), len(scenario.faults)) for scenario in read()] == [
        ("Waves of any size [servers=1, luck=none]", 1, 0),
        ("Waves of any size [servers=1, luck=throttled]", 1, 1),
        ("Waves of any size [servers=20, luck=none]", 20, 0),
        ("Waves of any size [servers=20, luck=throttled]", 20, 1),
    ]
    assert dict(read()[1].cell) == {"servers": "1", "luck": "throttled"}


def test_a_title_that_names_values_is_left_as_it_is() -> None:
    titles = [scenario.title for scenario in read(TEXT.replace("any size", "${matrix.servers}"))]
    assert titles[::2] == ["Waves of 1", "Waves of 20"]


def test_a_file_without_a_matrix_is_one_scenario(tmp_path: Path) -> None:
    path = tmp_path / "one.yaml"
    path.write_text("scenario: One\nfleet: {waves: [{name: a, servers: 1}]}\n", "utf-8")
    assert [dict(scenario.cell) for scenario in load_all(path)] == [{}]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("${matrix.servers}", "${matrix.server}", "6:32: the matrix has no `server` (did you mean `servers`?)"),
        ('"${matrix.servers}"', "1", "3:3: nothing uses ${matrix.servers} (all its runs would be alike)"),
        ("[1, 20]", "[]", "3:3: expected the values of `servers`: a list, or a mapping by names"),
        ("[1, 20]", "[1, many]", '3:16: expected how many servers, or a list of their names, found "many"'),
        ("known: throttled", "knwon: throttled", "a fault needs"),
    ],
)
def test_mistakes_are_told_where_they_are_written(old: str, new: str, message: str) -> None:
    with pytest.raises(ScenarioError) as raised:
        read(TEXT.replace(old, new))
    assert message in str(raised.value)
