"""``fpbench weights``: official files come from a server, whole, and are what they should be."""

import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner, Result

from fpbench.cli import main
from fpbench.encoders.weights import load_weights

PLUGIN = """
from fpbench import Checkpoint, Entry, PublishedFile, TensorRule, hookimpl

@hookimpl
def fpbench_fingerprinters():
    return [Entry(name="toy", summary="a toy", create=lambda settings: None)]

@hookimpl
def fpbench_checkpoints():
    rules = [TensorRule(source="kernel", target="kernel", shape=(40, 50))]
    url = {url!r}
    return [Checkpoint(
        fingerprinter="toy", format="torch", tensors=lambda: rules, config=dict(), licence="MIT",
        published=(
            PublishedFile(name="pinned", url=url),
            PublishedFile(name="hashed", url=url, digest={digest!r}),
        ),
    )]
"""


def archive(value: float) -> bytes:
    model, zipped = io.BytesIO(), io.BytesIO()
    torch.save({"kernel": torch.full((40, 50), value)}, model)
    with zipfile.ZipFile(zipped, "w") as file:
        file.writestr(zipfile.ZipInfo("toy/model.pth"), model.getvalue())
    return zipped.getvalue()


@pytest.fixture
def server(publisher: Any) -> Any:
    publisher.content = archive(1.0)
    return publisher


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FPBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "cache" / "weights"


@pytest.fixture
def plugin(server: Any, home: Path, tmp_path: Path) -> str:
    digest = "md5:" + hashlib.md5(server.content).hexdigest()
    path = tmp_path / "toys.py"
    path.write_text(PLUGIN.format(url=server.url, digest=digest))
    return f"plugin:{path}"


def run(*words: str) -> Result:
    result = CliRunner().invoke(main, ["weights", *words])
    assert "Traceback" not in result.stderr
    return result


def assert_refused(result: Result, message: str) -> None:
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Hint:" in result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["pinned", "hashed"])
def test_fetch_installs_what_was_published(plugin: str, home: Path, variant: str) -> None:
    result = run("fetch", plugin, "--variant", variant)
    assert result.exit_code == 0, result.stderr
    path = Path(result.stdout.strip())
    assert path == home / f"toy-{variant}.safetensors"
    tensors, info = load_weights(path, "toy")
    assert (tensors["kernel"] == 1).all()
    assert (info.origin or "").endswith("/model.zip?download=1")
    assert "licence of these weights: MIT" in result.stderr
    left = {file.name for file in home.iterdir()} - {path.name}
    assert left == ({"toy-pinned.sha256"} if variant == "pinned" else set())


@pytest.mark.slow
def test_an_interrupted_download_continues(plugin: str, server: Any) -> None:
    server.break_after = 3000
    assert_refused(
        run("fetch", plugin), f"was interrupted: after 3000 of {len(server.content)} bytes"
    )
    assert_refused(
        run("fetch", plugin), f"was interrupted: after 6000 of {len(server.content)} bytes"
    )
    server.break_after = None
    assert run("fetch", plugin).exit_code == 0
    assert server.ranges == [None, "bytes=3000-", "bytes=6000-"]


@pytest.mark.slow
def test_a_wrong_hash_is_refused(plugin: str, server: Any, home: Path) -> None:
    server.content = archive(2.0)
    assert_refused(run("fetch", plugin, "--variant", "hashed"), "from the publisher")
    assert list(home.iterdir()) == []


@pytest.mark.slow
def test_another_file_than_the_first_time_is_refused(plugin: str, server: Any) -> None:
    path = Path(run("fetch", plugin).stdout.strip())
    assert run("fetch", plugin).exit_code == 0
    server.content = archive(2.0)
    assert_refused(run("fetch", plugin), "of the first download")
    assert (load_weights(path, "toy")[0]["kernel"] == 1).all()


@pytest.mark.slow
def test_no_server(plugin: str) -> None:
    result = run("fetch", plugin, "--variant", "hashed", "--url", "http://127.0.0.1:9/model.zip")
    assert_refused(result, "Connection refused")


@pytest.mark.slow
def test_a_mirror_must_have_the_official_hash(plugin: str, server: Any) -> None:
    mirror = server.url.replace("model", "copy")
    assert run("fetch", plugin, "--variant", "hashed", "--url", mirror).exit_code == 0
    server.content = archive(2.0)
    result = run("fetch", plugin, "--variant", "hashed", "--url", mirror)
    assert_refused(result, "from the publisher")


@pytest.mark.slow
def test_a_mirror_without_an_official_hash_needs_one(plugin: str, server: Any) -> None:
    mirror = server.url.replace("model", "copy")
    refused = run("fetch", plugin, "--url", mirror)
    assert_refused(refused, "the hash of 'toy-pinned' is not known")
    assert "--sha256" in refused.stderr
    digest = hashlib.sha256(server.content).hexdigest()
    assert run("fetch", plugin, "--url", mirror, "--sha256", digest).exit_code == 0
    assert_refused(run("fetch", plugin, "--url", mirror, "--sha256", "0" * 64), "has the hash")


@pytest.mark.slow
def test_an_unknown_variant_lists_the_known(plugin: str) -> None:
    result = run("fetch", plugin, "--variant", "huge")
    assert_refused(result, "'toy' has no published weights 'huge'")
    assert "choose one of: pinned, hashed" in result.stderr


def test_nafp_has_no_published_file(home: Path) -> None:
    assert_refused(run("fetch", "nafp"), "no weights of 'nafp' are published")


def test_a_baseline_has_no_weights_at_all(home: Path) -> None:
    assert_refused(run("fetch", "spectral-sketch"), "has no official weights")


@pytest.mark.slow
def test_list_shows_installed_and_available_weights(plugin: str, home: Path) -> None:
    run("fetch", plugin)
    result = run("list")
    assert result.exit_code == 0, result.stderr
    (line,) = (line for line in result.stdout.splitlines() if "toy-pinned" in line)
    assert "model.zip" in line
    assert "MIT" in line
    assert "AGPL-3.0" in result.stdout
    assert "fetch nmfp --variant triplet" in result.stdout


@pytest.mark.slow
def test_list_shows_the_others_beside_a_damaged_file(plugin: str, home: Path) -> None:
    run("fetch", plugin)
    (home / "cut.safetensors").write_bytes(b"cut")
    result = run("list")
    assert result.exit_code == 2
    assert "toy-pinned" in result.stdout
    assert "cut.safetensors is not a safetensors file" in result.stderr


@pytest.mark.slow
def test_import_writes_a_file_that_says_where_it_is_from(
    plugin: str, server: Any, tmp_path: Path
) -> None:
    source, out = tmp_path / "mine.zip", tmp_path / "mine.safetensors"
    source.write_bytes(server.content)
    result = run("import", str(source), "--fingerprinter", plugin, "-o", str(out))
    assert result.exit_code == 0, result.stderr
    assert "2,000 parameters" in result.stderr
    _, info = load_weights(out, "toy")
    assert info.source == "mine.zip"
    assert info.source_sha256 == hashlib.sha256(server.content).hexdigest()


@pytest.mark.slow
def test_import_gives_equal_bytes_for_equal_checkpoints(
    plugin: str, server: Any, tmp_path: Path
) -> None:
    source = tmp_path / "mine.zip"
    source.write_bytes(server.content)
    outs = [tmp_path / "a.safetensors", tmp_path / "b.safetensors"]
    for out in outs:
        run("import", str(source), "--fingerprinter", plugin, "-o", str(out))
    assert outs[0].read_bytes() == outs[1].read_bytes()


def test_import_of_nothing_is_refused(home: Path, tmp_path: Path) -> None:
    result = run("import", "nowhere", "--fingerprinter", "nafp", "-o", "x.safetensors")
    assert_refused(result, "nowhere is not a TensorFlow checkpoint")


def test_import_requires_a_weights_file_name(home: Path) -> None:
    result = run("import", "nowhere", "--fingerprinter", "nafp", "-o", "x.npz")
    assert_refused(result, "'x.npz' cannot hold weights")
