"""How a run was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """`folder`: temporary, for compiled things; `rounds`: counted turns of each contender; interpreters of peers."""

    folder: Path
    quick: bool = False
    rounds: int = 7
    thrml_python: str | None = None
    peers_python: str | None = None

    def pick(self, full: int, quick: int) -> int:
        """A size: the one the numbers are asked for, or one for a smoke run."""
        return quick if self.quick else full
