"""An object has its class's name in the catalog; the cache identifies it by its outputs."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fpbench import Fingerprints, FingerprintSpec, FpbenchError, Settings, TrackFingerprinter
from fpbench.cache import Store
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.source import identity, source_sha256
from fpbench.runs.objects import register_object

SPEC = FingerprintSpec(sample_rate_hz=8_000, segment_s=1.0, dim=4, unit_norm=False)


class Loudness:
    """Four times the loudness of a segment, by a factor."""

    def __init__(self, factor: float = 1.0, spec: FingerprintSpec = SPEC) -> None:
        self.spec = spec
        self.factor = factor

    def embed(self, segments: np.ndarray, /) -> np.ndarray:
        loudness = np.abs(segments).mean(axis=1, keepdims=True)
        return np.repeat(self.factor * loudness, 4, axis=1).astype(np.float32)


class Tracks:
    """The same of a whole track."""

    spec = FingerprintSpec(
        sample_rate_hz=8_000, segment_s=1.0, dim=4, unit_norm=False, front_end="track"
    )

    def fingerprint(self, samples: np.ndarray, /) -> Fingerprints:
        vectors = np.full((1, 4), np.abs(samples).mean(), dtype=np.float32)
        return Fingerprints(vectors, np.zeros(1))


@pytest.fixture
def sha256(tmp_path: Path) -> Callable[[object], str]:
    """The hash by which results and caches know an object."""

    def of(thing: object) -> str:
        catalog = Catalog.load()
        name = register_object(thing, catalog, Store(tmp_path))
        return source_sha256(catalog.offer("fingerprinter", name)[0].source.module)

    return of


@pytest.mark.parametrize("thing", [Loudness(), Tracks()], ids=["segments", "tracks"])
@pytest.mark.slow
def test_the_catalog_lists_it(tmp_path: Path, thing: Any) -> None:
    catalog = Catalog.load()
    name = register_object(thing, catalog, Store(tmp_path))
    assert name == type(thing).__name__
    offer, _ = catalog.offer("fingerprinter", name)
    assert (offer.source.distribution, offer.source.version) == ("(object)", "-")
    assert catalog.fingerprinter(name, Settings()) is thing
    assert identity(name, offer.source.module, Settings(), {})["source"]


@pytest.mark.slow
def test_equal_objects_have_one_hash(sha256: Callable[[object], str]) -> None:
    assert sha256(Loudness()) == sha256(Loudness())


@pytest.mark.slow
@pytest.mark.parametrize(
    "other",
    [
        pytest.param(Loudness(2.0), id="weights"),
        pytest.param(
            Loudness(spec=FingerprintSpec(sample_rate_hz=8_000, segment_s=1.0, dim=4, hop_s=0.25,
                                          unit_norm=False)),
            id="spec",
        ),
    ],
)  # fmt: skip
def test_objects_with_different_outputs_have_different_hashes(
    sha256: Callable[[object], str], other: object
) -> None:
    assert sha256(Loudness()) != sha256(other)


@pytest.mark.slow
def test_different_code_has_a_different_hash_despite_equal_outputs(
    sha256: Callable[[object], str], tmp_path: Path
) -> None:
    def make(body: str, name: str) -> object:
        """A class as a notebook has it: in no module, though its methods' source is known."""
        code = f"class Same:\n    def embed(self, segments):\n        {body}\n"
        (tmp_path / name).write_text(code)
        names: dict[str, Any] = {"np": np}
        exec(compile(code, str(tmp_path / name), "exec"), names)
        names["Same"].spec = SPEC
        names["Same"].__module__ = "nowhere"
        return names["Same"]()

    ones = "np.ones((len(segments), 4), dtype=np.float32)"
    first = sha256(make(f"return {ones}", "first.py"))
    assert first == sha256(make(f"return {ones}", "again.py"))
    assert first != sha256(make(f"return 1 * {ones}", "other.py"))


@pytest.mark.slow
def test_different_code_of_a_base_has_a_different_hash(
    sha256: Callable[[object], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Derived(Loudness):
        pass

    before = sha256(Derived())
    source_of = inspect.getsource
    monkeypatch.setattr(
        inspect, "getsource", lambda part: source_of(part) + "# later" * (part is Loudness)
    )
    assert before != sha256(Derived())


def test_settings_for_an_object_are_refused(tmp_path: Path) -> None:
    catalog = Catalog.load()
    name = register_object(Loudness(), catalog, Store(tmp_path))
    with pytest.raises(FpbenchError, match="no setting is called 'width'") as error:
        catalog.fingerprinter(name, Settings(options={"width": "3"}))
    assert error.value.hint == "Loudness, an object of this session, takes none"


def test_a_class_with_the_name_of_a_plugin_is_refused(tmp_path: Path) -> None:
    namesake = type("random", (Loudness,), {})()
    both = r"'random_baseline' and '\(object\)' both offer a fingerprinter called 'random'"
    with pytest.raises(FpbenchError, match=both):
        register_object(namesake, Catalog.load(), Store(tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("thing", "message"),
    [
        pytest.param(Loudness, "fingerprinter is the class Loudness, not an object", id="class"),
        pytest.param(3, "of type int: it needs a spec and a method embed", id="number"),
        pytest.param(Tracks.spec, "of type FingerprintSpec: it needs a spec and", id="spec"),
    ],
)
def test_an_object_that_is_not_a_fingerprinter_is_refused(
    tmp_path: Path, thing: object, message: str
) -> None:
    with pytest.raises(FpbenchError, match=message):
        register_object(thing, Catalog.load(), Store(tmp_path))


def test_an_object_that_breaks_a_rule_is_named(tmp_path: Path) -> None:
    class Wide(Loudness):
        def embed(self, segments: np.ndarray, /) -> np.ndarray:
            return np.ones((len(segments), 3), dtype=np.float32)

    with pytest.raises(FpbenchError, match="Wide"):
        register_object(Wide(), Catalog.load(), Store(tmp_path))


def test_a_track_front_end_is_a_fingerprinter() -> None:
    assert isinstance(Tracks(), TrackFingerprinter)
