"""One run, from its options through job, feed and pipeline to the exit status."""
