"""Compose labelled traffic: campaigns with known members among people and heavy but honest users (docs/simulate.md)."""

from stillwatch.simulate.compose import Summary, compose
from stillwatch.simulate.pools import Pools, read_pools
from stillwatch.simulate.scenario import Scenario, bundled_scenarios, read_scenario

__all__ = ["Pools", "Scenario", "Summary", "bundled_scenarios", "compose", "read_pools", "read_scenario"]
