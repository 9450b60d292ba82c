"""Stands in front of a model server: limits, policy, records; ``docs/gateway.md`` says how the parts fit."""
