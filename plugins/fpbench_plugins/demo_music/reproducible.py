"""Elementary functions with the same bits on every processor.

NumPy and C libraries choose another version of ``sin`` or ``exp`` for another processor, and the
last bits differ. These functions use only operations that IEEE 754 rounds correctly, one after the
other: sums, products, quotients and powers of two. Their relative errors are below 1e-13.
"""

import math

import numpy as np
from jaxtyping import Float64, Real

Numbers = Real[np.ndarray, "..."] | float | int

_TAU_POWERS = [1.0]
for _ in range(21):
    _TAU_POWERS.append(_TAU_POWERS[-1] * math.tau)
# Taylor series; the first term left out is below the rounding of the first one.
_SINE = [(-1) ** (k // 2) * _TAU_POWERS[k] / math.factorial(k) for k in range(1, 22, 2)]
_EXP = [1 / math.factorial(k) for k in range(14)]
_ATANH = [1 / k for k in range(1, 24, 2)]
_LN_2 = 0.6931471805599453
_TOGETHER = 256  # samples
_SQRT_HALF = 0.7071067811865476


def sine(turns: Numbers) -> Float64[np.ndarray, "..."]:
    """The sine of a phase, given in turns: ``sin(2 pi turns)``."""
    turns = np.asarray(turns, np.float64)
    turns = turns - np.rint(turns)
    # In the second and third quarter, the sine is that of the mirrored phase.
    mirrored = np.copysign(0.5, turns) - turns
    turns = np.where(np.abs(turns) > 0.25, mirrored, turns)
    return np.asarray(turns * _polynomial(_SINE, turns * turns))


def cosine(turns: Numbers) -> Float64[np.ndarray, "..."]:
    """The cosine of a phase, given in turns."""
    return sine(np.asarray(turns, np.float64) + 0.25)


def exp(x: Numbers) -> Float64[np.ndarray, "..."]:
    """The exponential function.

    Args:
        x: At most 700; what is below -700 counts as -700, which gives 1e-304.
    """
    x = np.maximum(np.asarray(x, np.float64), -700.0)
    doublings = np.rint(x / _LN_2)
    whole = doublings.astype(np.int32)
    return np.asarray(np.ldexp(_polynomial(_EXP, x - doublings * _LN_2), whole))


def decay(length: int | float, samples: int) -> Float64[np.ndarray, " samples"]:
    """An exponential decay: ``exp(-i / length)`` for each sample i."""
    # A product of two short decays, since a multiplication is much faster than exp().
    slow = exp(-np.arange(0, samples, _TOGETHER) / length)
    fast = exp(-np.arange(_TOGETHER) / length)
    return np.ravel(slow[:, None] * fast)[:samples]


def log(x: Numbers) -> Float64[np.ndarray, "..."]:
    """The natural logarithm of positive numbers."""
    mantissa, doublings = np.frexp(np.asarray(x, np.float64))
    small = mantissa < _SQRT_HALF
    mantissa, doublings = np.where(small, 2 * mantissa, mantissa), doublings - small
    # ln m = 2 artanh((m - 1) / (m + 1))
    z = (mantissa - 1) / (mantissa + 1)
    return np.asarray(doublings * _LN_2 + 2 * z * _polynomial(_ATANH, z * z))


def power(base: Numbers, exponent: Numbers) -> Float64[np.ndarray, "..."]:
    """A positive number to the power of another."""
    return exp(exponent * log(base))


def tanh(x: Numbers) -> Float64[np.ndarray, "..."]:
    """The hyperbolic tangent."""
    return 1 - 2 / (exp(np.minimum(2 * np.asarray(x, np.float64), 100.0)) + 1)


def power_of(base: int | float, exponent: float) -> float:
    """:func:`power` of two numbers: the same bits in a tenth of the time."""
    mantissa, doublings = math.frexp(base)
    if mantissa < _SQRT_HALF:
        mantissa, doublings = 2 * mantissa, doublings - 1
    z = (mantissa - 1) / (mantissa + 1)
    x = exponent * (doublings * _LN_2 + 2 * z * _polynomial_of(_ATANH, z * z))
    doublings = round(max(x, -700.0) / _LN_2)
    return math.ldexp(_polynomial_of(_EXP, max(x, -700.0) - doublings * _LN_2), doublings)


def log_uniform(low: int | float, high: int | float, rng: np.random.Generator) -> float:
    """Draw a number whose logarithm is uniform."""
    return float(exp(rng.uniform(float(log(low)), float(log(high)))))


def _polynomial_of(coefficients: list[float], x: float) -> float:
    total = coefficients[-1]
    for coefficient in coefficients[-2::-1]:
        total = total * x + coefficient
    return total


def _polynomial(coefficients: list[float], x: Numbers) -> Float64[np.ndarray, "..."]:
    """By Horner's rule, the constant term first."""
    total = np.full(np.shape(x), coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        total *= x
        total += coefficient
    return total
