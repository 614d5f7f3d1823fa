"""The files of launchers/ that no program here reads, against their services' own schemas."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import yaml
from botocore.validate import ParamValidator

from worker.core.errors import ExitStatus

FOLDER = Path(__file__).parents[2] / "launchers"
PAGE = (FOLDER.parent / "docs" / "launchers.md").read_text()
RETRIED = {ExitStatus.UNAVAILABLE, ExitStatus.INTERRUPTED}
KILLED = 137
SPOT = 50001
"""Google's status of a task whose spot VM was taken away."""


def read(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text())


def needed(module: str, package: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        pytest.skip(f"no {package} to check the file with ({error})")


def test_every_file_has_its_row_and_says_how_it_is_used():
    for file in FOLDER.iterdir():
        assert f"`launchers/{file.name}`" in PAGE
        head, _, rest = file.read_text().partition("# ---- change these")
        assert len(head.splitlines()) < 20
        assert f"launchers/{file.name}" in head
        assert "to here" in rest


def test_aws_batch_accepts_the_job_definition():
    definition = read("aws-batch.yaml")
    model = botocore.session.get_session().get_service_model("batch")
    shape = model.operation_model("RegisterJobDefinition").input_shape
    report = ParamValidator().validate(definition, shape)
    assert not report.has_errors(), report.generate_report()


def test_aws_batch_retries_what_another_host_may_do_better():
    strategy = read("aws-batch.yaml")["retryStrategy"]
    rules = strategy["evaluateOnExit"]
    assert 1 <= strategy["attempts"] <= 10
    assert len(rules) <= 5  # more are refused
    codes = {int(rule["onExitCode"]) for rule in rules if "onExitCode" in rule}
    assert codes == {*map(int, RETRIED), KILLED}
    # What no rule is for is retried, so the last is for all.
    assert rules[-1] == {"onReason": "*", "action": "EXIT"}


def test_google_s_batch_accepts_the_job():
    batch = needed("google.cloud.batch_v1", "google-cloud-batch")
    json_format = needed("google.protobuf.json_format", "protobuf")
    json_format.ParseDict(read("gcp-batch.yaml"), batch.Job.pb(batch.Job()))


def test_google_s_batch_retries_what_another_host_may_do_better():
    (group,) = read("gcp-batch.yaml")["taskGroups"]
    (policy,) = group["taskSpec"]["lifecyclePolicies"]  # it takes one
    assert policy["action"] == "RETRY_TASK"
    assert set(policy["actionCondition"]["exitCodes"]) == {*map(int, RETRIED), KILLED, SPOT}
    assert group["taskCountPerNode"] == 1


def test_skypilot_accepts_the_task():
    schemas = needed("sky.utils.schemas", "skypilot")
    jsonschema = needed("jsonschema", "jsonschema")
    task = read("skypilot.yaml")
    jsonschema.validate(task, schemas.get_task_schema())
    jsonschema.validate(task["resources"], schemas.get_resources_schema())


def test_skypilot_s_other_nodes_go_on_where_one_rank_has_failed():
    pattern = r"^([\d |]+)\) echo .*; the others go on"
    (own,) = re.findall(pattern, read("skypilot.yaml")["run"], re.MULTILINE)
    failed = {ExitStatus.TOO_MANY_FAILED, ExitStatus.SHARD_BROKEN, ExitStatus.BUG}
    assert set(map(int, own.split("|"))) == set(map(int, failed))


def test_pbs_is_told_as_many_workers_as_its_array_has_tasks():
    text = (FOLDER / "pbs.sh").read_text()
    (array,) = re.findall(r"^#PBS -J (\d+)-(\d+)$", text, re.MULTILINE)
    (world,) = re.findall(r"^export RENDER_WORKER_WORLD_SIZE=(\d+)", text, re.MULTILINE)
    assert (int(array[0]), int(array[1]) + 1) == (0, int(world))


@pytest.mark.parametrize(
    ("file", "array"), [("lsf.sh", r'^#BSUB -J "render\[1-8\]"$'), ("sge.sh", r"^#\$ -t 1-8$")]
)
def test_arrays_count_from_one_where_the_launcher_s_do(file, array):
    assert re.search(array, (FOLDER / file).read_text(), re.MULTILINE)
