"""Fingerprinted calls in, candidate campaigns out. It sees no text and writes nothing."""
