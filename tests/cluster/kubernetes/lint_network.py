"""What a NetworkPolicy of the worker's pods must let through, and what it must not."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from typing import Any

PUBLIC = ("8.8.8.8", "2606:4700::1111")
NEARBY = ("10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "100.100.100.200", "127.0.0.1",
          "169.254.169.254", "168.63.129.16", "192.0.0.192", "198.18.0.1", "224.0.0.1", "0.0.0.1",
          "::1", "fe80::1", "fd00:ec2::254", "2002:a00:1::", "::ffff:10.0.0.1")  # fmt: skip
"""Addresses that no pod may reach on 443 as it reaches a public server."""
DNS = 53
HTTPS = 443


def confined(policy: dict[str, Any], job: dict[str, Any]) -> list[str]:
    """Every fault of `policy`, in words."""
    return [*_of_the_pods(policy["spec"], job), *_egress(policy["spec"].get("egress", []))]


def _of_the_pods(spec: dict[str, Any], job: dict[str, Any]) -> Iterator[str]:
    labels = job["spec"]["template"]["metadata"]["labels"]
    if not spec["podSelector"].get("matchLabels", {}).items() <= labels.items():
        yield "is not of the Job's pods"
    if spec.get("ingress"):
        yield "ingress is not refused"
    if set(spec.get("policyTypes", [])) != {"Ingress", "Egress"}:
        yield "ingress or egress is not restricted"


def _egress(rules: list[dict[str, Any]]) -> Iterator[str]:
    for rule in rules:
        if not rule.get("to"):
            yield "a rule to anywhere"
        if not rule.get("ports"):
            yield "a rule on any port"
    for address in PUBLIC:
        if not _reached(rules, address, HTTPS):
            yield f"{address} is not reached"
    for address in NEARBY:
        if _reached(rules, address, HTTPS):
            yield f"{address} is reached"
    if not any("namespaceSelector" in to for to in _targets(rules, DNS)):
        yield "no DNS of the cluster"


def _targets(rules: list[dict[str, Any]], port: int) -> list[dict[str, Any]]:
    return [
        to
        for rule in rules
        if any(each["port"] == port for each in rule.get("ports", [{"port": port}]))
        for to in rule.get("to", [])
    ]


def _reached(rules: list[dict[str, Any]], address: str, port: int) -> bool:
    blocks = [to["ipBlock"] for to in _targets(rules, port) if "ipBlock" in to]
    return any(
        ip_address(address) in ip_network(block["cidr"])
        and not any(ip_address(address) in ip_network(cidr) for cidr in block.get("except", []))
        for block in blocks
    )
