"""Downloads that resume after an interruption, and that detect a changed file."""

import hashlib
import http.client
import json
import re
import urllib.error
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any

from fpbench.encoders.deadlines import iterate_until
from fpbench.encoders.web_requests import refuse_other_addresses, request
from fpbench.errors import FpbenchError

DEADLINE_S = 6 * 3600.0
MAX_BYTES = 16 << 30

_PIECE_BYTES = 1 << 18
_PAGE_STARTS = (b"<!doctype html", b"<html")
_DIGITS = {"md5": 32, "sha256": 64}
_VALIDATOR = re.compile(r"[\x20-\x7e]{1,1000}")  # what an HTTP header can hold


@dataclass(frozen=True, slots=True)
class DownloadProgress:
    """Progress of a download; ``total_bytes`` is None if the server does not give it."""

    done_bytes: int
    total_bytes: int | None


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a server says before it sends the file."""

    resumed: bool
    headers: Message


def download(
    url: str, path: Path, *, max_bytes: int = MAX_BYTES, deadline_s: float = DEADLINE_S
) -> Iterator[DownloadProgress]:
    """Download a file and yield the progress.

    The received bytes are in ``PATH.part``; ``PATH.part.json`` holds the server's version of the
    file, which tells whether it has changed. (Pooch is not used because it cannot resume.)

    Args:
        url: Address with ``http`` or ``https``. A redirect may lead to such an address only, and
            not from ``https`` to ``http``.
        path: Path of the file, which appears when it is complete. Its folder must exist.
        max_bytes: Largest size of the file.
        deadline_s: Longest time, however slowly the server answers. The next attempt resumes.

    Raises:
        FpbenchError: The server is not reachable, refuses, interrupts, takes too long, or sends a
            web page or more than ``max_bytes``.
    """
    refuse_other_addresses(url)
    part = path.with_name(path.name + ".part")
    try:
        answer, pieces = _request_until(url, part, deadline_s)
        yield from _write_pieces(answer, pieces, url, part, max_bytes)
    except urllib.error.HTTPError as err:
        err.close()
        raise FpbenchError(
            f"{url} answered {err.code} {err.reason}",
            hint="look for the file on the publisher's page",
        ) from err
    except (OSError, ValueError, http.client.HTTPException) as err:
        reason = getattr(err, "reason", None) or err
        raise _interrupted_error(url, part, f"{reason}") from err
    part.replace(path)
    _validator_path(part).unlink(missing_ok=True)


def hash_of(path: Path, digest: str) -> str:
    """Hash of a file by the algorithm of ``digest``, in the same form, such as ``md5:...``."""
    algorithm = digest.partition(":")[0]
    with path.open("rb") as file:
        return f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}"


def is_digest(text: str) -> bool:
    """Whether a text is ``md5:`` or ``sha256:`` and the hexadecimal digits of such a hash."""
    algorithm, _, digits = text.partition(":")
    return len(digits) == _DIGITS.get(algorithm) and bool(re.fullmatch("[0-9a-f]+", digits))


def _request_until(url: str, part: Path, deadline_s: float) -> tuple[_Answer, Iterator[bytes]]:
    """Request the bytes that are still missing; return the answer and the bytes."""
    received = iterate_until(lambda: _receive(url, part), deadline_s)
    answer = next(received)
    if not isinstance(answer, _Answer):
        raise TypeError(f"{type(answer)} in place of an answer")
    return answer, (piece for piece in received if isinstance(piece, bytes))


def _receive(url: str, part: Path) -> Iterator[_Answer | bytes]:
    with _open(url, part) as response:
        yield _Answer(response.status == http.HTTPStatus.PARTIAL_CONTENT, response.headers)
        # It returns what has arrived; read() would wait for a whole piece.
        while piece := response.read1(_PIECE_BYTES):
            yield piece


def _open(url: str, part: Path) -> Any:
    start = part.stat().st_size if part.exists() else 0
    validator = _validator(part)
    if not start or validator is None:
        return request(url, {})
    try:
        return request(url, {"Range": f"bytes={start}-", "If-Range": validator})
    except urllib.error.HTTPError as err:
        if err.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
        err.close()
        return request(url, {})


def _write_pieces(
    answer: _Answer, pieces: Iterator[bytes], url: str, part: Path, max_bytes: int
) -> Iterator[DownloadProgress]:
    done = part.stat().st_size if answer.resumed and part.exists() else 0
    content_range = answer.headers.get("Content-Range", "")
    if answer.resumed and not content_range.startswith(f"bytes {done}-"):
        raise _interrupted_error(url, part, "the server sent another part than requested")
    length = _length(answer.headers)
    total = None if length is None else done + length
    _refuse_size(total or 0, max_bytes, url)
    if not answer.resumed:
        part.unlink(missing_ok=True)  # first: a kill must not leave it with another's version
        _remember_validator(part, answer.headers)
    reported = done
    with part.open("ab" if answer.resumed else "wb") as file:
        for piece in pieces:
            if done == 0 and _is_page(piece, answer.headers.get("Content-Type", "")):
                file.close()
                part.unlink()
                raise FpbenchError(
                    f"{url} answered with a web page in place of the file",
                    hint="open the address in a browser: it may need a login, or have moved",
                )
            done += len(piece)
            if done > max_bytes:
                file.close()
                part.unlink()
                _refuse_size(done, max_bytes, url)
            file.write(piece)
            if done - reported >= _PIECE_BYTES:
                yield DownloadProgress(done, total)
                reported = done
    if done > reported:
        yield DownloadProgress(done, total)
    if total is not None and done < total:
        raise _interrupted_error(url, part, f"after {done} of {total} bytes")


def _length(headers: Message) -> int | None:
    """Number of bytes that are to come; None if the server does not say it."""
    text = headers.get("Content-Length")
    if text is None:
        return None
    if not re.fullmatch("[0-9]{1,18}", text.strip()):
        raise ValueError(f"the server gives the size as {text[:40]!r}")
    return int(text)


def _refuse_size(size_bytes: int, max_bytes: int, url: str) -> None:
    if size_bytes > max_bytes:
        raise FpbenchError(
            f"{url} sends {size_bytes} bytes or more, but weights of this fingerprinter have less "
            f"than {max_bytes}",
            hint="look for the file on the publisher's page",
        )


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
    except (OSError, ValueError, RecursionError):
        return None
    return validator if isinstance(validator, str) and _VALIDATOR.fullmatch(validator) else None


def _remember_validator(part: Path, headers: Message) -> None:
    validator = headers.get("ETag") or headers.get("Last-Modified")
    # A weak validator promises an equivalent file, not equal bytes.
    strong = validator if validator and not validator.startswith("W/") else None
    _validator_path(part).write_text(json.dumps(strong), encoding="utf-8")
