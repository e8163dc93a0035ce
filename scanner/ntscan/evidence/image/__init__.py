"""A PE image: from bytes to what its headers and directories say."""
