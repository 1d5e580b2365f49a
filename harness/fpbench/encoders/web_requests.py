"""Requests files from web servers: nothing but HTTP, and no redirect out of it."""

import http.client
import re
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from fpbench.errors import FpbenchError

TIMEOUT_S = 60.0
"""Longest silence of a server."""


def refuse_other_addresses(url: str) -> None:
    """Refuse what is no address of the web.

    Raises:
        FpbenchError: It does not begin with ``http`` or ``https``, names no server, or has other
            characters than ASCII.
    """
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
        is_address = is_address and parts.port != 0  # raises ValueError above 65535
    except ValueError:
        is_address = False
    if not is_address or not re.fullmatch(r"[\x21-\x7e]+", url):
        raise FpbenchError(
            f"'{url}' is not a web address",
            hint="start it with https://, and write other characters than ASCII as %XX",
        )


class WebRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects within the web, and not from an encrypted to an open connection."""

    def redirect_request(  # noqa: PLR0917  the signature is urllib's
        self,
        req: urllib.request.Request,
        fp: Any,
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        scheme = urlsplit(newurl).scheme
        if scheme not in (("https",) if req.type == "https" else ("http", "https")):
            fp.close()
            raise ValueError(f"it leads to {newurl[:200]!r}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def request(url: str, headers: Mapping[str, str]) -> Any:
    """Ask a server for a file, and return its response, which is still to be read.

    Args:
        url: Address that :func:`refuse_other_addresses` accepts.
        headers: Sent besides the usual ones.

    Raises:
        OSError: The server is not reachable, is silent for :data:`TIMEOUT_S`, or answers with an
            error, as :class:`urllib.error.HTTPError`.
        ValueError: It redirects out of the web, or to an open connection.
    """
    # No handlers of files and FTP, which urllib adds by itself.
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        WebRedirects(),
    ):
        opener.add_handler(handler)
    # Identity encoding, because ranges count the bytes as sent.
    asked = urllib.request.Request(url, headers={"Accept-Encoding": "identity", **headers})  # noqa: S310  the scheme is checked
    return opener.open(asked, timeout=TIMEOUT_S)
