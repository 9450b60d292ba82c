"""Compiled loops over Arrow buffers. Nothing here allocates per row, raises, or knows a column's name."""
