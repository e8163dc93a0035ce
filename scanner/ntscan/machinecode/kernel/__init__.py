"""The part of NT's kernel that a traced driver calls, as far as its IRPs are concerned."""
