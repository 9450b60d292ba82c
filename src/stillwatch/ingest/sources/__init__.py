"""Sources: one log format a file, found by the folder (``ingest/source.py``)."""
