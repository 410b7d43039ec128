"""Results of runs, shown: at a terminal, as JSON, as JUnit XML."""
