"""Where every random number comes from.

A run has one seed. Each consumer of randomness has a stream with a name; the key of a stream is a
hash of seed and name, so that adding a consumer never moves the numbers of another. The only true
randomness is the token that keeps two run folders of one second apart; it reaches no result.
"""

from __future__ import annotations

import hashlib
import secrets

import numpy as np

__all__ = ["derive_key", "generator", "run_token"]


def derive_key(seed: int, stream: str) -> int:
    """A 64-bit key for one named stream of a run.

    Examples
    --------
    >>> derive_key(7, "strategy") == derive_key(7, "strategy")
    True
    >>> derive_key(7, "strategy") == derive_key(8, "strategy")
    False
    """
    digest = hashlib.sha256(f"{seed}/{stream}".encode()).digest()
    return int.from_bytes(digest[:8], "little")


def generator(seed: int, stream: str) -> np.random.Generator:
    """A counter-based generator (Philox) for one named stream of a run."""
    return np.random.Generator(np.random.Philox(key=derive_key(seed, stream)))


def run_token() -> str:
    """Six hexadecimal digits that keep run folders of the same second apart."""
    return secrets.token_hex(3)
