"""The layout that trains faster is the same network."""

from dataclasses import replace

import pytest
import torch

from fpbench_plugins.grafprint.config import PUBLISHED
from fpbench_plugins.grafprint.network import GrafprintNetwork, initialise
from fpbench_plugins.grafprint.row_network import fingerprints


@pytest.mark.slow
def test_rows_compute_the_same_network() -> None:
    config = replace(PUBLISHED, channels=(8, 16, 32, 64), hidden_dim=64, head_units=2)
    rng = torch.Generator().manual_seed(0)
    network = GrafprintNetwork(config)
    initialise(network, rng)
    network.train()
    segments = torch.rand(3, config.n_mels, config.n_frames, generator=rng)
    with torch.no_grad():
        rows, reference = fingerprints(network, segments), network(segments)
    torch.testing.assert_close(rows, reference, atol=1e-3, rtol=0)
