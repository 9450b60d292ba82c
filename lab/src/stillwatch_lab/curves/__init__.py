"""What an attacker gains by query: students of every defence and attacker, as curves with intervals."""
