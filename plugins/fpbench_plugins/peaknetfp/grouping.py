"""Groups points: chooses centroids, and the points in balls around them."""

import torch
from jaxtyping import Float32, Int64
from torch import Tensor

Points = Float32[Tensor, "batch points 3"]
Centroids = Float32[Tensor, "batch centroids 3"]


def squared_distances(
    centroids: Centroids, points: Points
) -> Float32[Tensor, "batch centroids points"]:
    """Over all three coordinates, with a matrix product, so that rounding is as in the original."""
    across = centroids @ points.transpose(1, 2)
    squares = points.square().sum(dim=2)
    return -2 * across + centroids.square().sum(dim=2)[:, :, None] + squares[:, None, :]


@torch.no_grad()
def ball_members(
    distances: Float32[Tensor, "batch centroids points"], radius: float, size: int
) -> Int64[Tensor, "batch centroids {size}"]:
    """The first ``size`` points by index in each ball. If there are fewer, the first is repeated.

    Args:
        distances: Squared. A point on the border is inside.

    Source: Qi et al. 2017, "PointNet++", section 3.2. The loudest points come first, so these are
        the loudest points in the ball and not the nearest.
    """
    inside = distances <= torch.tensor(radius * radius, dtype=torch.float32)
    # The counts along a row are sorted, and the i-th member is where the count becomes i.
    counts = inside.cumsum(dim=2, dtype=torch.int32)
    wanted = torch.arange(1, size + 1, dtype=torch.int32, device=distances.device)
    found = torch.searchsorted(counts, wanted.expand(*counts.shape[:2], size).contiguous())
    return found.where(found < distances.shape[2], found[..., :1])


@torch.no_grad()
def farthest_points(points: Points, n: int) -> Int64[Tensor, "batch {n}"]:
    """Choose points that are far apart: a greedy choice that starts with the loudest.

    Of several equally good points, the first is taken. Source: Eldar et al. 1997.
    """
    chosen = [points[:, :, 2].argmax(dim=1)]
    nearest = torch.full(points.shape[:2], 1e10, device=points.device)
    for _ in range(n - 1):
        newest = points.gather(1, chosen[-1][:, None, None].expand(-1, 1, 3))
        nearest = torch.minimum(nearest, (points - newest).square().sum(dim=2))
        chosen.append(nearest.argmax(dim=1))
    return torch.stack(chosen, dim=1)
