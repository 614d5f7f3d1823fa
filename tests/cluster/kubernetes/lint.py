"""The rules of a Job that no schema holds: what an API server or the worker would refuse later."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from worker.core.errors import ExitStatus

MOST_INDEXES = 100_000
RETRIED = {ExitStatus.UNAVAILABLE}
"""Statuses that no rule may name: the default, a retry that counts, is what they want."""
WANTED = {
    ExitStatus.USAGE: "FailJob",
    ExitStatus.CONFIGURATION: "FailJob",
    ExitStatus.TOO_MANY_FAILED: "FailIndex",
    ExitStatus.SHARD_BROKEN: "FailIndex",
    ExitStatus.BUG: "FailIndex",
    ExitStatus.INTERRUPTED: "Ignore",
}
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral",
           "persistentVolumeClaim", "projected", "secret"}  # fmt: skip
"""What the restricted Pod Security Standard lets a pod mount."""


def faults(job: dict[str, Any], settings: dict[str, str]) -> list[str]:
    """Every broken rule, in words; `settings` is the ConfigMap that the pod's environment is."""
    spec = job["spec"]
    return [*_indexed(spec), *_policy(spec), *_codes(spec), *_pod(spec), *_restricted(spec),
            *_confined(spec), *_worker(spec, settings), *_overruled(spec, settings)]  # fmt: skip


def container(job: dict[str, Any]) -> dict[str, Any]:
    """The pod's container, once what comes before it is done."""
    (only,) = job["spec"]["template"]["spec"]["containers"]
    return only


def containers(job: dict[str, Any]) -> list[dict[str, Any]]:
    """The pod's containers in the order in which they run."""
    pod = job["spec"]["template"]["spec"]
    return [*pod.get("initContainers", []), container(job)]


def environment(
    job: dict[str, Any], settings: dict[str, str], one: dict[str, Any] | None = None
) -> dict[str, str]:
    """The environment of `one` (default: the last), the ConfigMap first, as the kubelet has it."""
    one = one or container(job)
    written = {entry["name"]: _value(entry, one) for entry in one.get("env", [])}
    return {**settings, **written}


def _value(entry: dict[str, Any], one: dict[str, Any]) -> str:
    if "value" in entry:
        return entry["value"]
    kind, _, name = entry["valueFrom"]["resourceFieldRef"]["resource"].partition(".")
    amount = str(one["resources"][kind].get(name, 0))
    # In whole units, rounded up, as the kubelet does.
    return str(math.ceil(int(amount[:-1]) / 1000) if amount.endswith("m") else int(amount))


def _indexed(spec: dict[str, Any]) -> Iterator[str]:
    if spec.get("completionMode") != "Indexed":
        yield "backoffLimitPerIndex and JOB_COMPLETION_INDEX need completionMode Indexed"
    if "backoffLimitPerIndex" not in spec:
        yield "FailIndex and maxFailedIndexes need backoffLimitPerIndex"
    completions = spec.get("completions", 0)
    if not 1 <= completions <= MOST_INDEXES:
        yield f"completions is {completions}, not 1 to {MOST_INDEXES}"
    if spec.get("maxFailedIndexes", 0) > completions:
        yield "maxFailedIndexes is more than completions"
    if spec.get("maxFailedIndexes") != completions:
        yield "a failed index ends the others: maxFailedIndexes is not completions"
    if spec.get("podReplacementPolicy") != "Failed":
        yield "podFailurePolicy needs podReplacementPolicy Failed"


def _policy(spec: dict[str, Any]) -> Iterator[str]:
    rules = spec.get("podFailurePolicy", {}).get("rules", [])
    if spec["template"]["spec"].get("restartPolicy") != "Never":
        yield "podFailurePolicy needs restartPolicy Never"
    first = rules[0] if rules else {}
    if first.get("action") != "Ignore" or [
        condition.get("type") for condition in first.get("onPodConditions", [])
    ] != ["DisruptionTarget"]:
        yield "the first rule must ignore DisruptionTarget"
    for rule in rules:
        if ("onExitCodes" in rule) == ("onPodConditions" in rule):
            yield "a rule has one of onExitCodes and onPodConditions"
        for condition in rule.get("onPodConditions", []):
            if condition.get("status") != "True":
                yield 'onPodConditions needs status: "True" through 1.34'


def _codes(spec: dict[str, Any]) -> Iterator[str]:
    names = {one["name"] for one in containers({"spec": spec})}
    actions: dict[int, str] = {}
    for rule in spec.get("podFailurePolicy", {}).get("rules", []):
        codes = rule.get("onExitCodes", {})
        if codes.get("containerName", "") not in {"", *names}:
            yield f"a rule is for the container {codes['containerName']}, which is not there"
        if 0 in codes.get("values", []) and codes.get("operator") == "In":
            yield "0 is no failure"
        for code in codes.get("values", []):
            actions.setdefault(code, rule["action"])
    if actions != {int(status): action for status, action in WANTED.items()}:
        yield f"the rules say {actions}, the worker's table {WANTED}"


def _pod(spec: dict[str, Any]) -> Iterator[str]:
    pod = spec["template"]["spec"]
    every = containers({"spec": spec})
    mounted = {mount["name"] for one in pod["containers"] for mount in one["volumeMounts"]}
    volumes = {volume["name"] for volume in pod["volumes"]}
    if mounted != volumes:
        yield f"volumes {sorted(volumes)} are not the mounts {sorted(mounted)}"
    for one in every:
        resources = one.get("resources", {})
        for name, amount in {
            **resources.get("requests", {}),
            **resources.get("limits", {}),
        }.items():
            if "/" in name and not re.fullmatch(r"[1-9][0-9]*", str(amount)):
                yield f"{name} is {amount}: only whole ones can be had"
        for name in ("memory", "ephemeral-storage"):
            if name not in resources.get("limits", {}):
                yield f"no limit on {name}"


def _restricted(spec: dict[str, Any]) -> Iterator[str]:
    pod = spec["template"]["spec"]
    outer = pod.get("securityContext", {})
    if outer.get("runAsNonRoot") is not True or outer.get("runAsUser") == 0:
        yield "restricted: runAsNonRoot"
    if outer.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "restricted: seccompProfile RuntimeDefault"
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(key):
            yield f"restricted: {key}"
    for volume in pod["volumes"]:
        if kinds := set(volume) - {"name"} - VOLUMES:
            yield f"restricted: a volume of kind {kinds}"


def _confined(spec: dict[str, Any]) -> Iterator[str]:
    for one in containers({"spec": spec}):
        inner = one.get("securityContext", {})
        if inner.get("allowPrivilegeEscalation") is not False:
            yield "restricted: allowPrivilegeEscalation"
        if inner.get("capabilities") != {"drop": ["ALL"]}:
            yield "restricted: capabilities"
        if inner.get("privileged"):
            yield "restricted: privileged"
        if inner.get("readOnlyRootFilesystem") is not True:
            yield "the root file system can be written to"


def _worker(spec: dict[str, Any], settings: dict[str, str]) -> Iterator[str]:
    job = {"spec": spec}
    variables = environment(job, settings)
    # In the template, so that the API refuses another size.
    told = environment(job, {}).get("RENDER_WORKER_WORLD_SIZE")
    if told != str(spec.get("completions")):
        yield "the world size the pods are told is not completions"
    requested = str(container(job)["resources"].get("requests", {}).get("cpu", 0))
    if variables.get("RENDER_WORKER_CPUS") != requested:
        yield "the worker starts more threads than CPUs are requested"
    grace = float(variables.get("RENDER_WORKER_GRACE", "inf"))
    if not spec["template"]["spec"].get("terminationGracePeriodSeconds", 30) > grace + 15:
        yield "terminationGracePeriodSeconds leaves the worker's grace no room"
    if variables.get("RENDER_WORKER_SUMMARY") != container(job).get("terminationMessagePath"):
        yield "the worker's summary does not go to the termination log"
    for one in containers(job)[:-1]:
        before = environment(job, settings, one)
        for name in ("RENDER_WORKER_DEVICE", "RENDER_WORKER_BLENDER"):
            if before.get(name) != variables.get(name):
                yield f"{one['name']} has another {name} than the worker"
        if one["image"] != container(job)["image"]:
            yield f"{one['name']} has another image than the worker"
        if not _kernels(one) == _kernels(container(job)) != []:
            yield f"{one['name']} leaves its kernels where the worker does not look"


def _overruled(spec: dict[str, Any], settings: dict[str, str]) -> Iterator[str]:
    for one in containers({"spec": spec}):
        for entry in one.get("env", []):
            if entry["name"] in settings and entry.get("value") != settings[entry["name"]]:
                yield f"{entry['name']} of the ConfigMap is overruled in {one['name']}"


def _kernels(one: dict[str, Any]) -> list[dict[str, Any]]:
    return [mount for mount in one["volumeMounts"] if mount["mountPath"] == "/cache"]
