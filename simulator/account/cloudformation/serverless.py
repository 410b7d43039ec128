"""The transform AWS::Serverless-2016-10-31: templates of the Serverless Application Model, made plain as AWS does.

AWS's own library does it. It is imported with the first such template, which takes a second.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from simulator.account.cloudformation.roles import managed_policies
from simulator.errors import ServiceError

SERVERLESS = "AWS::Serverless-2016-10-31"


def is_serverless(template: Mapping[str, Any]) -> bool:
    """Whether a template asks for the transform."""
    asked = template.get("Transform")
    return SERVERLESS in (asked if isinstance(asked, list) else [asked])


def transformed(template: dict[str, Any], parameters: Mapping[str, str], region: str) -> dict[str, Any]:
    """The template with plain resources only. `parameters` are those that the stack is given, for what the model needs them.

    Raises ServiceError (ValidationError) with the model's own reasons.
    """
    from samtranslator.metrics import metrics  # noqa: PLC0415
    from samtranslator.model.exceptions import InvalidDocumentException  # noqa: PLC0415
    from samtranslator.parser.parser import Parser  # noqa: PLC0415
    from samtranslator.translator.translator import Translator  # noqa: PLC0415

    metrics.LOG.disabled = True  # it complains of metrics that nobody wants, whenever memory is collected
    translator = Translator({}, Parser(), boto_session=_Place(region))
    try:
        plain: dict[str, Any] = translator.translate(template, dict(parameters), get_managed_policy_map=_managed_policies)
    except InvalidDocumentException as refusal:
        reasons = " ".join(cause.message for cause in refusal.causes)
        raise _failed(f"Number of errors found: {len(refusal.causes)}. {reasons}") from refusal
    except (AttributeError, KeyError, TypeError, ValueError) as error:  # what the library does with shapes nobody expects
        raise _failed(f"it cannot be read: {type(error).__name__}: {error}") from error
    asked = template.get("Transform")
    rest = [one for one in asked if one != SERVERLESS] if isinstance(asked, list) else []
    return {name: part for name, part in plain.items() if name not in ("Transform", "Globals")} | (
        {"Transform": rest} if rest else {}
    )


def _failed(reason: str) -> ServiceError:
    message = f"Transform {SERVERLESS} failed with: Invalid Serverless Application Specification document. {reason}"
    return ServiceError("ValidationError", message)


class _Place:
    """What the library wants of a boto3 session: the Region."""

    def __init__(self, region: str) -> None:
        self.region_name = region


@cache
def _managed_policies() -> dict[str, str]:
    """AWS's own policies: their ARNs by name."""
    return {name: policy["Arn"] for name, policy in managed_policies().items()}
