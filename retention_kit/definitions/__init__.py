"""What every number means: name, formula, unit, source and caveat, behind cards, tooltips and the README."""

from collections.abc import Mapping
from types import MappingProxyType

from retention_kit.definitions import churn, cohorts, lifetime, movements, scorecard, what_if
from retention_kit.definitions.definition import Definition

__all__ = ["DEFINITIONS", "Definition"]

DEFINITIONS: Mapping[str, Definition] = MappingProxyType(
    {**cohorts.CARDS, **scorecard.CARDS, **movements.CARDS, **churn.CARDS, **lifetime.CARDS, **what_if.CARDS}
)
