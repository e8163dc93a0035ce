"""A small NT I/O manager and SFM's unlock path, in which the corruption happens by itself.

It simulates what Q242896 describes; it never executes a scanned driver. Its door is
``demonstrate``; this package imports nothing by itself, since others need its layouts alone.
"""
