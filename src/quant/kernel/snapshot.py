"""A simulation as bytes, and back.

A snapshot holds every array of the state but the market data, which the run that continues brings
along. It begins with the layout version; another version is refused, never guessed at. ``own_hash``
is the hash of our side alone: what reports determine, whoever produced them.
"""

from __future__ import annotations

import hashlib
import struct

import numpy as np
from numpy.typing import NDArray

from quant.kernel.layout import (
    ARRAYS,
    GROWING,
    LAYOUT_VERSION,
    MARKET,
    PER_WORKING_ORDER,
    State,
)
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
        If the bytes are no snapshot, a part of one, one of another layout version, or one that does
        not fit the state, because data or configuration differ. The state is then as it was.
    """
    parts = _parsed(data)
    for name, (capacity, records) in parts.items():
        if name not in _RESIZED and capacity != len(state[name]):
            raise SnapshotError(
                f"Snapshot: expected {len(state[name])} records of {name}, found {capacity}; "
                "it belongs to other data or another configuration."
            )
        if name in _SETTINGS and records.tobytes() != state[name].tobytes():
            raise SnapshotError(
                f"Snapshot: expected the {name} of this run, found others; continue it with the "
                "configuration it was made with."
            )
    for name, (capacity, records) in parts.items():
        if len(state[name]) != capacity:
            state.arrays[name] = np.zeros(capacity, ARRAYS[name])
        state[name][: len(records)] = records
        state[name][len(records) :] = np.zeros((), ARRAYS[name])
    state.refresh()


def _parsed(data: bytes) -> dict[str, tuple[int, NDArray[np.void]]]:
    """Capacity and used records of every array, if the bytes are a whole snapshot."""
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
    parts: dict[str, tuple[int, NDArray[np.void]]] = {}
    place = _HEADER.size
    for name in names:
        capacity, used, start = 0, -1, place + _ENTRY.size
        if start <= len(data):
            capacity, used = _ENTRY.unpack_from(data, place)
        place = start + used * ARRAYS[name].itemsize
        if not 0 <= used <= capacity or place > len(data):
            raise SnapshotError(
                f"Snapshot: expected a whole one, found {len(data)} bytes that end inside {name}; "
                "it was cut or changed, take another or run anew."
            )
        parts[name] = capacity, np.frombuffer(data[start:place], ARRAYS[name])
    if place != len(data):
        raise SnapshotError(
            f"Snapshot: expected {place} bytes, found {len(data)}; it was changed, take another or "
            "run anew."
        )
    return parts


# Arrays whose length depends on what happened; all others on data and configuration alone.
_RESIZED = {*GROWING, *PER_WORKING_ORDER}
# What a configuration sets and nothing ever changes.
_SETTINGS = ("policy", "events", "commissions", "slippages", "fee_rows", "sectors")


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
