"""Identity of a fingerprinting system, kept in files that other fingerprints must not meet."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float32

from fpbench.conversion import convert
from fpbench.errors import FpbenchError
from fpbench.json_documents import parse_json
from fpbench.plugin.fingerprinters import FingerprintSpec, Vectors

SAME_SYSTEM = 0.98
"""Least similarity of two probes of one system: 1 for equal ones, 0 for independent ones.

Between float32 and bfloat16 it is at least 0.9996 for the bundled systems. Between two systems, or
two networks of one architecture with other weights, it is at most 0.16.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemIdentity:
    """What a system is called, and what it makes of a fixed signal.

    The *probe* decides whether two systems are equal: their fingerprints of a fixed signal. It
    changes with the weights, the settings and any code that matters. It does not change with
    comments, names or the dtype, nor with a new version of the code that computes the same. A hash
    of the source changes with all of these, and name, weights file and settings miss an edited
    model and weights that the plugin finds by itself. These three are for messages.

    Args:
        name: Name of the fingerprinter.
        weights_sha256: Hash of the file given as ``--weights``; None for the system's own weights.
        options: Settings that the user changed.
        spec: Sample rate in Hz, segment and hop in seconds, dimension and front end.
        probe: Fingerprints of the signal of :mod:`fpbench.fingerprints.probe`, as base64 of
            little-endian float32.
    """

    name: str
    weights_sha256: str | None
    options: Mapping[str, str] = field(default_factory=dict)
    spec: Mapping[str, int | float | str] = field(default_factory=dict)
    probe: str

    def is_same(self, other: "SystemIdentity") -> bool:
        """Whether both are one system, perhaps with another name or dtype."""
        if self.spec != other.spec:
            return False
        first, second = self._probe(), other._probe()
        if first.shape != second.shape:
            return False
        squares = (first**2).sum(axis=1) + (second**2).sum(axis=1)
        used = squares > 0  # zeros are equal to zeros
        similarity = 2 * (first * second).sum(axis=1)[used] / squares[used]
        return not used.any() or float(similarity.mean()) >= SAME_SYSTEM

    def __str__(self) -> str:
        digest = self.weights_sha256
        parts = [f"weights {digest[:8]}" if digest else "its own weights"]
        parts += [f"{key}={value}" for key, value in sorted(self.options.items())]
        parts += [f"{self.spec[key]:g} {unit}" for key, unit in _UNITS.items() if key in self.spec]
        return f"{self.name} ({', '.join(parts)})"

    def _probe(self) -> Float32[np.ndarray, "probes dim"]:
        flat = np.frombuffer(base64.b64decode(self.probe), dtype="<f4")
        return flat.reshape(-1, max(int(self.spec.get("dim", 1)), 1))


_UNITS = {"sample_rate_hz": "Hz", "segment_s": "s", "dim": "dims"}


def describe_spec(spec: FingerprintSpec) -> dict[str, int | float | str]:
    """The part of a spec that equal systems share."""
    names = ("sample_rate_hz", "segment_s", "hop_s", "dim", "front_end")
    return {name: getattr(spec, name) for name in names}


def encode_probe(vectors: Vectors) -> str:
    """Text of fingerprints for :attr:`SystemIdentity.probe`."""
    return base64.b64encode(vectors.astype("<f4").tobytes()).decode()


def read_identity(document: object, source: str) -> SystemIdentity | None:
    """The identity in a JSON document; None for null.

    Raises:
        FpbenchError: The document is damaged.
    """
    if document is None:
        return None
    identity = convert(document, SystemIdentity, source, where="system")
    try:
        identity._probe()
    except ValueError as err:
        raise FpbenchError(
            f"{source}: the probe of system {identity.name} is damaged: {err}",
            hint="make the file again",
        ) from err
    return identity


def identity_from_text(text: str, source: str) -> SystemIdentity | None:
    """The identity in a JSON text.

    Raises:
        FpbenchError: The text is damaged.
    """
    try:
        document: Any = parse_json(text)
    except ValueError as err:
        raise FpbenchError(f"{source}: system is not JSON: {err}", hint="make it again") from err
    return read_identity(document, source)
