"""One virtual environment per peer, so that no peer decides another's versions, nor quant's.

python -m parity.environments [peer ...]      makes what is missing and prints what it did

An environment is complete when it holds the fingerprint of the lock it was installed from; a lock
that changed is installed anew. Everything lies under ``$QUANT_PARITY_HOME``, by default ``.parity``
in the checkout.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
LOCKS = Path(__file__).resolve().parent / "requirements"
PEERS = ("backtrader", "vectorbt", "backtesting_py", "bt", "zipline", "nautilus")


class ParityError(Exception):
    """What went wrong and what to do, in one sentence for the person at the screen."""


def home() -> Path:
    """The folder that holds the environments and the generated data."""
    return Path(os.environ.get("QUANT_PARITY_HOME") or CHECKOUT / ".parity").resolve()


def python_of(peer: str) -> Path:
    """The interpreter of a peer's environment."""
    return home() / "environments" / peer / "bin" / "python"


def fingerprint(peer: str) -> str:
    """The hash of the lock that a peer's environment is installed from."""
    lock = LOCKS / f"{peer}.txt"
    if not lock.is_file():
        known = ", ".join(PEERS)
        raise ParityError(f"there is no lock for a peer {peer!r}; the peers are {known}.")
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def is_ready(peer: str) -> bool:
    """Whether a peer's environment is there and was installed from the present lock."""
    mark = home() / "environments" / peer / "lock.sha256"
    return mark.is_file() and mark.read_text().strip() == fingerprint(peer)


def make(peer: str) -> bool:
    """Install a peer's environment if it is missing or stale; True if something was done."""
    if is_ready(peer):
        return False
    where = home() / "environments" / peer
    shutil.rmtree(where, ignore_errors=True)
    where.parent.mkdir(parents=True, exist_ok=True)
    _run([sys.executable, "-m", "venv", "--without-pip", str(where)], peer)
    lock = str(LOCKS / f"{peer}.txt")
    # uv where it installs, pip where it does not; either checks every hash. The pip is that of the
    # interpreter that runs this.
    pip = [sys.executable, "-m", "pip", "--python", str(python_of(peer)), "install", "--quiet"]
    commands = [[*pip, "--require-hashes", "--no-deps", "-r", lock]]
    uv = _uv()
    if uv:
        sync = [uv, "pip", "sync", "--quiet", "--python", str(python_of(peer))]
        commands.insert(0, [*sync, "--require-hashes", lock])
    _install(commands, peer)
    (where / "lock.sha256").write_text(fingerprint(peer) + "\n")
    return True


def _uv() -> str | None:
    beside = Path(sys.executable).parent / "uv"
    return str(beside) if beside.is_file() else shutil.which("uv")


def _install(commands: Sequence[Sequence[str]], peer: str) -> None:
    """Run the first of the commands that succeeds; the last one's words are told."""
    for command in commands[:-1]:
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            return
    _run(commands[-1], peer)


def _run(command: Sequence[str], peer: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()[-4:]
        raise ParityError(
            f"the environment of {peer} could not be made: {' '.join(said) or 'no reason given'}; "
            "is the package index for Python within reach?"
        )


def main(arguments: Sequence[str]) -> int:
    """Make the environments asked for, all by default."""
    for peer in arguments or PEERS:
        began = time.monotonic()
        try:
            done = make(peer)
        except ParityError as error:
            print(f"parity: {error}", file=sys.stderr)
            return 2
        what = f"installed in {time.monotonic() - began:.0f} s" if done else "is ready"
        print(f"environment of {peer} {what}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
