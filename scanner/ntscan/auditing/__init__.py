"""Many targets: each scanned in a watched process of its own, under any executor, resumable."""
