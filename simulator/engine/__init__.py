"""The interpreter of the Amazon States Language: deterministic, on the virtual clock."""
