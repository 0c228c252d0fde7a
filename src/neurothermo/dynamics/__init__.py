"""How a system moves: each rule of motion returns its own entropy flow."""

from neurothermo.dynamics.glauber import Glauber
from neurothermo.dynamics.langevin import Langevin
from neurothermo.dynamics.rule import Rule, rule_word

__all__ = ["Glauber", "Langevin", "Rule", "rule_word"]
