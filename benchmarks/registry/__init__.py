"""Screening measured: names of two scripts, a published name bench beside its own matcher, and speed."""
