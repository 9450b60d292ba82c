"""Watermarks as transformers writes them, applied to batches and scored under many keys at once."""
