"""Deployment packages of functions and layers, as requests bring them."""

import base64
from hashlib import sha256

from simulator.account import moto_services
from simulator.account.functions import Functions
from simulator.account.lambdas.records import Asked
from simulator.account.qualifiers import refused
from simulator.errors import ServiceError

MAX_ZIP_BYTES = 52_428_800  # sent along; from S3 it may be as large as it unpacks to


def digest(data: bytes) -> str:
    """What a package is known by."""
    return base64.b64encode(sha256(data).digest()).decode()


class Packages:
    """Fetches the packages of one account and Region."""

    def __init__(self, functions: Functions) -> None:
        self._functions = functions

    def fetched(self, code: Asked) -> bytes:
        """A deployment package, sent along or fetched from S3. Raises ServiceError."""
        if "ImageUri" in code:
            raise ServiceError("NotImplemented", "drsim does not run functions from container images", 501)
        if "ZipFile" in code:
            sent = code["ZipFile"]
            data = sent if isinstance(sent, bytes) else base64.b64decode(sent)
            if len(data) > MAX_ZIP_BYTES:
                raise refused("RequestEntityTooLargeException", f"the package is larger than {MAX_ZIP_BYTES} bytes", 413)
            return data
        if "S3Bucket" not in code or "S3Key" not in code:
            raise refused("InvalidParameterValueException", "Please provide a source for function code.")
        s3 = moto_services.client("s3", self._functions.region, self._functions.account_id)
        version = {"VersionId": code["S3ObjectVersion"]} if code.get("S3ObjectVersion") else {}
        try:
            found: bytes = s3.get_object(Bucket=code["S3Bucket"], Key=code["S3Key"], **version)["Body"].read()
        except s3.exceptions.ClientError as error:
            told = error.response["Error"]
            message = (
                f"Error occurred while GetObject. S3 Error Code: {told['Code']}. S3 Error Message: {told.get('Message', '')}"
            )
            raise refused("InvalidParameterValueException", message) from error
        return found
