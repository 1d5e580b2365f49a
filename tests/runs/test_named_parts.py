"""Degradations say which recordings they may mix in, and a fingerprinter may get a new edition."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from fpbench import Settings
from fpbench.audio.reading import audio_hash
from fpbench.cache import Store
from fpbench.plugin.catalog import Catalog
from fpbench.runs.inputs import AudioSource
from fpbench.runs.named_parts import NamedDegradation
from fpbench.runs.prepare import PreparedRun


def test_recordings_are_known_by_their_content(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "n.wav", np.random.default_rng(0).uniform(-1, 1, 8_000), 8_000)
    settings = Settings(options={"folder": str(tmp_path)})
    noise = Catalog.load().degradation("noise", settings)
    named = NamedDegradation(degradation=noise, code="c", origin="o")
    assert named.recording_hashes() == [audio_hash(tmp_path / "n.wav")]
    assert named.skipped_recordings() == []


def test_a_new_edition_has_another_identity(
    prepared: Callable[..., PreparedRun], store: Store
) -> None:
    source = prepared().source
    assert isinstance(source, AudioSource)
    named = source.fingerprinter
    assert named.renew(store).identity != named.identity
