"""Requests stay within the web."""

import io
from http.client import HTTPMessage
from urllib.request import Request

import pytest

from fpbench.encoders.web_requests import WebRedirects


def test_an_encrypted_address_does_not_lead_to_an_open_one() -> None:
    request = Request("https://example.org/a")

    def leave(address: str) -> Request | None:
        handler = WebRedirects()
        return handler.redirect_request(request, io.BytesIO(), 302, "", HTTPMessage(), address)

    assert leave("https://other.org/") is not None
    with pytest.raises(ValueError, match=r"leads to 'http://other\.org/'"):
        leave("http://other.org/")
