"""Studies: one question asked of many prompts, written to a folder that survives whatever stops the work."""
