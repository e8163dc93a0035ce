"""What an image's own machine code does with its IRPs, run in a sealed interpreter."""
