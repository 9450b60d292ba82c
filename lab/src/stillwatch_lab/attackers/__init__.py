"""How a student is made of what a host gave away: against the lab's own teacher in this process, and nothing else."""
