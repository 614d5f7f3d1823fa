"""The component that lets the Prometheus operator scrape a run's pods."""

from __future__ import annotations

import kubernetes_validate
import pytest

from tests.cluster.kubernetes.lint import container, environment, faults
from tests.cluster.kubernetes.lint_network import confined
from worker.run.metrics.options import Address

pytestmark = pytest.mark.cluster
OVERLAYS = ("base", "overlays/cpu", "overlays/many-small", "overlays/kueue")
POLICY = "NetworkPolicy"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_pods_serve_what_the_monitor_scrapes_and_the_policy_lets_in(render, overlay):
    manifests = render(overlay, components=["metrics"])
    assert set(manifests) == {"Job", "ConfigMap", "ServiceAccount", "PodMonitor", POLICY}
    job, monitor, policy = (manifests[kind] for kind in ("Job", "PodMonitor", POLICY))
    for version in ("1.29", kubernetes_validate.latest_version()):
        kubernetes_validate.validate(job, version, strict=True)
        kubernetes_validate.validate(policy, version, strict=True)
    settings = manifests["ConfigMap"]["data"]
    assert faults(job, settings) == []
    address = Address.of(environment(job, settings)["RENDER_WORKER_METRICS_PORT"])
    (port,) = container(job)["ports"]
    assert (address.host, address.port) == ("0.0.0.0", port["containerPort"])
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    assert endpoint["port"] == port["name"]
    labels = job["spec"]["template"]["metadata"]["labels"].items()
    assert monitor["spec"]["selector"]["matchLabels"].items() <= labels
    assert policy["spec"]["podSelector"]["matchLabels"].items() <= labels
    (rule,) = policy["spec"]["ingress"]
    assert rule["ports"] == [{"port": address.port, "protocol": "TCP"}]
    assert all("namespaceSelector" in each for each in rule["from"])


def test_the_monitor_is_one_that_the_operator_knows(render):
    monitor = render(components=["metrics"])["PodMonitor"]
    assert monitor["apiVersion"] == "monitoring.coreos.com/v1"
    assert set(monitor["spec"]) == {"selector", "podMetricsEndpoints"}
    assert set(monitor["spec"]["podMetricsEndpoints"][0]) == {"port", "interval"}


def test_without_the_component_no_port_is_open(render):
    assert "ports" not in container(render()["Job"])


def test_it_adds_to_the_policy_that_confines_the_pods(render):
    manifests = render(components=["network-policy", "metrics"])
    policies = {one["metadata"]["name"]: one for one in manifests.values() if one["kind"] == POLICY}
    assert set(policies) == {"render-worker", "render-worker-metrics"}
    assert confined(policies["render-worker"], manifests["Job"]) == []
    assert policies["render-worker-metrics"]["spec"]["policyTypes"] == ["Ingress"]
