"""Whoever answers questions: a model folder, an endpoint, a member of an ensemble."""
