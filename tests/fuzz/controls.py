"""Doors over the broken readers: negative controls."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from .doors import Door
from .mutating import flipped


def _broken(name: str) -> Any:
    def reading(path: Path) -> Any:
        from . import broken

        return getattr(broken, name)(path)

    return reading


CONTROLS = {
    name: Door("input", (_broken(name),), lambda seed=seed: [seed], flipped, (f"{__package__}.broken",))
    for name, seed in {
        "crashing": b"ab",
        "hanging": b"1234",
        "writing": b"abcd",
        "unpickling": pickle.dumps(len),
    }.items()
}
