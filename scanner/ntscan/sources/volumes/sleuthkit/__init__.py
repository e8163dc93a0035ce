"""The Sleuth Kit's file systems; the only package that knows pytsk3.

What the library does that a caller must know, and what is done about it here:

- Left to find out the file system by itself, it looks for each that it knows, all over the image
  (half of a 40 MB one); it is told.
- It turns FAT's wall clock into seconds since 1970 by the zone of this machine; the zone is UTC
  while it reads FAT.
- It lists deleted entries, what was left in blocks that an NTFS index gave back, FAT's volume label
  and files of its own; passed on is only what is allocated, by name and by record. A name that an
  index has in use, and whose record is free or another file's, is damage, and passed on as such.
- It raises OSError, RuntimeError and SystemError, and may hold back an error of the image; every
  call ends in SourceError or in what was asked for.
- It reads a file whose FAT chain loops or ends early as a shorter one, and lists one whose NTFS
  record is damaged as empty; such a file is opened by itself, and that fails.
"""
