"""The gateway against other proxies: CPU per call and per streamed event, time to first byte, memory."""
