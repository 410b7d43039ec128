"""The coverage of a small state machine, for the tests of reports."""

import json

from simulator.runner.coverage import MachineCoverage

DEFINITION = {
    "StartAt": "Ask",
    "States": {
        "Ask": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "Each"}],
            "Default": "Sorry",
        },
        "Each": {
            "Type": "Map",
            "ItemProcessor": {"StartAt": 'Say "hi"; </b>', "States": {'Say "hi"; </b>': {"Type": "Pass", "End": True}}},
            "End": True,
        },
        "Sorry": {"Type": "Fail"},
    },
}
COVERAGE = MachineCoverage("Greeting", json.dumps(DEFINITION), (2, 0, 2, 2, 0, 2, 2, 0), 2)
