"""From the bytes of a disk to the files on its volumes: partition tables, FAT and NTFS."""
