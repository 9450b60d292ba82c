"""How fast the evidence log is, and what survives being killed."""
