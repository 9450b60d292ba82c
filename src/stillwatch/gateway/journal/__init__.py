"""The record of every admitted call: write-ahead segments, then fingerprints (docs/journal.md)."""
