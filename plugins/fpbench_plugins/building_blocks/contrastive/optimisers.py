"""Optimisers and learning rate schedules of the published fingerprinters."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor


def cosine_schedule(step: int, steps: int, *, end: float, warm_up: int = 0) -> float:
    """Share of the peak learning rate at a step: linear warm-up, then half a cosine.

    Args:
        end: Share left after the last step.
        warm_up: Steps until the peak; they count as part of ``steps``.
    """
    if step < warm_up:
        return (step + 1) / warm_up
    done = min(step - warm_up, steps - warm_up) / max(1, steps - warm_up)
    return (1 - end) * (1 + math.cos(math.pi * done)) / 2 + end


class KerasAdam(torch.optim.Optimizer):
    """Adam as in Keras, which adds epsilon before the bias correction.

    Torch adds it after: its epsilon of e acts like Keras's of e * sqrt(1 - beta2 ** t).

    Source: Kingma and Ba 2015, "Adam", the last paragraph of section 2.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-7,
    ) -> None:
        super().__init__(parameters, {"lr": lr, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            weights, m, v, t = _update_moments(self, group)
            beta1, beta2 = group["betas"]
            rate = group["lr"] * math.sqrt(1 - beta2**t) / (1 - beta1**t)
            divisor = torch._foreach_sqrt(v)
            torch._foreach_add_(divisor, group["eps"])
            torch._foreach_addcdiv_(weights, m, divisor, value=-rate)


class Lamb(torch.optim.Optimizer):
    """Adam with each tensor's step scaled to the length of the tensor times the learning rate.

    Source: You et al. 2020, "Large batch optimization for deep learning", algorithm 2; as in
        NAFP, all tensors are scaled and decayed, including biases and gains.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-6,
        weight_decay: float = 1e-6,
    ) -> None:
        settings = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(parameters, settings)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            weights, ms, vs, t = _update_moments(self, group)
            beta1, beta2 = group["betas"]
            for weight, m, v in zip(weights, ms, vs, strict=True):
                update = (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + group["eps"])
                update = update + group["weight_decay"] * weight
                lengths = weight.norm() * update.norm()
                ratio = torch.where(lengths > 0, weight.norm() / update.norm(), 1.0)
                weight.sub_(group["lr"] * ratio * update)


def _update_moments(
    optimiser: torch.optim.Optimizer, group: dict[str, Any]
) -> tuple[list[Tensor], list[Tensor], list[Tensor], int]:
    """Update the moments with the gradients.

    Returns:
        Weights, first and second moments, and the number of steps so far.
    """
    weights = [weight for weight in group["params"] if weight.grad is not None]
    gradients = [weight.grad for weight in weights]
    beta1, beta2 = group["betas"]
    for weight in weights:
        state = optimiser.state[weight]
        if not state:
            state.update(step=0, m=torch.zeros_like(weight), v=torch.zeros_like(weight))
        state["step"] += 1
    m = [optimiser.state[weight]["m"] for weight in weights]
    v = [optimiser.state[weight]["v"] for weight in weights]
    torch._foreach_lerp_(m, gradients, 1 - beta1)
    torch._foreach_mul_(v, beta2)
    torch._foreach_addcmul_(v, gradients, gradients, value=1 - beta2)
    return weights, m, v, optimiser.state[weights[0]]["step"] if weights else 1
