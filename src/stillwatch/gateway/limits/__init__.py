"""Token-aware limits of every level. The proxy holds its calls with ``limiter.Limits``; docs/limits.md explains it."""
