"""The encoder's parts, held to hand-worked answers and to torch's own operations."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import conv2d, pad

from fpbench_plugins.building_blocks.encoders.separable_encoder import (
    SeparableEncoder,
    convolve,
    to_unit_length,
)
from fpbench_plugins.building_blocks.encoders.separable_layout import EncoderConfig, tensor_rules

PUBLISHED = EncoderConfig(
    mels=256, frames=32, width=128, dim=128, slice_hidden=32, slice_norm=False
)


SMALL = EncoderConfig(mels=32, frames=9, width=2, dim=4, slice_hidden=3, slice_norm=True)


def small_encoder() -> SeparableEncoder:
    encoder = SeparableEncoder(SMALL)
    encoder.initialise(torch.Generator().manual_seed(1))
    return encoder


# Kernel 1, 10, 100 on samples 1, 2, 3, ...: each window can be read off its digits.
@pytest.mark.parametrize(
    ("size", "stride", "expected"),
    [
        pytest.param(4, 2, [321, 43], id="even at stride 2 is padded behind only"),
        pytest.param(5, 2, [210, 432, 54], id="odd at stride 2 is padded on both sides"),
        pytest.param(3, 1, [210, 321, 32], id="stride 1 is padded on both sides"),
        pytest.param(2, 2, [21], id="two at stride 2"),
        pytest.param(1, 2, [10], id="one at stride 2"),
        pytest.param(1, 1, [10], id="one at stride 1"),
    ],
)
@pytest.mark.parametrize("axis", [1, 2])
def test_windows(size: int, stride: int, expected: list[float], axis: int) -> None:
    x = torch.arange(1.0, size + 1).reshape((1, size, 1, 1) if axis == 1 else (1, 1, size, 1))
    kernel = torch.tensor([1.0, 10, 100]).reshape(3, 1, 1)
    found = convolve(x, kernel, torch.zeros(1), axis=axis, stride=stride)
    assert found.flatten().tolist() == expected


@given(
    size=st.integers(1, 9),
    stride=st.sampled_from([1, 2]),
    axis=st.sampled_from([1, 2]),
    seed=st.integers(0, 99),
)
def test_convolution_is_that_of_torch_padded_as_tensorflow_does(
    size: int, stride: int, axis: int, seed: int
) -> None:
    rng = torch.Generator().manual_seed(seed)
    shape = (2, size, 3, 4) if axis == 1 else (2, 3, size, 4)
    x, kernel = torch.randn(shape, generator=rng), torch.randn(3, 4, 5, generator=rng)
    bias = torch.randn(5, generator=rng)
    total = max((-(-size // stride) - 1) * stride + 3 - size, 0)
    ends = (total // 2, total - total // 2)
    padded = pad(x.permute(0, 3, 1, 2), (0, 0, *ends) if axis == 1 else ends)
    weight = kernel.permute(2, 1, 0)
    weight = weight[..., None] if axis == 1 else weight[:, :, None]
    strides = (stride, 1) if axis == 1 else (1, stride)
    expected = conv2d(padded, weight, bias, stride=strides).permute(0, 2, 3, 1)
    found = convolve(x, kernel, bias, axis=axis, stride=stride)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_published_size() -> None:
    nafp = sum(p.numel() for p in SeparableEncoder(PUBLISHED).parameters())
    assert nafp == 16_939_008
    assert len(tensor_rules(PUBLISHED)) == 576


def test_rules_describe_the_network() -> None:
    shapes: dict[str, tuple[int, ...]] = {}
    counts: dict[str, int] = {}
    for rule in tensor_rules(SMALL):
        counts[rule.target] = counts.get(rule.target, 0) + 1
        shapes[rule.target] = rule.target_shape or rule.shape
    described = {
        name: (counts[name], *shape) if counts[name] > 1 else shape
        for name, shape in shapes.items()
    }
    wanted = {name: tuple(p.shape) for name, p in SeparableEncoder(SMALL).named_parameters()}
    assert described == wanted


def test_last_width_is_a_multiple_of_dim() -> None:
    config = EncoderConfig(
        mels=256, frames=32, width=128, dim=100, slice_hidden=32, slice_norm=False
    )
    assert config.channels == (128, 128, 256, 256, 512, 512, 1024, 1100)


def test_any_size_gives_unit_vectors_that_do_not_depend_on_the_batch() -> None:
    encoder = small_encoder()
    patches = torch.randn(11, 32, 9, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        together = encoder(patches)
        alone = torch.cat([encoder(one) for one in patches.split(1)])
    torch.testing.assert_close(together.norm(dim=1), torch.ones(11))
    torch.testing.assert_close(together, alone)


def test_training_and_inference_agree_and_every_weight_learns() -> None:
    encoder = small_encoder()
    patches = torch.randn(11, 32, 9, generator=torch.Generator().manual_seed(2))
    vectors = encoder(patches)
    with torch.inference_mode():
        torch.testing.assert_close(encoder(patches), vectors.detach())
    vectors[:, 0].sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in encoder.parameters())


def test_fresh_weights_are_glorot_uniform() -> None:
    encoder = SeparableEncoder(PUBLISHED)
    encoder.initialise(torch.Generator().manual_seed(0))
    # A block's kernel of 3 taps, 512 to 512 channels: sqrt(6 / (3 * 512 + 3 * 512)).
    kernel = encoder.get_parameter("blocks.5.frame_kernel")
    assert kernel.abs().max().item() == pytest.approx(0.0441942, abs=1e-5)
    assert kernel.std().item() == pytest.approx(0.0441942 / 3**0.5, rel=1e-3)
    # A slice's hidden layer, 8 to 32: sqrt(6 / 40).
    hidden = encoder.get_parameter("divide.hidden_kernel")
    assert hidden.abs().max().item() == pytest.approx(0.387298, abs=1e-4)
    assert (encoder.get_parameter("blocks.0.mel_gamma") == 1).all()
    assert (encoder.get_parameter("blocks.0.mel_bias") == 0).all()


def test_equal_seeds_give_equal_weights() -> None:
    first, second = small_encoder(), small_encoder()
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)


def test_zero_has_no_direction() -> None:
    assert torch.equal(to_unit_length(torch.zeros(1, 3)), torch.zeros(1, 3))
    torch.testing.assert_close(
        to_unit_length(torch.tensor([[3.0, 4.0]])), torch.tensor([[0.6, 0.8]])
    )
