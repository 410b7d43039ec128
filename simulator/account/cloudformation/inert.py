"""Kinds of resource that nothing here makes: they exist as names, so that what refers to them finds one, and do nothing."""

from collections.abc import Callable
from typing import Any

from moto.cloudformation import parsing

from simulator.account.cloudformation.deploying import INERT
from simulator.account.cloudformation.kinds import Asked, Kind, Made, register

Found = Callable[[str], Any]


def falling_back(find: Found) -> Found:
    """What finds the class of a kind of resource, with an inert one for every kind that it does not know."""

    def found(kind: str) -> Any:
        known = kind in parsing.NULL_MODELS or kind.startswith("Custom::") or kind in parsing.get_model_map()
        if not known:
            make_inert(kind)
        return find(kind)

    return found


def make_inert(kind: str) -> None:
    """Let resources of a kind be names only."""
    INERT.add(kind)
    register(Kind(kind, _create, lambda _asked, _id: None, "", lambda _asked, before: before))


def _create(asked: Asked) -> Made:
    return Made(asked.name, _Attributes(asked.name))


class _Attributes(dict[str, str]):
    """Whatever attribute is asked for: a text that says whose it is."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def __contains__(self, attribute: object) -> bool:
        return True

    def __missing__(self, attribute: str) -> str:
        return f"{self._name}.{attribute}"
