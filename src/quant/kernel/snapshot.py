"""A simulation as bytes, and back.

A snapshot holds every array of the state but the market data, which the run that continues brings
along. It begins with the layout version; another version is refused, never guessed at. ``own_hash``
is the hash of our side alone: what reports determine, whoever produced them.
"""

from __future__ import annotations

import hashlib
import struct

import numpy as np

from quant.kernel.layout import ARRAYS, GROWING, LAYOUT_VERSION, MARKET, State
from quant.kernel.post import own_fields

__all__ = ["SnapshotError", "own_hash", "restore", "snapshot"]


class SnapshotError(ValueError):
    """Bytes that are no snapshot, or one that does not fit the state."""


_MAGIC = b"QUANTKRN"
_HEADER = struct.Struct("<8sqq")
_ENTRY = struct.Struct("<qq")


def _saved_names() -> list[str]:
    return [name for name in ARRAYS if name not in MARKET]


def snapshot(state: State) -> bytes:
    """All of a simulation but its market data, as bytes.

    Examples
    --------
    The first word after the magic is the layout version; see ``restore``.
    """
    names = _saved_names()
    parts = [_HEADER.pack(_MAGIC, LAYOUT_VERSION, len(names))]
    for name in names:
        array = state[name]
        used = state.used(name) if name in GROWING else array
        parts.append(_ENTRY.pack(len(array), len(used)))
        parts.append(used.tobytes())
    return b"".join(parts)


def restore(state: State, data: bytes) -> None:
    """Put a snapshot into a state that was built from the same data and configuration.

    Raises
    ------
    SnapshotError
        If the bytes are no snapshot, one of another layout version, or one that does not fit the
        state, because data or configuration differ.
    """
    if len(data) < _HEADER.size or data[:8] != _MAGIC:
        raise SnapshotError(
            "Snapshot: expected bytes made by quant, found something else; run anew."
        )
    _, version, n_arrays = _HEADER.unpack_from(data)
    names = _saved_names()
    if version != LAYOUT_VERSION or n_arrays != len(names):
        raise SnapshotError(
            f"Snapshot: expected layout version {LAYOUT_VERSION}, found {version}; "
            "continue it with the version of quant that wrote it, or run anew."
        )
    place = _HEADER.size
    for name in names:
        capacity, used = _ENTRY.unpack_from(data, place)
        place += _ENTRY.size
        dtype = ARRAYS[name]
        size = used * dtype.itemsize
        if name not in GROWING and capacity != len(state[name]) and name in _FIXED:
            raise SnapshotError(
                f"Snapshot: expected {len(state[name])} records of {name}, found {capacity}; "
                "it belongs to other data or another configuration."
            )
        array = state[name]
        if len(array) != capacity:
            array = np.zeros(capacity, dtype)
            state.arrays[name] = array
        array[:used] = np.frombuffer(data[place : place + size], dtype)
        place += size
    state.refresh()


_FIXED = ("accounts", "balances", "instruments", "positions", "events")


def own_hash(state: State) -> str:
    """SHA-256 of our side: balances, positions, orders, fills and postings.

    A whole run, a run split anywhere and restored, and a run whose reports alone were posted have
    the same hash.
    """
    digest = hashlib.sha256()
    for name, fields in own_fields().items():
        rows = state.used(name) if name in GROWING else state[name]
        for field in fields:
            digest.update(f"{name}.{field}\0".encode())
            digest.update(np.ascontiguousarray(rows[field]).tobytes())
    for name in ("fills", "postings"):
        digest.update(name.encode())
        digest.update(state.used(name).tobytes())
    return digest.hexdigest()
