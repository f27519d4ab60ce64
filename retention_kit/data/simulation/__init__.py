"""A shop that never was, drawn from a seed: every table a dataset can have, and the truth behind it."""

from retention_kit.data.simulation.folder import require_free, write_simulation
from retention_kit.data.simulation.parameters import ShopParameters
from retention_kit.data.simulation.shop import SimulatedShop, simulate
from retention_kit.data.simulation.truth import Truth

__all__ = ["ShopParameters", "SimulatedShop", "Truth", "require_free", "simulate", "write_simulation"]
