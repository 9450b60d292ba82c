"""A TAXII 2.1 server over the database of sharing, and a client (OASIS Standard, 10 June 2021)."""
