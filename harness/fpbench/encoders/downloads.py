"""Downloads that resume after an interruption, and that detect a changed file."""

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
    """Progress of a download; ``total_bytes`` is None if the server does not give it."""

    done_bytes: int
    total_bytes: int | None


def download(url: str, path: Path) -> Iterator[DownloadProgress]:
    """Download a file and yield the progress.

    The received bytes are in ``PATH.part``; ``PATH.part.json`` holds the server's version of the
    file, which tells whether it has changed. (Pooch is not used because it cannot resume.)

    Args:
        url: Address with ``http`` or ``https``.
        path: Path of the file, which appears when it is complete. Its folder must exist.

    Raises:
        FpbenchError: The server is not reachable, refuses, interrupts, or sends a web page.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise FpbenchError(f"'{url}' is not a web address", hint="start it with https://")
    part = path.with_name(path.name + ".part")
    try:
        with _open(url, part) as response:
            yield from _write_pieces(response, url, part)
    except urllib.error.HTTPError as err:
        err.close()
        raise FpbenchError(
            f"{url} answered {err.code} {err.reason}",
            hint="look for the file on the publisher's page",
        ) from err
    except (OSError, http.client.HTTPException) as err:
        reason = getattr(err, "reason", None) or err
        raise _interrupted_error(url, part, f"{reason}") from err
    part.replace(path)
    _validator_path(part).unlink(missing_ok=True)


def hash_of(path: Path, digest: str) -> str:
    """Hash of a file by the algorithm of ``digest``, in the same form, such as ``md5:...``."""
    algorithm = digest.partition(":")[0]
    with path.open("rb") as file:
        return f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}"


def _open(url: str, part: Path) -> Any:
    """Request the bytes that are still missing."""
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
    # Identity encoding, because ranges count the bytes as sent.
    request = urllib.request.Request(url, headers={"Accept-Encoding": "identity", **headers})  # noqa: S310  the scheme is checked
    return urllib.request.urlopen(request, timeout=TIMEOUT_S)  # noqa: S310


def _write_pieces(response: Any, url: str, part: Path) -> Iterator[DownloadProgress]:
    resumed = response.status == http.HTTPStatus.PARTIAL_CONTENT
    done = part.stat().st_size if resumed else 0
    if resumed and not response.headers.get("Content-Range", "").startswith(f"bytes {done}-"):
        raise _interrupted_error(url, part, "the server sent another part than requested")
    length = response.headers.get("Content-Length")
    total = done + int(length) if length else None
    _remember_validator(part, response.headers.get("ETag") or response.headers.get("Last-Modified"))
    with part.open("ab" if resumed else "wb") as file:
        while piece := response.read(_PIECE_BYTES):
            if done == 0 and _is_page(piece, response.headers.get("Content-Type", "")):
                file.close()
                part.unlink()
                raise FpbenchError(
                    f"{url} answered with a web page in place of the file",
                    hint="open the address in a browser: it may need a login, or have moved",
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
    received = part.stat().st_size if part.exists() else 0
    resume = f"; it resumes after the {received} bytes received" if received else ""
    return FpbenchError(
        f"the download of {url} was interrupted: {reason}",
        hint="run the same command again" + resume,
    )


def _validator_path(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _validator(part: Path) -> str | None:
    """The server's validator (version) of the file that ``part`` is the start of."""
    try:
        validator = json.loads(_validator_path(part).read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        return None
    return validator if isinstance(validator, str) else None


def _remember_validator(part: Path, validator: str | None) -> None:
    # A weak validator promises an equivalent file, not equal bytes.
    strong = validator if validator and not validator.startswith("W/") else None
    _validator_path(part).write_text(json.dumps(strong), encoding="utf-8")
