"""Bundles: one campaign's claims with what proves them, for somebody who trusts nobody here."""
