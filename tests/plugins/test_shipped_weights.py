"""Small weights come with some plugins, are used without being asked for, and say what they are."""

from importlib.resources import files

import numpy as np
import pytest

from fpbench import Settings, Stream, TrackFingerprinter, rng_at
from fpbench.encoders.weights import read_info
from fpbench.fingerprints.probe import identify
from fpbench.generators.provenance import read_provenance
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.entries import Dtype

SYSTEMS = ("nafp", "nmfp", "grafprint", "peaknetfp")
LARGEST_BYTES = 6_000_000


@pytest.mark.parametrize("system", SYSTEMS)
def test_are_small_and_have_a_card(system: str) -> None:
    folder = files(f"fpbench_plugins.{system}") / "weights"
    names = {item.name for item in folder.iterdir()}
    assert names == {"README.md", *(f"fpbench-small.{s}" for s in ("safetensors", "json", "png"))}
    weights = folder / "fpbench-small.safetensors"
    assert len(weights.read_bytes()) < LARGEST_BYTES


@pytest.mark.parametrize("system", SYSTEMS)
def test_results_say_their_licence_and_what_they_were_trained_on(system: str) -> None:
    offer, _ = Catalog.load().offer("fingerprinter", system)
    assert offer.entry.weights_licence == "MIT"
    assert "TRAINING_AUDIO.md" in (offer.entry.training_data or "")


def test_what_is_not_trained_says_so() -> None:
    for system in ("spectral-sketch", "random"):
        assert Catalog.load().offer("fingerprinter", system)[0].entry.training_data == "none"


@pytest.mark.slow
@pytest.mark.parametrize("system", SYSTEMS)
def test_are_the_default_and_named_as_ours(system: str, caplog: pytest.LogCaptureFixture) -> None:
    catalog = Catalog.load()
    catalog.fingerprinter(system, Settings())
    assert [record.message for record in caplog.records] == [
        f"{system} uses fpbench's own small weights, not its authors'. "
        "`fpbench weights list` says how to get the authors' weights"
    ]


@pytest.mark.parametrize(
    "system", ["nafp", "nmfp", *(pytest.param(s, marks=pytest.mark.slow) for s in SYSTEMS[2:])]
)
def test_equal_audio_gives_equal_bytes_whichever_core_takes_it(system: str) -> None:
    fingerprinter = Catalog.load().fingerprinter(system, Settings())
    noise = rng_at(0, Stream.CHECK).uniform(-0.5, 0.5, 11 * 8_000).astype(np.float32)

    def vectors() -> np.ndarray:
        if isinstance(fingerprinter, TrackFingerprinter):
            return fingerprinter.fingerprint(noise).vectors
        return fingerprinter.embed(noise.reshape(11, 8_000))

    assert len({vectors().tobytes() for _ in range(20)}) == 1


@pytest.mark.slow
def test_give_way_to_another_network(caplog: pytest.LogCaptureFixture) -> None:
    Catalog.load().fingerprinter("nafp", Settings(options={"width": "2"}))
    assert "random weights" in caplog.text


@pytest.mark.parametrize("system", SYSTEMS)
def test_say_whose_they_are(system: str) -> None:
    path = files(f"fpbench_plugins.{system}") / "weights" / "fpbench-small.safetensors"
    info = read_info(path)  # type: ignore[arg-type]  # a path wherever packages are folders
    assert info.fingerprinter == system
    assert info.source.startswith("fpbench train, ")


@pytest.mark.slow
def test_the_demo_has_a_fitted_generator() -> None:
    folder = files("fpbench_plugins.rectified_flow_turbo") / "weights"
    assert {item.name for item in folder.iterdir()} == {"README.md", "nafp-demo.safetensors"}
    path = folder / "nafp-demo.safetensors"
    assert len(path.read_bytes()) < LARGEST_BYTES
    method = Catalog.load().generator("rectified-flow-turbo", Settings())
    generator = method.load(path)  # type: ignore[arg-type]  # a path wherever packages are folders
    assert generator.parameters == {"solver": "euler", "steps": 1, "project": True}
    drawn = generator.draw(100, rng_at(0, Stream.CHECK))
    np.testing.assert_allclose(np.linalg.norm(drawn, axis=1), 1, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("system", "dtype", "same"),
    [("nafp", "float32", True), ("nafp", "bfloat16", True), ("nmfp", "float32", False)],
)
def test_the_generator_of_the_demo_knows_its_system(system: str, dtype: Dtype, same: bool) -> None:
    path = files("fpbench_plugins.rectified_flow_turbo") / "weights" / "nafp-demo.safetensors"
    provenance = read_provenance(path)  # type: ignore[arg-type]  # a path wherever packages are folders
    assert provenance is not None
    assert provenance.system is not None
    settings = Settings(dtype=dtype)
    other = identify(Catalog.load().fingerprinter(system, settings), system, settings)
    assert (str(provenance), provenance.system.is_same(other)) == (
        "23600 fingerprints of nafp (its own weights, 8000 Hz, 1 s, 128 dims)",
        same,
    )
