"""Front end and network with weights, for whole recordings."""

from typing import cast

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor, nn

from fpbench import Fingerprints, FpbenchError, Samples, Settings, TrackFingerprinter
from fpbench_plugins.building_blocks.encoders.weights import load_network
from fpbench_plugins.grafprint.config import ARCHITECTURE, PUBLISHED, GrafprintConfig
from fpbench_plugins.grafprint.fast import FastGrafprint
from fpbench_plugins.grafprint.front_end import htk_filterbank, log_mel, segment_windows
from fpbench_plugins.grafprint.network import (
    GrafprintNetwork,
    has_range,
    initialise,
    use_batch_statistics,
)

NAME = "grafprint"
PART_SEGMENTS = 8
"""Segments whose graphs are in memory at once, if fingerprints do not depend on each other."""


class Grafprint:
    """Implements :class:`fpbench.TrackFingerprinter`."""

    def __init__(self, config: GrafprintConfig, network: nn.Module, device: str) -> None:
        self.spec = config.spec
        self._config = config
        self._network = network.to(device).eval()
        filterbank = htk_filterbank(config.sample_rate_hz, config.n_fft, config.n_mels)
        self._filterbank = torch.from_numpy(filterbank).to(device)

    @torch.inference_mode()
    def fingerprint(self, samples: Samples, /) -> Fingerprints:
        config = self._config
        if len(samples) <= self.spec.samples:
            return Fingerprints(np.zeros((0, config.dim), np.float32), np.zeros(0))
        x = torch.tensor(samples, device=self._filterbank.device)
        spectrogram = log_mel(x, self._filterbank, config.stft_hop_samples)
        segments = segment_windows(spectrogram, config.n_frames, config.hop_frames)
        part = config.chunk_segments if config.batch_norm == "batch" else PART_SEGMENTS
        vectors = [self._embed(chunk) for chunk in torch.split(segments, part)]
        hop_samples = config.hop_frames * config.stft_hop_samples
        start_s = np.arange(len(segments)) * hop_samples / config.sample_rate_hz
        return Fingerprints(torch.cat(vectors).cpu().numpy(), start_s)

    def _embed(self, segments: Float32[Tensor, "batch mels frames"]) -> Tensor:
        if self._config.silence == "nan":
            return cast(Tensor, self._network(segments))
        usable = has_range(segments)
        vectors = segments.new_zeros((len(segments), self._config.dim))
        if usable.any():
            vectors[usable] = self._network(segments[usable])
        return vectors


def load_grafprint(config: GrafprintConfig, settings: Settings) -> TrackFingerprinter:
    """A fingerprinter with the user's weights, the shipped weights, or fresh ones."""
    config, network = load_network(
        NAME,
        config,
        PUBLISHED,
        ARCHITECTURE,
        settings,
        build=GrafprintNetwork,
        initialise=initialise,
    )
    if config.batch_norm == "batch":
        use_batch_statistics(network)
    return Grafprint(config, _set_precision(network, config, settings.dtype), settings.device)


def _set_precision(network: GrafprintNetwork, config: GrafprintConfig, dtype: str) -> nn.Module:
    if dtype == "float32":
        return network
    if config.batch_norm == "batch":
        raise FpbenchError(
            "batch_norm=batch does not work in bfloat16, because rounding changes all statistics",
            hint="use batch_norm=running or the dtype float32",
        )
    return FastGrafprint(network, config.exact_stages)
