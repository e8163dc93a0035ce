"""What was found in a target, never what it means."""
