"""How answers are wrapped: envelope A of ``/api/v1``, envelope B of ``/openapi/v1``, and the error codes of both."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from ..wire import Refused, Reply, json_reply, text_reply

NOT_FOUND = 10010205001
NO_ACCESS = 10010200001
NO_TREE = 10990101004
BAD_ACCESS_TOKEN = 10010103009
COMMIT_REFUSED = 10030000001
NAME_TAKEN = {"model": 10010101001, "dataset": 10020101001, "space": 10010202004}

OPENAPI_CODES = {
    400: "InputParameterError",
    401: "InvalidAuthentication",
    403: "OperationNotAllowed",
    404: "ResourceNotFound",
    409: "DuplicateEntity",
    429: "RateLimitExceed",
    500: "InternalServerError",
    503: "ServiceUnavailable",
}


def ok(data: object, **beside: object) -> Reply:
    """Envelope A around `data`; `beside` are further fields next to it."""
    return json_reply(
        {
            "Code": 200,
            "Data": data,
            "Message": "success",
            "RequestId": str(uuid.uuid4()),
            "Success": True,
            **beside,
        }
    )


def fail(status: int, code: int, message: str, headers: Mapping[str, str] | None = None) -> Reply:
    """An error in envelope A; status 200 makes the kind of failure that looks like a success."""
    body = {"Code": code, "Message": message, "RequestId": str(uuid.uuid4()), "Success": False}
    return json_reply(body, status, headers)


def refuse(status: int, code: int, message: str, headers: Mapping[str, str] | None = None) -> Refused:
    """`fail` as an exception to raise."""
    return Refused(fail(status, code, message, headers))


def open_ok(data: object) -> Reply:
    """Envelope B around `data`."""
    return json_reply({"success": True, "request_id": str(uuid.uuid4()), "data": data})


def open_fail(status: int, message: str, code: str | None = None) -> Reply:
    """An error in envelope B."""
    word = code or OPENAPI_CODES.get(
        status, "InternalServerError" if status >= 500 else "InputParameterError"
    )
    body = {"success": False, "code": word, "message": message, "request_id": str(uuid.uuid4())}
    return json_reply(body, status)


def open_refuse(status: int, message: str, code: str | None = None) -> Refused:
    """`open_fail` as an exception to raise."""
    return Refused(open_fail(status, message, code))


def page_not_found() -> Reply:
    """The answer where no route fits: plain text, no envelope."""
    return text_reply("404 page not found", 404)
