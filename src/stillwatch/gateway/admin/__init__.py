"""The admin API: accounts, keys, appeals, standing, kill switch and metrics, on a socket of its own."""
