"""The lab's own OpenAI-compatible server: the only thing that the lab's attackers are let loose on."""
