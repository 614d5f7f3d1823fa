"""The programs that start many workers at once, and the variables by which each tells its own.

Each row cites the page of the launcher's documentation that names its variables.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import msgspec

from worker.core import slurm
from worker.core.launcher_variables import Environment, number, number_if_set, text
from worker.core.placement import Placement, array_of

Kind = Literal["process", "node", "container", "array"]
"""What one of a launcher's ranks is.

process: one of several on a node. node: a whole node. container: a container of its own, which all
run the same command. array: a job of its own, which may have many nodes.
"""


class Launcher(msgspec.Struct, frozen=True, kw_only=True):
    """A row of LAUNCHERS. `read` is called if any of the variables `signs` is set."""

    name: str
    kind: Kind
    signs: tuple[str, ...]
    read: Callable[[Environment], Placement | None]
    """None: the variables are set, but no array or step of this launcher started the worker."""
    source: str
    """The variables with the rank, for messages."""
    world: str = ""
    """What to set the world size to, if the launcher does not tell it."""


def _of(
    rank: str, world: str = "", local_rank: str = "", local_size: str = ""
) -> Callable[[Environment], Placement]:
    """A reader of a launcher that has a variable for each number; "" if it has none."""

    def read(env: Environment) -> Placement:
        return Placement(
            rank=number(env, rank),
            world=number_if_set(env, world, 1),
            local_rank=number_if_set(env, local_rank),
            local_size=number_if_set(env, local_size, 1),
        )

    return read


def _torchrun(env: Environment) -> Placement | None:
    # RANK and WORLD_SIZE are common names: they are torchrun's only together with one of its own.
    if text(env, "RANK") is None:
        return None
    return _of("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")(env)


def _flux(env: Environment) -> Placement:
    found = _of("FLUX_TASK_RANK", "FLUX_JOB_SIZE", "FLUX_TASK_LOCAL_ID")(env)
    nodes = number_if_set(env, "FLUX_JOB_NNODES", 1)
    # Flux tells no local size; where tasks are spread evenly, it follows.
    if found.world is None or nodes is None or found.world % nodes:
        return found
    return msgspec.structs.replace(found, local_size=found.world // nodes)


def _pals(env: Environment) -> Placement:
    # PALS tells the size only through its PMI, whose row then agrees on the rank.
    return _of("PALS_RANKID", "", "PALS_LOCAL_RANKID", "PALS_LOCAL_SIZE")(env)


def _lsf_array(env: Environment) -> Placement | None:
    index = number(env, "LSB_JOBINDEX")
    if index == 0:  # a job without an array
        return None
    # LSF does not tell an array's first index: it counts from 1, as LSF's default does.
    return array_of(
        "LSF", "LSB_JOBINDEX", index, first=1, last=number(env, "LSB_JOBINDEX_END"),
        step=number(env, "LSB_JOBINDEX_STEP", 1, at_least=1), advice='bsub -J "render[1-N]"',
    )  # fmt: skip


def _sge_array(env: Environment) -> Placement | None:
    if text(env, "SGE_TASK_ID") == "undefined":  # a job without an array
        return None
    return array_of(
        "Grid Engine", "SGE_TASK_ID", number(env, "SGE_TASK_ID"),
        first=number(env, "SGE_TASK_FIRST"), last=number(env, "SGE_TASK_LAST"),
        step=number(env, "SGE_TASK_STEPSIZE", 1, at_least=1), advice="qsub -t 1-N",
    )  # fmt: skip


def _parallel(env: Environment) -> Placement:
    return Placement(rank=number(env, "PARALLEL_SEQ", at_least=1) - 1)


_TASKS: Final = "the number of tasks of the array, numbered from 0"

LAUNCHERS: Final = (
    # PyTorch documentation, "torchrun (Elastic Launch)", section "Environment Variables"
    Launcher(
        name="torchrun", kind="process", signs=("TORCHELASTIC_RUN_ID", "LOCAL_RANK"),
        read=_torchrun, source="RANK", world="the number of all processes",
    ),
    # IBM Spectrum LSF with CSM, "jsrun" (Job Step Manager): each task's variables
    Launcher(
        name="jsrun", kind="process", signs=("JSM_NAMESPACE_RANK",),
        read=_of("JSM_NAMESPACE_RANK", "JSM_NAMESPACE_SIZE", "JSM_NAMESPACE_LOCAL_RANK",
                 "JSM_NAMESPACE_LOCAL_SIZE"),
        source="JSM_NAMESPACE_RANK", world="the number of tasks of jsrun",
    ),
    # Open MPI 5.0 documentation, "Environment variables set for MPI applications"
    Launcher(
        name="Open MPI", kind="process", signs=("OMPI_COMM_WORLD_RANK",),
        read=_of("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK",
                 "OMPI_COMM_WORLD_LOCAL_SIZE"),
        source="OMPI_COMM_WORLD_RANK", world="the number of processes of mpirun",
    ),
    # flux-core documentation, "flux-environment(7)", section "Job environment"
    Launcher(
        name="Flux", kind="process", signs=("FLUX_TASK_RANK",), read=_flux,
        source="FLUX_TASK_RANK", world="the number of tasks of the job",
    ),
    # HPE Cray Programming Environment, "mpiexec(1)" of PALS, section "Environment variables"
    Launcher(
        name="PALS", kind="process", signs=("PALS_RANKID",), read=_pals,
        source="PALS_RANKID", world="the number of processes of mpiexec",
    ),
    # MPICH wiki, "Using the Hydra Process Manager", section "Environment Settings"; Intel MPI's is
    # Hydra too
    Launcher(
        name="MPICH or Intel MPI", kind="process", signs=("PMI_RANK",),
        read=_of("PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS"),
        source="PMI_RANK", world="the number of processes of mpiexec",
    ),
    # Slurm documentation, "srun", section "Output environment variables"
    Launcher(
        name="Slurm", kind="process", signs=slurm.STEP_SIGNS, read=slurm.step,
        source="SLURM_PROCID of SLURM_NTASKS", world="the number of tasks",
    ),
    # AWS Batch User Guide, "AWS Batch job environment variables"
    Launcher(
        name="AWS Batch (multi-node)", kind="node", signs=("AWS_BATCH_JOB_NODE_INDEX",),
        read=_of("AWS_BATCH_JOB_NODE_INDEX", "AWS_BATCH_JOB_NUM_NODES"),
        source="AWS_BATCH_JOB_NODE_INDEX", world="the number of nodes",
    ),
    # SkyPilot documentation, "Distributed Multi-Node Jobs", section "Environment variables"
    Launcher(
        name="SkyPilot", kind="node", signs=("SKYPILOT_NODE_RANK",),
        read=_of("SKYPILOT_NODE_RANK", "SKYPILOT_NUM_NODES"),
        source="SKYPILOT_NODE_RANK", world="num_nodes",
    ),
    # dstack documentation, "Tasks", section "Distributed tasks", and "Environment variables"
    Launcher(
        name="dstack", kind="node", signs=("DSTACK_NODE_RANK",),
        read=_of("DSTACK_NODE_RANK", "DSTACK_NODES_NUM"),
        source="DSTACK_NODE_RANK", world="the number of nodes",
    ),
    # Kubernetes documentation, "Indexed Job for Parallel Processing with Static Work Assignment"
    Launcher(
        name="Kubernetes", kind="container", signs=("JOB_COMPLETION_INDEX",),
        read=_of("JOB_COMPLETION_INDEX"), source="JOB_COMPLETION_INDEX",
        world="the Job's spec.completions, in the manifest",
    ),
    # AWS Batch User Guide, "AWS Batch job environment variables": set in child jobs only
    Launcher(
        name="AWS Batch (array)", kind="container", signs=("AWS_BATCH_JOB_ARRAY_INDEX",),
        read=_of("AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE"),
        source="AWS_BATCH_JOB_ARRAY_INDEX", world="the size of the array",
    ),
    # Google Cloud documentation, Batch, "Create and run a basic job": predefined variables
    Launcher(
        name="GCP Batch", kind="container", signs=("BATCH_TASK_INDEX",),
        read=_of("BATCH_TASK_INDEX", "BATCH_TASK_COUNT"),
        source="BATCH_TASK_INDEX", world="taskCount",
    ),
    # Google Cloud documentation, Cloud Run, "Container runtime contract", section "Jobs"
    Launcher(
        name="Cloud Run", kind="container", signs=("CLOUD_RUN_TASK_INDEX",),
        read=_of("CLOUD_RUN_TASK_INDEX", "CLOUD_RUN_TASK_COUNT"),
        source="CLOUD_RUN_TASK_INDEX", world="the number of tasks",
    ),
    # Slurm documentation, "Job Array Support", section "Job ID and environment variables"
    Launcher(
        name="Slurm's array", kind="array", signs=("SLURM_ARRAY_TASK_ID",), read=slurm.array,
        source="SLURM_ARRAY_TASK_ID", world=_TASKS,
    ),
    # IBM Spectrum LSF 10.1, "Environment variables set for job execution", and "Passing arguments
    # on the command line": LSB_JOBINDEX is 0 without an array
    Launcher(
        name="LSF's array", kind="array", signs=("LSB_JOBINDEX",), read=_lsf_array,
        source="LSB_JOBINDEX", world=_TASKS,
    ),
    # Grid Engine manual, "submit(1)", section "Environmental variables"
    Launcher(
        name="Grid Engine's array", kind="array", signs=("SGE_TASK_ID",), read=_sge_array,
        source="SGE_TASK_ID", world=_TASKS,
    ),
    # PBS Professional User's Guide, "Job Arrays", section "Environment variables for job arrays"
    Launcher(
        name="PBS's array", kind="array", signs=("PBS_ARRAY_INDEX",),
        read=_of("PBS_ARRAY_INDEX"), source="PBS_ARRAY_INDEX", world=_TASKS + " (qsub -J 0-…)",
    ),
    # TORQUE Administrator Guide, "Multiple job submission"
    Launcher(
        name="Torque's array", kind="array", signs=("PBS_ARRAYID",),
        read=_of("PBS_ARRAYID"), source="PBS_ARRAYID", world=_TASKS + " (qsub -t 0-…)",
    ),
    # GNU Parallel manual, "parallel(1)", section "Environment variables"
    Launcher(
        name="GNU parallel", kind="array", signs=("PARALLEL_SEQ",), read=_parallel,
        source="PARALLEL_SEQ - 1", world="the number of jobs",
    ),
)  # fmt: skip
"""Those of one kind innermost first: Open MPI and Hydra start their daemons through Slurm."""


class UnknownLauncher(msgspec.Struct, frozen=True):
    """A launcher without a row; all of `signs` together are its sign."""

    name: str
    signs: tuple[str, ...]
    rank: str = ""
    """The variable with its rank; a row that states the same one is believed."""


UNKNOWN: Final = (
    UnknownLauncher("MVAPICH2", ("MV2_COMM_WORLD_RANK",), "MV2_COMM_WORLD_RANK"),
    UnknownLauncher("a PMIx launcher", ("PMIX_RANK",), "PMIX_RANK"),
    UnknownLauncher("Cray ALPS", ("ALPS_APP_PE",), "ALPS_APP_PE"),
    UnknownLauncher("HTCondor's parallel universe", ("_CONDOR_PROCNO",), "_CONDOR_PROCNO"),
    UnknownLauncher("a launcher of PyTorch", ("RANK", "WORLD_SIZE"), "RANK"),
    UnknownLauncher("Nomad", ("NOMAD_ALLOC_INDEX",)),
    UnknownLauncher("Flux with --cc", ("FLUX_JOB_CC",)),
)
