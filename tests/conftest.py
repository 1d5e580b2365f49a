"""Fixtures for all tests, and the shape checker on every call into fpbench."""

import hashlib
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

# Most tests would leave a second thread idle; and tests run side by side, one process a core.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# All processes of a session share one Ray cluster, which asks for a token; Ray reads it on import.
os.environ.setdefault("RAY_AUTH_MODE", "token")
os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))

import hypothesis
import numpy as np
import pytest
import soundfile
from array_checks import check_calls

# Before anything imports fpbench: every annotated array is checked on every call.
check_calls(["fpbench", "fpbench_plugins", "fpbench_leaderboard"])

# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

RATE_HZ = 8_000
SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of golden data and real audio beside the checkout; tests skip without it."""
    if not SHARED.is_dir():
        pytest.skip("no ../shared beside this checkout")
    return SHARED


@pytest.fixture(scope="session")
def thousand_embeddings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reference, queries that resemble it, and a thousand distractors."""
    folder, rng = tmp_path_factory.mktemp("embeddings"), np.random.default_rng(0)
    db, dummy = (rng.standard_normal((rows, 8), dtype=np.float32) for rows in (60, 1000))
    query = db + 0.5 * rng.standard_normal(db.shape, dtype=np.float32)
    for name, rows in (("db", db), ("query", query), ("dummy_db", dummy)):
        (rows / np.linalg.norm(rows, axis=1, keepdims=True)).tofile(folder / f"{name}.mm")
        np.save(folder / f"{name}_shape.npy", rows.shape)
    return folder


@pytest.fixture(scope="session")
def ray_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A Ray cluster on this machine, which this process has joined; tests skip without Ray."""
    pytest.importorskip("ray")
    from ray_clusters import joined_cluster

    base = tmp_path_factory.getbasetemp()
    folder = (base if os.environ.get("PYTEST_XDIST_WORKER") is None else base.parent) / "ray"
    folder.mkdir(exist_ok=True)
    with joined_cluster(folder):
        yield


SKETCH = """
from dataclasses import replace
from fpbench import Entry, hookimpl, refuse_settings
from fpbench_plugins.spectral_sketch.fingerprinter import DEFAULTS, SpectralSketch

@hookimpl
def fpbench_fingerprinters():
    return [Entry(name="small-sketch", summary="spectral-sketch in 16 dims", create=create)]

def create(settings):
    refuse_settings(settings, "small-sketch")
    return SpectralSketch(replace(DEFAULTS, spec=replace(DEFAULTS.spec, dim=16)), settings.device)
"""


@pytest.fixture(scope="session")
def small_sketch(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a fingerprinter with few dims: synthetic ones like its own are sooner judged."""
    path = tmp_path_factory.mktemp("plugins") / "small_sketch.py"
    path.write_text(SKETCH)
    return f"plugin:{path}"


@pytest.fixture(scope="session")
def evidence_of() -> Callable[..., Any]:
    """Makes evidence of an exact search whose ranks are known beforehand."""
    return _evidence_of


def _evidence_of(better: Sequence[Sequence[int | None]], *, track: Sequence[int]) -> Any:
    """Evidence with blocks of ten distractors and shortlists of ten.

    Args:
        better: Of each block, how many of its distractors score above each query's match; None
            for a query without a match.
        track: Of each query.
    """
    from fpbench import Candidates
    from fpbench.evidence.evidence import Evidence

    def candidates(scores: np.ndarray, width: int) -> Candidates:
        fillers = ((0, 0), (0, width - scores.shape[1]))
        exact = np.pad(scores.astype(np.float32), fillers, constant_values=-np.inf)
        ids = np.where(np.isfinite(exact), np.arange(width), -1)
        return Candidates(ids, -exact, exact)

    queries = len(track)
    above = np.array([[count or 0 for count in block] for block in better])
    there = np.array([count is not None for count in better[0]])
    distance_s = np.full((queries, 11), np.inf)
    distance_s[there, 0] = 0.0
    return Evidence(
        query_track=np.array(track),
        reference=candidates(np.full((queries, 1), 0.5), 11),
        distance_s=distance_s,
        match_score=np.where(there, 0.5, -np.inf).astype(np.float32),
        edges=np.arange(len(better) + 1) * 10,
        blocks=[candidates(np.where(np.arange(10) < n[:, None], 0.9, 0.1), 10) for n in above],
    )


@pytest.fixture(
    params=[pytest.param(3, id="few"), pytest.param(30, id="many", marks=pytest.mark.slow)]
)
def examples(request: pytest.FixtureRequest) -> int:
    """How many changed files a test of fuzzing reads."""
    return int(os.environ.get("FPBENCH_FUZZ_EXAMPLES", request.param))


@dataclass
class Publisher:
    """A web server with one file, and what it will do wrong.

    Args:
        content: The file.
        break_after: Bytes after which an answer breaks off.
        page: Sent in place of the file.
        tag: Says which version the file is; None makes one from the content, empty sends none.
        from_byte: What the answer to a range begins with in place of what was asked for.
        says_length: Whether it says how long the file is.
        length: What it says; None for the true length.
        redirect: Address that it sends everyone to.
        pause_s: Time after each byte.
        ranges: Those asked for so far, None for a whole file.
    """

    port: int = 0
    content: bytes = b""
    break_after: int | None = None
    page: bytes | None = None
    status: int = 200
    tag: str | None = None
    from_byte: int | None = None
    says_length: bool = True
    length: str | None = None
    redirect: str | None = None
    pause_s: float = 0.0
    ranges: list[str | None] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/model.zip?download=1"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        wanted = request.headers.get("Range")
        self.ranges.append(wanted)
        tag = f'"{hashlib.md5(self.content).hexdigest()}"' if self.tag is None else self.tag
        body, start = self.page or self.content, 0
        if self.redirect is not None and request.path.startswith("/model.zip"):
            request.send_response(302)
            request.send_header("Location", self.redirect)
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        if wanted and request.headers.get("If-Range") == tag:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(body):
                request.send_error(416)
                return
            first = start if self.from_byte is None else self.from_byte
            request.send_response(206)
            request.send_header("Content-Range", f"bytes {first}-{len(body) - 1}/{len(body)}")
        else:
            request.send_response(self.status)
        request.send_header("Content-Type", "text/html" if self.page else "application/zip")
        if self.says_length:
            request.send_header("Content-Length", self.length or str(len(body) - start))
        if tag:
            request.send_header("ETag", tag)
        request.end_headers()
        stop = len(body) if self.break_after is None else start + self.break_after
        if self.pause_s:
            with suppress(OSError):  # the client has left
                for at in range(start, stop):
                    request.wfile.write(body[at : at + 1])
                    time.sleep(self.pause_s)
        else:
            request.wfile.write(body[start:stop])


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    """A web server on this machine."""
    state = Publisher()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.answer(self)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        state.port = http.server_port
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield state
        http.shutdown()
        thread.join()


def melody(seed: int, seconds: float) -> np.ndarray:
    """Half-second tones of random pitch with overtones: every segment is unlike the others."""
    rng = np.random.default_rng(seed)
    tone = np.arange(RATE_HZ // 2) / RATE_HZ
    notes = []
    for _ in range(round(2 * seconds)):
        pitches_hz = rng.uniform(200, 3_500, 5)
        notes.append(sum(np.sin(2 * np.pi * pitch * tone) for pitch in pitches_hz) / 10)
    return np.concatenate(notes).astype(np.float32)


@pytest.fixture(scope="session")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset folder: 8 reference tracks and 16 distractors of 10 s, and one broken file."""
    folder = tmp_path_factory.mktemp("music")
    for part, first, n in (("reference", 0, 8), ("distractors", 100, 16)):
        (folder / part).mkdir()
        for i in range(n):
            soundfile.write(folder / part / f"{i:02}.wav", melody(first + i, 10.0), RATE_HZ)
    (folder / "distractors" / "broken.wav").write_bytes(b"RIFF and then nothing")
    return folder


@pytest.fixture
def one_faiss_thread() -> Iterator[None]:
    """Small work is done sooner by one thread than by several that wait for each other."""
    import faiss

    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    yield
    faiss.omp_set_num_threads(before)
