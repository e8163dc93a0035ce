"""The i386: its integer instructions, and where a driver's code for it allocates IRPs."""
