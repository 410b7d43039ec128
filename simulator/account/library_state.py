"""What libraries keep per process, in their modules and classes, and that two sandboxes must not share."""

import sys
from dataclasses import dataclass
from typing import Any

_POWERTOOLS = "aws_lambda_powertools"
_UNSET = object()


@dataclass(frozen=True, slots=True)
class _Place:
    """An attribute of a module, or of a class in it (`owner`), and its value in a new process."""

    module: str
    owner: str | None
    attribute: str
    initial: object


# Attributes that are set anew. `_UNSET` is one that a new process does not have.
_ATTRIBUTES = (
    _Place(f"{_POWERTOOLS}.logging.logger", None, "is_cold_start", True),
    _Place(f"{_POWERTOOLS}.metrics.provider.cold_start", None, "is_cold_start", True),
    _Place(f"{_POWERTOOLS}.tracing.tracer", None, "is_cold_start", True),
    _Place(f"{_POWERTOOLS}.event_handler.api_gateway", "BaseRouter", "current_event", _UNSET),
    _Place(f"{_POWERTOOLS}.event_handler.api_gateway", "BaseRouter", "lambda_context", _UNSET),
)
# Dictionaries that are empty in a new process, and that other modules and objects hold on to: clients made, metrics not yet
# put out.
_DICTIONARIES = (
    _Place(f"{_POWERTOOLS}.utilities.parameters.constants", None, "DEFAULT_PROVIDERS", None),
    *(
        _Place(f"{_POWERTOOLS}.metrics.metrics", "Metrics", name, None)
        for name in ("_metrics", "_dimensions", "_metadata", "_default_dimensions")
    ),
)


class LibraryState:
    """A process's own values of all that: kept while it does not run, those of the world outside while it does."""

    def __init__(self) -> None:
        self._values = [place.initial for place in _ATTRIBUTES]
        self._contents: list[dict[Any, Any]] = [{} for _ in _DICTIONARIES]

    def swap(self) -> None:
        """Exchange what is kept with what is in place. What nobody has imported yet has no state."""
        for number, place in enumerate(_ATTRIBUTES):
            if (owner := _owner(place)) is not None:
                kept, self._values[number] = self._values[number], getattr(owner, place.attribute, _UNSET)
                _set(owner, place.attribute, kept)
        for number, place in enumerate(_DICTIONARIES):
            if (owner := _owner(place)) is not None:
                shared = getattr(owner, place.attribute)
                kept_contents, self._contents[number] = self._contents[number], dict(shared)
                shared.clear()
                shared.update(kept_contents)


def _owner(place: _Place) -> Any:
    module = sys.modules.get(place.module)
    return module if module is None or place.owner is None else getattr(module, place.owner, None)


def _set(owner: Any, attribute: str, value: object) -> None:
    if value is not _UNSET:
        setattr(owner, attribute, value)
    elif hasattr(owner, attribute):
        delattr(owner, attribute)
