"""The scenario file: its format, reading it, and the messages for whoever wrote it."""
