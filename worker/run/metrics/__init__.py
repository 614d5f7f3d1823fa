"""The numbers of a run for Prometheus; docs/metrics.md lists them."""
