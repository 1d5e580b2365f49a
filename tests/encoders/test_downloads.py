"""A download is whole or not there, and goes on where it broke off."""

import random
from pathlib import Path
from typing import Any

import pytest

from fpbench import FpbenchError
from fpbench.encoders.downloads import DownloadProgress, download, hash_of

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


def test_a_file_comes_whole_and_leaves_nothing_beside_it(server: Any, tmp_path: Path) -> None:
    assert fetch(server, tmp_path) == CONTENT


def test_an_empty_file_is_a_file(server: Any, tmp_path: Path) -> None:
    server.content = b""
    assert fetch(server, tmp_path) == b""


def test_says_how_far_it_is(server: Any, tmp_path: Path) -> None:
    server.content = bytes(600_000)
    *_, last = told = list(download(server.url, tmp_path / "a"))
    assert last == DownloadProgress(600_000, 600_000)
    assert [one.done_bytes for one in told] == sorted({one.done_bytes for one in told})
    assert len(told) > 1


def test_a_server_need_not_say_how_long_a_file_is(server: Any, tmp_path: Path) -> None:
    server.says_length = False
    (last,) = download(server.url, tmp_path / "a")
    assert last == DownloadProgress(10_000, None)


def test_goes_on_where_it_broke_off(server: Any, tmp_path: Path) -> None:
    server.break_after = 3_000
    for come in (3_000, 6_000):
        with pytest.raises(FpbenchError, match=f"broke off: after {come} of 10000 bytes") as err:
            fetch(server, tmp_path)
        assert f"goes on after the {come} bytes that came" in (err.value.hint or "")
        assert not (tmp_path / "model.zip").exists()
    server.break_after = None
    assert fetch(server, tmp_path) == CONTENT
    assert server.ranges == [None, "bytes=3000-", "bytes=6000-"]


def start(server: Any, folder: Path) -> None:
    server.break_after = 3_000
    with pytest.raises(FpbenchError, match="broke off"):
        fetch(server, folder)
    server.break_after = None


def test_a_file_that_changed_meanwhile_comes_from_its_start(server: Any, tmp_path: Path) -> None:
    start(server, tmp_path)
    server.content = CONTENT[::-1]
    assert fetch(server, tmp_path) == CONTENT[::-1]
    assert server.ranges == [None, "bytes=3000-"]


@pytest.mark.parametrize("tag", ["", 'W/"1"'], ids=["none", "weak"])
def test_a_server_that_names_no_version_is_asked_for_the_whole_file(
    server: Any, tmp_path: Path, tag: str
) -> None:
    # A weak tag promises an equivalent file, not equal bytes.
    server.tag = tag
    start(server, tmp_path)
    assert fetch(server, tmp_path) == CONTENT
    assert server.ranges == [None, None]


def test_a_start_that_nothing_is_known_about_is_not_built_on(server: Any, tmp_path: Path) -> None:
    start(server, tmp_path)
    (tmp_path / "model.zip.part.json").write_text("{")
    assert fetch(server, tmp_path) == CONTENT
    assert server.ranges == [None, None]


def test_what_was_whole_before_it_had_its_name_is_fetched_again(
    server: Any, tmp_path: Path
) -> None:
    start(server, tmp_path)
    (tmp_path / "model.zip.part").write_bytes(CONTENT)
    assert fetch(server, tmp_path) == CONTENT
    assert server.ranges == [None, "bytes=10000-", None]


def test_another_part_than_was_asked_for_is_refused(server: Any, tmp_path: Path) -> None:
    start(server, tmp_path)
    server.from_byte = 2_000
    with pytest.raises(FpbenchError, match="sent another part than was asked for"):
        fetch(server, tmp_path)
    server.from_byte = None
    assert fetch(server, tmp_path) == CONTENT


@pytest.mark.parametrize(
    "page", [b"<!DOCTYPE html><html>", b"  <HTML>please log in"], ids=["doctype", "html"]
)
def test_a_web_page_is_not_a_file(server: Any, tmp_path: Path, page: bytes) -> None:
    server.page = page
    with pytest.raises(FpbenchError, match="answered with a web page in place of the file"):
        fetch(server, tmp_path)
    assert not (tmp_path / "model.zip.part").exists()


def test_a_refusal_is_passed_on(server: Any, tmp_path: Path) -> None:
    server.status = 404
    with pytest.raises(FpbenchError, match="answered 404 Not Found"):
        fetch(server, tmp_path)


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FpbenchError, match=r"127\.0\.0\.1:9/a broke off: .*refused") as err:
        list(download("http://127.0.0.1:9/a", tmp_path / "a"))
    assert err.value.hint == "run the same command again"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x.org/a", "model.zip"])
def test_only_the_web_is_asked(tmp_path: Path, url: str) -> None:
    with pytest.raises(FpbenchError, match="is not a web address"):
        list(download(url, tmp_path / "a"))


def test_a_hash_is_by_the_algorithm_that_is_given(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    # Of RFC 1321, appendix A.5, and of FIPS 180-2, appendix B.1.
    assert hash_of(tmp_path / "abc", "md5:0") == "md5:900150983cd24fb0d6963f7d28e17f72"
    assert hash_of(tmp_path / "abc", "sha256:").startswith("sha256:ba7816bf8f01cfea414140de5dae")
