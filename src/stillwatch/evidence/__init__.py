"""An append-only log that a stranger can check: ``docs/evidence.md`` says who can lie about what."""
