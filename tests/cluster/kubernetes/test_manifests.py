"""The manifests that users apply, rendered by kustomize: schema, rules beyond it, choices."""

from __future__ import annotations

import copy
import subprocess
from collections.abc import Callable

import kubernetes_validate
import pytest
import yaml

from tests.cluster.kubernetes.lint import (
    RETRIED,
    WANTED,
    container,
    containers,
    environment,
    faults,
)
from tests.cluster.kubernetes.lint_network import confined
from tests.command_line import ROOT
from worker.core.errors import ExitStatus

pytestmark = pytest.mark.cluster
VERSIONS = ("1.29", kubernetes_validate.latest_version())
OVERLAYS = ("base", "overlays/cpu", "overlays/many-small", "overlays/kueue",
            "overlays/export")  # fmt: skip
JOBSET = {"coordinator", "failurePolicy", "managedBy", "network", "replicatedJobs", "startupPolicy",
          "successPolicy", "suspend", "ttlSecondsAfterFinished"}  # fmt: skip
"""The fields of JobSetSpec, jobset.x-k8s.io/v1alpha2 (JobSet's "API reference")."""


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_manifests_hold_the_schema(render, overlay, version):
    manifests = render(overlay)
    assert set(manifests) == {"Job", "ConfigMap", "ServiceAccount"}
    for manifest in manifests.values():
        kubernetes_validate.validate(manifest, version, strict=True)


def test_a_jobset_has_the_job_of_the_base(render):
    manifests = render("overlays/jobset", RENDER_WORKER_WORLD_SIZE=23)
    assert set(manifests) == {"JobSet", "ConfigMap", "ServiceAccount"}
    spec = manifests["JobSet"]["spec"]
    assert set(spec) <= JOBSET
    (replicated,) = spec["replicatedJobs"]
    assert set(replicated) == {"name", "replicas", "template"}
    assert replicated["replicas"] == 1  # others would have the same indexes
    template = replicated["template"]
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "render"}} | template
    for version in VERSIONS:
        kubernetes_validate.validate(job, version, strict=True)
    assert faults(job, manifests["ConfigMap"]["data"]) == []
    alone = render(RENDER_WORKER_WORLD_SIZE=23)["Job"]["spec"]
    alone.pop("ttlSecondsAfterFinished")
    assert template["spec"] == alone


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize(
    "setting", [{"RENDER_WORKER_WORLD_SIZE": 4}, {"RENDER_WORKER_SET": "views=3"}]
)
def test_other_settings_are_refused_for_a_job_that_exists(render, overlay, setting):
    """A Job's template is immutable: the API refuses another one."""
    before, again = render(overlay), render(overlay)
    assert before["Job"]["spec"]["template"] == again["Job"]["spec"]["template"]
    after = render(overlay, **setting)
    assert before["Job"]["spec"]["template"] != after["Job"]["spec"]["template"]
    assert before["ConfigMap"]["metadata"]["name"] != after["ConfigMap"]["metadata"]["name"]
    assert before["ConfigMap"]["immutable"] is True


def test_a_changed_size_is_in_the_template_itself(render):
    """Also if somebody edits the Job and its ConfigMap by hand."""
    assert environment(render()["Job"], {})["RENDER_WORKER_WORLD_SIZE"] == "8"


def test_an_image_may_be_named_by_its_digest(render, kustomize, tmp_path):
    digest = "sha256:" + "ab" * 32
    render()  # copies the manifests
    mine = tmp_path / "k8s/overlays/mine"
    mine.mkdir()
    (mine / "kustomization.yaml").write_text(
        "resources: [../../base]\n"
        f"images: [{{name: registry.example.com/render-worker, digest: '{digest}'}}]\n"
    )
    done = subprocess.run([*kustomize, mine], capture_output=True, text=True, check=True)
    (job,) = [one for one in yaml.safe_load_all(done.stdout) if one["kind"] == "Job"]
    named = f"registry.example.com/render-worker@{digest}"
    assert [one["image"] for one in containers(job)] == [named] * 2
    by_setting = render(RENDER_WORKER_IMAGE=named)
    assert [one["image"] for one in containers(by_setting["Job"])] == [named] * 2


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_network_policy_is_of_every_overlays_pods(render, overlay, version):
    assert "NetworkPolicy" not in render(overlay)
    manifests = render(overlay, components=["network-policy"])
    policy = manifests["NetworkPolicy"]
    kubernetes_validate.validate(policy, version, strict=True)
    assert confined(policy, manifests["Job"]) == []


WIDER: dict[str, Callable[[dict], object]] = {
    "is not of the Job's pods": lambda spec: spec["podSelector"].update(matchLabels={"a": "b"}),
    "ingress is not refused": lambda spec: spec.update(ingress=[{}]),
    "not restricted": lambda spec: spec.update(policyTypes=["Ingress"]),
    "to anywhere": lambda spec: spec["egress"][1].pop("to"),
    "on any port": lambda spec: spec["egress"][1].pop("ports"),
    "10.1.2.3 is reached": lambda spec: spec["egress"][1]["to"][0]["ipBlock"]["except"].remove(
        "10.0.0.0/8"
    ),
    "169.254.169.254 is reached": lambda spec: spec["egress"][1]["to"][0]["ipBlock"][
        "except"
    ].remove("169.254.0.0/16"),
    "fd00:ec2::254 is reached": lambda spec: spec["egress"][1]["to"][1].update(
        ipBlock={"cidr": "::/0"}
    ),
    "8.8.8.8 is not reached": lambda spec: spec["egress"].pop(1),
    "no DNS": lambda spec: spec["egress"].pop(0),
}


@pytest.mark.parametrize("fault", WIDER)
def test_lint_catches_a_network_policy_that_lets_more_through(render, fault):
    manifests = render(components=["network-policy"])
    policy = copy.deepcopy(manifests["NetworkPolicy"])
    WIDER[fault](policy["spec"])
    assert any(fault in said for said in confined(policy, manifests["Job"]))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_manifests_hold_the_rules_beyond_the_schema(render, overlay):
    manifests = render(overlay)
    assert faults(manifests["Job"], manifests["ConfigMap"]["data"]) == []


def _pod(job: dict) -> dict:
    return job["spec"]["template"]["spec"]


def _warm(job: dict) -> dict:
    return _pod(job)["initContainers"][0]


def _rules(job: dict) -> list[dict]:
    return job["spec"]["podFailurePolicy"]["rules"]


MISTAKES: dict[str, Callable[[dict], object]] = {
    "need completionMode Indexed": lambda job: job["spec"].update(completionMode="NonIndexed"),
    "need backoffLimitPerIndex": lambda job: job["spec"].pop("backoffLimitPerIndex"),
    "maxFailedIndexes is more": lambda job: job["spec"].update(maxFailedIndexes=9),
    "a failed index ends the others": lambda job: job["spec"].update(maxFailedIndexes=1),
    "more threads than CPUs": lambda job: container(job)["env"].pop(2),
    "needs podReplacementPolicy": lambda job: job["spec"].pop("podReplacementPolicy"),
    "needs restartPolicy Never": lambda job: _pod(job).update(restartPolicy="OnFailure"),
    "first rule must ignore": lambda job: _rules(job).reverse(),
    'status: "True"': lambda job: _rules(job)[0]["onPodConditions"][0].pop("status"),
    "which is not there": lambda job: _rules(job)[1]["onExitCodes"].update(containerName="main"),
    "0 is no failure": lambda job: _rules(job)[1]["onExitCodes"]["values"].append(0),
    "the worker's table": lambda job: _rules(job)[2]["onExitCodes"]["values"].append(69),
    "only whole ones": lambda job: container(job)["resources"]["limits"].update(
        {"nvidia.com/gpu": "0.5"}
    ),
    "no limit on memory": lambda job: container(job)["resources"]["limits"].pop("memory"),
    "are not the mounts": lambda job: container(job)["volumeMounts"].pop(0),
    "restricted: runAsNonRoot": lambda job: _pod(job)["securityContext"].pop("runAsNonRoot"),
    "restricted: capabilities": lambda job: container(job)["securityContext"].pop("capabilities"),
    "restricted: a volume": lambda job: _pod(job)["volumes"][0].update(
        {"hostPath": {"path": "/var"}}
    ),
    "is not completions": lambda job: job["spec"].update(completions=7),
    "no room": lambda job: _pod(job).update(terminationGracePeriodSeconds=60),
    "another RENDER_WORKER_DEVICE": lambda job: _warm(job).update(
        env=[{"name": "RENDER_WORKER_DEVICE", "value": "cuda"}]
    ),
    "is overruled in worker": lambda job: container(job)["env"].append(
        {"name": "RENDER_WORKER_GRACE", "value": "5"}
    ),
    "another image": lambda job: _warm(job).update(image="other"),
    "where the worker does not look": lambda job: _warm(job)["volumeMounts"].pop(),
    "restricted: allowPrivilegeEscalation": lambda job: _warm(job)["securityContext"].pop(
        "allowPrivilegeEscalation"
    ),
    "termination log": lambda job: container(job).update(terminationMessagePath="/dev/other"),
}


@pytest.mark.parametrize("fault", MISTAKES)
def test_lint_catches_what_the_schema_lets_through(render, fault):
    manifests = render()
    job = copy.deepcopy(manifests["Job"])
    MISTAKES[fault](job)
    kubernetes_validate.validate(job, "1.37", strict=True)
    assert any(fault in said for said in faults(job, manifests["ConfigMap"]["data"]))


def test_schema_catches_an_unknown_field(render):
    job = render()["Job"]
    job["spec"]["backoffLimitPerindex"] = 1
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(job, "1.29", strict=True)


def test_world_size_is_written_once(render):
    manifests = render(RENDER_WORKER_WORLD_SIZE=23, RENDER_WORKER_IMAGE="r.example/w:7")
    job = manifests["Job"]
    for field in ("completions", "parallelism", "maxFailedIndexes"):
        assert job["spec"][field] == 23
    assert manifests["ConfigMap"]["data"]["RENDER_WORKER_WORLD_SIZE"] == "23"
    assert [one["image"] for one in containers(job)] == ["r.example/w:7"] * 2


def test_a_person_fills_in_at_most_five_values():
    lines = (ROOT / "k8s/base/settings.env").read_text().splitlines()
    assert len([line for line in lines if line and not line.startswith("#")]) <= 5


def test_base_asks_for_one_gpu_and_refuses_to_do_without(render):
    manifests = render()
    job = manifests["Job"]
    assert container(job)["resources"]["limits"]["nvidia.com/gpu"] == 1
    variables = environment(job, manifests["ConfigMap"]["data"])
    assert variables["RENDER_WORKER_DEVICE"] == "optix"


def test_cpu_overlay_asks_for_no_gpu(render):
    manifests = render("overlays/cpu")
    assert "nvidia.com/gpu" not in yaml.safe_dump(manifests["Job"])
    variables = environment(manifests["Job"], manifests["ConfigMap"]["data"])
    assert variables["RENDER_WORKER_DEVICE"] == "cpu"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_settings_name_is_what_every_container_is_told(render, overlay):
    told = {"RENDER_WORKER_GRACE": "10", "AWS_DEFAULT_REGION": "eu-central-1",
            "RENDER_WORKER_PRESET": "objaverse-xl"}  # fmt: skip
    manifests = render(overlay, **told)
    for one in containers(manifests["Job"]):
        variables = environment(manifests["Job"], manifests["ConfigMap"]["data"], one)
        assert told.items() <= variables.items()


def test_every_exit_status_has_its_rule():
    assert {ExitStatus.DONE, *RETRIED, *WANTED} == set(ExitStatus)


def test_kernels_are_compiled_before_the_worker_starts_but_on_a_cpu(render):
    assert [one["args"] for one in containers(render()["Job"])] == [["warm"], ["run"]]
    assert [one["args"] for one in containers(render("overlays/cpu")["Job"])] == [["run"]]
    assert [one["args"] for one in containers(render("overlays/export")["Job"])] == [["export"]]


def test_an_export_reads_what_was_rendered_and_asks_for_no_gpu(render):
    manifests = render("overlays/export", RENDER_WORKER_OUTPUT="s3://b/renders")
    # Beside the Job of the renders, with its identity.
    assert manifests["Job"]["metadata"]["name"] == "render-export"
    assert manifests["ServiceAccount"]["metadata"]["name"] == "render-worker"
    assert "nvidia.com/gpu" not in yaml.safe_dump(manifests["Job"])
    assert manifests["ConfigMap"]["data"]["RENDER_WORKER_INPUT"] == "s3://b/renders"
    assert manifests["Job"]["metadata"]["name"] != render()["Job"]["metadata"]["name"]


def test_many_small_has_more_indexes_than_pods(render):
    spec = render("overlays/many-small", RENDER_WORKER_WORLD_SIZE=100_000)["Job"]["spec"]
    assert spec["parallelism"] < spec["completions"] == 100_000


def test_kueue_overlay_waits_in_a_queue(render):
    job = render("overlays/kueue")["Job"]
    assert job["spec"]["suspend"] is True
    assert job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "render"


@pytest.mark.parametrize("world", [1, 8])
def test_kueue_takes_any_number_of_indexes(render, world):
    """Its webhook refuses a minimum of pods that is not below their number."""
    job = render("overlays/kueue", RENDER_WORKER_WORLD_SIZE=world)["Job"]
    least = job["metadata"].get("annotations", {}).get("kueue.x-k8s.io/job-min-parallelism")
    assert least is None or 0 < int(least) < job["spec"]["parallelism"]


@pytest.mark.parametrize(("overlay", "cpus"), [("base", "4"), ("overlays/cpu", "8")])
def test_as_many_threads_as_cpus_are_requested(render, overlay, cpus):
    manifests = render(overlay)
    variables = environment(manifests["Job"], manifests["ConfigMap"]["data"])
    assert variables["RENDER_WORKER_CPUS"] == cpus


def test_every_volume_is_limited_and_one_is_memory(render):
    volumes = {v["name"]: v["emptyDir"] for v in _pod(render()["Job"])["volumes"]}
    assert all("sizeLimit" in volume for volume in volumes.values())
    assert volumes["memory"]["medium"] == "Memory"


def test_no_secret_is_in_the_manifests(render):
    manifests = render()
    assert "Secret" not in manifests
    (secret,) = [s["secretRef"] for s in container(manifests["Job"])["envFrom"] if "secretRef" in s]
    assert secret == {"name": "render-worker-s3", "optional": True}
