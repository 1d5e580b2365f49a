"""A download is complete or absent, and resumes after an interruption."""

import random
from pathlib import Path
from typing import Any

import pytest

from fpbench import FpbenchError
from fpbench.encoders.downloads import (
    DownloadProgress,
    download,
    hash_of,
    is_digest,
)

CONTENT = random.Random(0).randbytes(10_000)


@pytest.fixture
def server(publisher: Any) -> Any:
    publisher.content = CONTENT
    return publisher


def fetch(server: Any, folder: Path) -> bytes:
    for _ in download(server.url, folder / "model.zip"):
        pass
    assert [path.name for path in folder.iterdir()] == ["model.zip"]
    return (folder / "model.zip").read_bytes()


def test_downloads_a_file_and_leaves_no_other_files(server: Any, tmp_path: Path) -> None:
    assert fetch(server, tmp_path) == CONTENT


def test_downloads_an_empty_file(server: Any, tmp_path: Path) -> None:
    server.content = b""
    assert fetch(server, tmp_path) == b""


def test_reports_progress(server: Any, tmp_path: Path) -> None:
    server.content = bytes(600_000)
    *_, last = reports = list(download(server.url, tmp_path / "a"))
    assert last == DownloadProgress(600_000, 600_000)
    assert [each.done_bytes for each in reports] == sorted({each.done_bytes for each in reports})
    assert len(reports) > 1


def test_the_length_of_a_file_may_be_unknown(server: Any, tmp_path: Path) -> None:
    server.says_length = False
    (last,) = download(server.url, tmp_path / "a")
    assert last == DownloadProgress(10_000, None)


def test_resumes_after_an_interruption(server: Any, tmp_path: Path) -> None:
    server.break_after = 3_000
    for received in (3_000, 6_000):
        with pytest.raises(
            FpbenchError, match=f"was interrupted: after {received} of 10000 bytes"
        ) as err:
            fetch(server, tmp_path)
        assert f"resumes after the {received} bytes received" in (err.value.hint or "")
        assert not (tmp_path / "model.zip").exists()
    server.break_after = None
    assert fetch(server, tmp_path) == CONTENT
    assert server.ranges == [None, "bytes=3000-", "bytes=6000-"]


def start(server: Any, folder: Path) -> None:
    server.break_after = 3_000
    with pytest.raises(FpbenchError, match="was interrupted"):
        fetch(server, folder)
    server.break_after = None


def test_downloads_a_changed_file_from_its_start(server: Any, tmp_path: Path) -> None:
    start(server, tmp_path)
    server.content = CONTENT[::-1]
    assert fetch(server, tmp_path) == CONTENT[::-1]
    assert server.ranges == [None, "bytes=3000-"]


@pytest.mark.parametrize("tag", ["", 'W/"1"'], ids=["none", "weak"])
def test_downloads_a_file_without_a_version_from_its_start(
    server: Any, tmp_path: Path, tag: str
) -> None:
    # A weak tag promises an equivalent file, not equal bytes.
    server.tag = tag
    start(server, tmp_path)
    assert fetch(server, tmp_path) == CONTENT
    assert server.ranges == [None, None]


def test_does_not_resume_a_part_of_unknown_version(server: Any, tmp_path: Path) -> None:
    start(server, tmp_path)
    (tmp_path / "model.zip.part.json").write_text("{")
    assert fetch(server, tmp_path) == CONTENT
    assert server.ranges == [None, None]


def test_downloads_a_complete_part_again(server: Any, tmp_path: Path) -> None:
    start(server, tmp_path)
    (tmp_path / "model.zip.part").write_bytes(CONTENT)
    assert fetch(server, tmp_path) == CONTENT
    assert server.ranges == [None, "bytes=10000-", None]


def test_refuses_another_part_than_requested(server: Any, tmp_path: Path) -> None:
    start(server, tmp_path)
    server.from_byte = 2_000
    with pytest.raises(FpbenchError, match="sent another part than requested"):
        fetch(server, tmp_path)
    server.from_byte = None
    assert fetch(server, tmp_path) == CONTENT


@pytest.mark.parametrize(
    "page", [b"<!DOCTYPE html><html>", b"  <HTML>please log in"], ids=["doctype", "html"]
)
def test_refuses_a_web_page(server: Any, tmp_path: Path, page: bytes) -> None:
    server.page = page
    with pytest.raises(FpbenchError, match="answered with a web page in place of the file"):
        fetch(server, tmp_path)
    assert not (tmp_path / "model.zip.part").exists()


def test_gives_the_status_of_the_server(server: Any, tmp_path: Path) -> None:
    server.status = 404
    with pytest.raises(FpbenchError, match="answered 404 Not Found"):
        fetch(server, tmp_path)


def test_names_a_server_that_is_not_reachable(tmp_path: Path) -> None:
    with pytest.raises(FpbenchError, match=r"127\.0\.0\.1:9/a was interrupted: .*refused") as err:
        list(download("http://127.0.0.1:9/a", tmp_path / "a"))
    assert err.value.hint == "run the same command again"


@pytest.mark.parametrize("length", ["many", "-5", "1e5", "10000, 10000", "", "9" * 30, "+10000"])
def test_refuses_a_length_that_is_no_number(server: Any, tmp_path: Path, length: str) -> None:
    server.length = length or " "
    with pytest.raises(FpbenchError, match="the server gives the size as"):
        fetch(server, tmp_path)


def test_refuses_a_file_that_claims_more_than_the_limit(server: Any, tmp_path: Path) -> None:
    server.length = str(10**13)
    with pytest.raises(FpbenchError, match="sends 10000000000000 bytes or more"):
        fetch(server, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_stops_a_file_of_unknown_length_at_the_limit(server: Any, tmp_path: Path) -> None:
    server.content, server.says_length = bytes(1_000_000), False
    with pytest.raises(FpbenchError, match=r"have less than 300000"):
        list(download(server.url, tmp_path / "a", max_bytes=300_000))
    assert not (tmp_path / "a.part").exists()


def test_a_server_that_sends_a_byte_at_a_time_meets_the_deadline(
    server: Any, tmp_path: Path
) -> None:
    server.pause_s = 0.01
    with pytest.raises(FpbenchError, match=r"it took longer than 0\.2 s") as err:
        list(download(server.url, tmp_path / "a", deadline_s=0.2))
    assert "it resumes after the" in (err.value.hint or "")
    server.pause_s = 0.0
    assert list(download(server.url, tmp_path / "a"))[-1].done_bytes == len(CONTENT)
    assert (tmp_path / "a").read_bytes() == CONTENT


@pytest.mark.parametrize(
    "address",
    ["file:///etc/passwd", "ftp://example.org/a", "data:text/plain,x", "gopher://example.org/"],
)
def test_follows_redirects_within_the_web_only(server: Any, tmp_path: Path, address: str) -> None:
    server.redirect = address
    with pytest.raises(FpbenchError, match=r"it leads to|302"):
        fetch(server, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_follows_a_redirect(server: Any, tmp_path: Path) -> None:
    server.redirect = server.url.replace("model", "copy")
    assert fetch(server, tmp_path) == CONTENT


def test_a_redirect_to_itself_ends(server: Any, tmp_path: Path) -> None:
    server.redirect = server.url
    with pytest.raises(FpbenchError, match="answered 302"):
        fetch(server, tmp_path)


@pytest.mark.parametrize(
    "content",
    [b"{", b"\xff\xfe", b"[" * 100_000, b'"a\\nb: c"', b'"\\u20ac"', b"7", b'""', b""],
    ids=["cut", "not text", "deep", "two lines", "not ASCII", "number", "no text", "empty"],
)
def test_a_damaged_note_of_the_version_starts_afresh(
    server: Any, tmp_path: Path, content: bytes
) -> None:
    start(server, tmp_path)
    (tmp_path / "model.zip.part.json").write_bytes(content)
    assert fetch(server, tmp_path) == CONTENT
    assert server.ranges == [None, None]


@pytest.mark.parametrize(
    "url",
    [
        *("file:///etc/passwd", "ftp://x.org/a", "model.zip", "", "http://", "https:///a"),
        *(
            "http://[::1/a",
            "http://x.org:99999/a",
            "http://x.org/a b",
            "http://x.org/\n",
            "http://é",
        ),
    ],
)
def test_refuses_other_addresses(tmp_path: Path, url: str) -> None:
    with pytest.raises(FpbenchError, match="is not a web address"):
        list(download(url, tmp_path / "a"))


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        (f"md5:{'0' * 32}", True),
        (f"sha256:{'0f' * 32}", True),
        (f"md5:{'0' * 64}", False),
        (f"sha256:{'g' * 64}", False),
        (f"sha1:{'0' * 40}", False),
        ("0" * 64, False),
        ("", False),
    ],
)
def test_knows_a_digest(text: str, *, is_one: bool) -> None:
    assert is_digest(text) == is_one


def test_hashes_by_the_algorithm_of_the_digest(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    # RFC 1321, appendix A.5, and FIPS 180-2, appendix B.1.
    assert hash_of(tmp_path / "abc", "md5:0") == "md5:900150983cd24fb0d6963f7d28e17f72"
    assert hash_of(tmp_path / "abc", "sha256:").startswith("sha256:ba7816bf8f01cfea414140de5dae")


def test_a_kill_leaves_no_part_with_the_version_of_another_file(
    server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(server, tmp_path)
    server.content = CONTENT[::-1]

    def kill(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("fpbench.encoders.downloads._remember_validator", kill)
        with pytest.raises(KeyboardInterrupt):
            fetch(server, tmp_path)
    assert fetch(server, tmp_path) == CONTENT[::-1]
