"""What the evidence means: pure functions from a rule and the evidence to a finding."""
