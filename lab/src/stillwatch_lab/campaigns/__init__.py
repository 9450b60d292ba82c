"""A harvest call by call through Stillwatch's own policy, limiter and scans, on a simulated clock."""
