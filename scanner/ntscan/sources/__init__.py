"""Where files of Windows NT can be found; each source is a read-only tree."""
