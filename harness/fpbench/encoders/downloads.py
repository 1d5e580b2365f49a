"""Downloads that go on where they broke off, and that know when they got something else."""

import hashlib
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fpbench.errors import FpbenchError

TIMEOUT_S = 60.0
_PIECE_BYTES = 1 << 18
_PAGE_STARTS = (b"<!doctype html", b"<html")


@dataclass(frozen=True, slots=True)
class DownloadProgress:
    """How far a download is; ``total_bytes`` is None where the server does not say."""

    done_bytes: int
    total_bytes: int | None


def download(url: str, path: Path) -> Iterator[DownloadProgress]:
    """Fetch a file, yielding as it comes.

    What has come lies in ``PATH.part``, and with it in ``PATH.part.json`` what tells whether the
    server still has the same file. (Pooch, which would do the rest, starts again from nothing.)

    Args:
        url: ``http`` or ``https``.
        path: Its folder must exist; the file appears once it is whole.

    Raises:
        FpbenchError: The server is not there, refuses, breaks off, or sends a web page.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise FpbenchError(f"'{url}' is not a web address", hint="it must start with https://")
    part = path.with_name(path.name + ".part")
    try:
        with _open(url, part) as answer:
            yield from _write_pieces(answer, url, part)
    except urllib.error.HTTPError as err:
        err.close()
        raise FpbenchError(
            f"{url} answered {err.code} {err.reason}", hint="look at the publisher's page"
        ) from err
    except (OSError, http.client.HTTPException) as err:
        reason = getattr(err, "reason", None) or err
        raise _interrupted_error(url, part, f"{reason}") from err
    part.replace(path)
    _validator_path(part).unlink(missing_ok=True)


def hash_of(path: Path, digest: str) -> str:
    """The hash of a file by the same algorithm as ``digest``, such as ``md5:...``."""
    algorithm = digest.partition(":")[0]
    with path.open("rb") as file:
        return f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}"


def _open(url: str, part: Path) -> Any:
    """Ask for what is not there yet."""
    start = part.stat().st_size if part.exists() else 0
    validator = _validator(part)
    if not start or validator is None:
        return _request(url, {})
    try:
        return _request(url, {"Range": f"bytes={start}-", "If-Range": validator})
    except urllib.error.HTTPError as err:
        if err.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
        err.close()
        return _request(url, {})


def _request(url: str, headers: dict[str, str]) -> Any:
    # The identity encoding, because ranges count the bytes that are sent.
    request = urllib.request.Request(url, headers={"Accept-Encoding": "identity", **headers})  # noqa: S310  the scheme is checked
    return urllib.request.urlopen(request, timeout=TIMEOUT_S)  # noqa: S310


def _write_pieces(answer: Any, url: str, part: Path) -> Iterator[DownloadProgress]:
    resumed = answer.status == http.HTTPStatus.PARTIAL_CONTENT
    done = part.stat().st_size if resumed else 0
    if resumed and not answer.headers.get("Content-Range", "").startswith(f"bytes {done}-"):
        raise _interrupted_error(url, part, "the server sent another part than was asked for")
    length = answer.headers.get("Content-Length")
    total = done + int(length) if length else None
    _remember_validator(part, answer.headers.get("ETag") or answer.headers.get("Last-Modified"))
    with part.open("ab" if resumed else "wb") as file:
        while piece := answer.read(_PIECE_BYTES):
            if done == 0 and _is_page(piece, answer.headers.get("Content-Type", "")):
                file.close()
                part.unlink()
                raise FpbenchError(
                    f"{url} answered with a web page in place of the file",
                    hint="open the address in a browser: it may want a login, or have moved",
                )
            file.write(piece)
            done += len(piece)
            yield DownloadProgress(done, total)
    if total is not None and done < total:
        raise _interrupted_error(url, part, f"after {done} of {total} bytes")


def _is_page(piece: bytes, content_type: str) -> bool:
    start = piece[:256].lstrip().lower()
    return content_type.startswith("text/html") or start.startswith(_PAGE_STARTS)


def _interrupted_error(url: str, part: Path, reason: str) -> FpbenchError:
    have = part.stat().st_size if part.exists() else 0
    again = f"; it goes on after the {have} bytes that came" if have else ""
    return FpbenchError(
        f"the download of {url} broke off: {reason}", hint="run the same command again" + again
    )


def _validator_path(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _validator(part: Path) -> str | None:
    """What the server called the version of the file that ``part`` is the start of."""
    try:
        said = json.loads(_validator_path(part).read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        return None
    return said if isinstance(said, str) else None


def _remember_validator(part: Path, validator: str | None) -> None:
    # A weak validator promises an equivalent file, not equal bytes.
    strong = validator if validator and not validator.startswith("W/") else None
    _validator_path(part).write_text(json.dumps(strong), encoding="utf-8")
