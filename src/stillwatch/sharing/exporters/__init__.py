"""One file per format; each registers itself (``sharing/exporter.py``)."""
