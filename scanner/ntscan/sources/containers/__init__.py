"""What holds the bytes of a disk: raw files, and the formats of forensics and of hypervisors."""
