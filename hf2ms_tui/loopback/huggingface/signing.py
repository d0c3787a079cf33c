"""Signed URLs of the storage and CDN origins: they need no token, and refuse a request that brings one."""

from __future__ import annotations

import hashlib
import hmac
import time
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from ..wire import Call, Refused, Reply


def xml_error(status: int, code: str, message: str) -> Reply:
    """An error the way object stores word it."""
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>'
    return Reply(status, {"Content-Type": "application/xml"}, body.encode())


class Signer:
    """Signs paths with their query for a while."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def _signature(self, path: str, query: dict[str, str]) -> str:
        text = f"{path}?{urlencode(sorted(query.items()))}"
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()

    def sign(self, base: str, path: str, query: dict[str, str], seconds: int) -> str:
        """The URL of `path` at `base`, good for `seconds`."""
        signed = {**query, "Expires": str(int(time.time()) + seconds)}
        return f"{base}{path}?{urlencode({**signed, 'Signature': self._signature(path, signed)})}"

    def check(self, call: Call) -> dict[str, str]:
        """The signed query of a request. Refuses credentials, wrong signatures (403) and expired ones (403)."""
        if "Authorization" in call.headers:
            raise Refused(
                xml_error(400, "InvalidArgument", "Only one auth mechanism allowed; only the signature is")
            )
        query = dict(call.query)
        given = query.pop("Signature", "")
        if not hmac.compare_digest(given, self._signature(call.raw_path, query)):
            raise Refused(xml_error(403, "SignatureDoesNotMatch", "The request signature does not match"))
        if int(query.get("Expires", "0")) < time.time():
            raise Refused(xml_error(403, "AccessDenied", "Request has expired"))
        return query
