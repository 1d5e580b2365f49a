"""Contrastive losses of published fingerprinters. All take vectors of length 1, in float32.

Row i of ``anchors`` and row i of ``positives`` are a pair. All other rows are negatives.
"""

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.nn.functional import cross_entropy, relu

Embeddings = Float[Tensor, "batch dim"]
Scalar = Float[Tensor, ""]


def nt_xent(anchors: Embeddings, positives: Embeddings, temperature: float) -> Scalar:
    """Cross-entropy of finding the positive among the 2n - 1 other rows, mean of both directions.

    Source: Chen et al. 2020, "A simple framework for contrastive learning", eq. 1. NAFP and
        PeakNetFP minimise twice this: the sum of both directions.
    """
    n = len(anchors)
    z = torch.cat((anchors, positives))
    logits = (z @ z.T / temperature).masked_fill(_diagonal(z), -torch.inf)
    targets = torch.arange(2 * n, device=z.device).roll(n)
    return cross_entropy(logits, targets)


def triplet(
    embeddings: Embeddings,
    labels: Int64[Tensor, " batch"],
    margin: float,
    *,
    squared: bool = True,
    hardest_positive: bool = True,
    semi_hard_negative: bool = True,
) -> Scalar:
    """Triplet loss of each row with one positive and one hard negative from the batch.

    Args:
        labels: Rows with equal labels are positives of each other.
        squared: Whether distances are squared.
        hardest_positive: Take the farthest positive; otherwise the nearest.
        semi_hard_negative: Take the nearest negative that is farther than the positive by less
            than the margin. Where there is none, or if this is off, take the nearest negative.

    Source: Schroff et al. 2015, "FaceNet", section 3.2, with NMFP's choices as defaults.
    """
    lengths = embeddings.square().sum(dim=1)
    distances = relu(lengths[:, None] + lengths[None, :] - 2 * embeddings @ embeddings.T)
    if not squared:
        # At 0 the gradient of a square root is infinite. The diagonal is never used.
        distances = distances.masked_fill(_diagonal(embeddings), 1).sqrt()
    positives = _same_label_pairs(labels)
    negatives = labels[:, None] != labels[None, :]
    if hardest_positive:
        to_positive = distances.masked_fill(~positives, -torch.inf).amax(dim=1)
    else:
        to_positive = distances.masked_fill(~positives, torch.inf).amin(dim=1)
    to_negative = distances.masked_fill(~negatives, torch.inf).amin(dim=1)
    if semi_hard_negative:
        beyond = distances - to_positive[:, None]
        semi_hard = negatives & (beyond > 0) & (beyond < margin)
        nearest = distances.masked_fill(~semi_hard, torch.inf).amin(dim=1)
        to_negative = torch.where(semi_hard.any(dim=1), nearest, to_negative)
    return relu(to_positive - to_negative + margin).mean()


def decoupled_nt_xent(anchors: Embeddings, positives: Embeddings, temperature: float) -> Scalar:
    """NT-Xent without the positive in the denominator, summed over both directions.

    Source: Yeh et al. 2022, "Decoupled contrastive learning", eq. 6.
    """
    own = (anchors * positives).sum(dim=1) / temperature
    others = _diagonal(anchors)
    across = (anchors @ positives.T / temperature).masked_fill(others, -torch.inf)

    def one_direction(x: Embeddings, across: Float[Tensor, "batch batch"]) -> Scalar:
        within = (x @ x.T / temperature).masked_fill(others, -torch.inf)
        return (torch.cat((within, across), dim=1).logsumexp(dim=1) - own).mean()

    return one_direction(anchors, across) + one_direction(positives, across.T)


def kernel_contrastive(
    anchors: Embeddings, positives: Embeddings, t: float, gamma: float
) -> Scalar:
    """Attract positives and repel negatives, both with a Gaussian kernel of sharpness ``t``.

    Source: Koromilas et al. 2024, "Bridging mini-batch and asymptotic analysis in contrastive
        learning", with NMFP's weights.
    """
    attraction = torch.exp(-t * (anchors - positives).square().sum(dim=1)).mean()
    energy = torch.exp(-t * _pair_distances(anchors)).mean()
    energy = energy + torch.exp(-t * _pair_distances(positives)).mean()
    return -2 * attraction + gamma * energy


def alignment_uniformity(
    anchors: Embeddings, positives: Embeddings, alpha: float, t: float
) -> Scalar:
    """Mean distance of positives, and how unevenly all rows are spread over the sphere.

    Source: Wang and Isola 2020, "Understanding contrastive representation learning through
        alignment and uniformity", section 4.
    """
    squares = (anchors - positives).square().sum(dim=1)
    alignment = squares.pow(alpha / 2).mean()
    uniformity = sum(torch.exp(-t * _pair_distances(x)).mean().log() for x in (anchors, positives))
    return alignment + uniformity / 2


def _pair_distances(x: Embeddings) -> Float[Tensor, " pairs"]:
    """Squared distances of all pairs of rows i < j."""
    i, j = torch.triu_indices(len(x), len(x), offset=1, device=x.device)
    lengths = x.square().sum(dim=1)
    return (lengths[:, None] + lengths[None, :] - 2 * x @ x.T)[i, j]


def _same_label_pairs(labels: Int64[Tensor, " batch"]) -> Bool[Tensor, "batch batch"]:
    return (labels[:, None] == labels[None, :]) & ~_diagonal(labels)


def _diagonal(x: Tensor) -> Bool[Tensor, "batch batch"]:
    return torch.eye(len(x), dtype=torch.bool, device=x.device)
