"""How fast Stillwatch is and what it finds, with its peers side by side (``make bench``)."""
