"""API shapes: one file each."""
