"""Another function whose files have the same names."""

import os

from helper import WHO


def handler(event, context):
    return {"who": WHO, "double": 2 * event.get("n", 0), "mode": os.environ.get("MODE", "none")}
