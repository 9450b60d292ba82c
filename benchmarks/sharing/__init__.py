"""How fast sharing is: exports, the TAXII server beside its peer, private overlap."""
