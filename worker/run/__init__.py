"""One run: its options, its job, its feed and its pipeline, to the exit status."""
