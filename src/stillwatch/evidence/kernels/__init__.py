"""Compiled loops over batches of calls: hashing, base64 and JSON of many rows at once."""
