"""What is known about fixes: advisories made from Microsoft KB articles."""
