"""How a network moves in its bath. Every rule returns its own irreversibility."""

from neurothermo.dynamics.glauber import Glauber
from neurothermo.dynamics.rule import Rule, rule_word

__all__ = ["Glauber", "Rule", "rule_word"]
