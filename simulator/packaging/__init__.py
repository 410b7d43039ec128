"""What is deployed, as files: the functions' code, the state machine, the templates, and a digest of each."""
