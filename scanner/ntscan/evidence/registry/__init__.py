"""The registry: from the hives of a system to what they say about it."""
