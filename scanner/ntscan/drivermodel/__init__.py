"""A small NT I/O manager and SFM's unlock path, in which the corruption happens by itself.

It simulates what Q242896 describes; it never executes a scanned driver.
"""

from ntscan.drivermodel.demonstrate import Demonstration, demonstrate

__all__ = ["Demonstration", "demonstrate"]
