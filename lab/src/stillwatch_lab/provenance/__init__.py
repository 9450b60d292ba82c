"""Was this model made from mine? Tests with honest nulls, registered before the suspect is asked anything."""
