"""Langevin dynamics: one rule, its steps one a file."""

from neurothermo.dynamics.langevin.rule import Langevin

__all__ = ["Langevin"]
