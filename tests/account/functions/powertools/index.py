"""A function that uses what Powertools keeps per process: the event at hand, metrics, and clients of parameters."""

import time

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.utilities import parameters

app = APIGatewayRestResolver()
metrics = Metrics(namespace="Tests", service="tests")


@app.get("/slow")
def slow() -> dict[str, object]:
    """What the request says, after others have had theirs; the metric that it has noted by then; a parameter."""
    query = app.current_event.query_string_parameters
    metrics.add_metric(name=query["who"], unit="Count", value=1)
    time.sleep(float(query["seconds"]))
    after = app.current_event.query_string_parameters["who"]
    return {"who": after, "metrics": sorted(metrics.metric_set), "parameter": parameters.get_parameter("/mode")}


def handler(event: dict[str, object], context: object) -> dict[str, object]:
    """Lambda's entry point."""
    return app.resolve(event, context)
