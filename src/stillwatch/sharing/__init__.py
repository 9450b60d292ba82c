"""Campaigns to and from other hosts: exporters, TAXII 2.1, disputes, private overlap (docs/sharing.md)."""
