"""One file per signal; the folder is scanned, so there is no list to edit (docs/signals.md)."""
