"""Data only: one TOML file for each Microsoft KB article."""
