"""What is changed in moto must not show: every shortcut answers as moto's own way does."""

import json
from typing import Any

from botocore.model import ServiceModel
from hypothesis import given
from hypothesis import strategies as st
from moto.core.parse import PROTOCOL_PARSERS, BaseJSONParser
from moto.core.serialize import BaseJSONSerializer
from moto.core.utils import get_service_model
from werkzeug.datastructures import Headers

from simulator.account import moto_changes, moto_services

TEXTS = st.text(max_size=5)
PLAIN = st.recursive(
    st.one_of(
        st.builds(lambda text: {"S": text}, TEXTS),
        st.builds(lambda number: {"N": str(number)}, st.integers()),
        st.builds(lambda value: {"BOOL": value}, st.booleans()),
        st.just({"NULL": True}),
        st.builds(lambda texts: {"SS": texts}, st.lists(TEXTS, max_size=3)),
    ),
    lambda inner: st.one_of(
        st.builds(lambda values: {"L": values}, st.lists(inner, max_size=3)),
        st.builds(lambda values: {"M": values}, st.dictionaries(st.text(min_size=1, max_size=3), inner, max_size=3)),
    ),
    max_leaves=8,
)
ODD: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({"B": "AAEC"}),
    st.just({"BS": ["AAEC"]}),
    st.just({"S": "a", "X": "unknown"}),
    st.just({"M": {"inner": {"B": "AAEC"}}}),
    st.just({}),
)


def model() -> ServiceModel:
    assert moto_services is not None  # it changes moto when it is loaded
    found: ServiceModel = get_service_model("dynamodb")
    return found


def parsed(item: dict[str, Any]) -> Any:
    body = json.dumps({"TableName": "t", "Item": item}).encode()
    headers = Headers({"x-amz-target": "DynamoDB_20120810.PutItem", "content-type": "application/x-amz-json-1.0"})
    request = {"method": "POST", "values": {}, "headers": headers, "body": body, "url_path": "/", "url_params": {}}
    return PROTOCOL_PARSERS["json"](model().operation_model("PutItem")).parse(request)


def unchanged(owner: Any, name: str, work: Any) -> Any:
    """What comes of something by moto's own way."""
    changed = getattr(owner, name)
    setattr(owner, name, changed.__wrapped__)
    try:
        return work()
    finally:
        setattr(owner, name, changed)


@given(st.dictionaries(st.text(min_size=1, max_size=4), st.one_of(PLAIN, ODD), max_size=4))
def test_items_are_parsed_as_moto_would(item: dict[str, Any]) -> None:
    assert parsed(item) == unchanged(BaseJSONParser, "_parse_structure", lambda: parsed(item))


@given(st.dictionaries(st.text(min_size=1, max_size=4), PLAIN, max_size=4))
def test_items_are_serialized_as_moto_would(item: dict[str, Any]) -> None:
    def serialized() -> Any:
        serializer = BaseJSONSerializer(model().operation_model("GetItem"))
        return json.loads(serializer.serialize({"Item": item})["body"])

    assert serialized() == unchanged(BaseJSONSerializer, "_serialize_type_structure", serialized) == {"Item": item}


def test_binary_values_are_left_to_moto() -> None:
    binary: list[Any] = [{"B": "AA=="}, {"M": {"a": {"B": "AA=="}}}, {"L": [{"BS": []}]}]
    assert [moto_changes.is_plain(value) for value in binary] == [False, False, False]
