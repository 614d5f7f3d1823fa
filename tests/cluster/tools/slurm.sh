#!/usr/bin/env bash
# A real Slurm of N virtual nodes on this machine, as root, without systemd: for tests.
#   slurm.sh up DIR [N]   two nodes by default, of 4 CPUs and 2 fake GPUs each
#   slurm.sh down DIR     stops what `up` started, by pid file
# A node is named after its port, one above the last node's or SLURM_TEST_PORT, the controller's.
# Everything lies in DIR; commands find it through SLURM_CONF=DIR/etc/slurm.conf.
# Needs Debian's slurm-wlm and munge.
set -euo pipefail
verb=$1 root=$2 nodes=${3:-2}
port=${SLURM_TEST_PORT:-17817}
names="n[$((port + 1))-$((port + nodes))]"
hang_s=240 # as tests/patience.py has it
export SLURM_CONF=$root/etc/slurm.conf

running() { local f; for f in "$root"/run/*.pid; do [ -s "$f" ] && kill -0 "$(cat "$f")" 2>/dev/null && return 0; done; return 1; }

down() {
	local f i node
	for f in "$root"/run/*.pid; do
		[ ! -s "$f" ] || kill "$(cat "$f")" 2>/dev/null || true
	done
	for ((i = 0; i < hang_s * 10; i++)); do running || break; sleep 0.1; done
	for node in "$root"/state/slurmd.*; do
		find /sys/fs/cgroup/*/"slurm_${node##*.}" -depth -type d -exec rmdir {} \; 2>/dev/null || true
	done
}

case $verb in
up) ;;
down) down; exit ;;
*) echo "usage: slurm.sh up|down DIR [N]" >&2; exit 64 ;;
esac

mkdir -p "$root"/{etc,run,log,state,sock,dev,munge}
chmod 755 "$root" "$root"/*
chmod 700 "$root/munge"
(umask 277; head -c 1024 /dev/urandom >"$root/munge/key")
# --force: a parent folder that others can write to is refused otherwise.
munged --force --key-file="$root/munge/key" --socket="$root/sock/munge.s" \
	--pid-file="$root/run/munged.pid" --log-file="$root/log/munged.log" --seed-file="$root/munge/seed"

# Any device node does for gres.conf; 195 is NVIDIA's major.
for i in 0 1; do mknod -m 666 "$root/dev/fakegpu$i" c 195 "$i" 2>/dev/null || touch "$root/dev/fakegpu$i"; done
cat >"$root/etc/gres.conf" <<-G
	AutoDetect=off
	NodeName=$names Name=gpu File=$root/dev/fakegpu[0-1]
G

# cgroups where the v1 freezer is mounted and writable; elsewhere process groups. Never
# linuxproc: its TERM also reaches Apptainer's FUSE helper.
if probe=$(mktemp -d /sys/fs/cgroup/freezer/slurm_probe.XXXXXX 2>/dev/null); then
	rmdir "$probe"
	track=cgroup task=task/cgroup
	cat >"$root/etc/cgroup.conf" <<-G
		CgroupPlugin=cgroup/v1
		CgroupMountpoint=/sys/fs/cgroup
		ConstrainDevices=yes
	G
else
	track=pgid task=task/none
fi

cat >"$SLURM_CONF" <<C
ClusterName=test
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
# cred_expire is also how long a requeued job waits before it starts again, unless it is told to.
AuthInfo=socket=$root/sock/munge.s,cred_expire=120
CredType=cred/munge
StateSaveLocation=$root/state
SlurmdSpoolDir=$root/state/slurmd.%n
SlurmctldPidFile=$root/run/slurmctld.pid
SlurmdPidFile=$root/run/slurmd.%n.pid
SlurmctldLogFile=$root/log/slurmctld.log
SlurmdLogFile=$root/log/slurmd.%n.log
ProctrackType=proctrack/$track
TaskPlugin=$task
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MpiDefault=none
SwitchType=switch/none
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1,sched_min_interval=0,batch_sched_delay=0
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=256
# The nodes have more CPUs and memory than the machine.
SlurmdParameters=config_overrides
ReturnToService=1
JobRequeue=1
MinJobAge=3600
OverTimeLimit=0
# A busy machine can hold any daemon or task for a minute: none is given up for that.
MessageTimeout=100
TCPTimeout=60
SlurmdTimeout=300
BatchStartTimeout=300
KillWait=300
UnkillableStepTimeout=600
MaxArraySize=${SLURM_TEST_MAX_ARRAY:-1001}
GresTypes=gpu
$(for i in $(seq "$nodes"); do
	echo "NodeName=n$((port + i)) NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=$((port + i)) CPUs=4 Sockets=1 CoresPerSocket=4 ThreadsPerCore=1 RealMemory=16000 Gres=gpu:2"
done)
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PartitionName=main Nodes=$names Default=YES MaxTime=INFINITE State=UP GraceTime=600
PartitionName=urgent Nodes=$names MaxTime=INFINITE State=UP PriorityTier=2 PreemptMode=OFF
C

slurmctld -c
for i in $(seq "$nodes"); do slurmd -N "n$((port + i))"; done
for ((i = 0; i < hang_s * 10; i++)); do
	if [ "$(sinfo -h -p main -N -o %T 2>/dev/null | grep -c '^idle$')" = "$nodes" ]; then
		echo "$nodes nodes idle, proctrack/$track, SLURM_CONF=$SLURM_CONF"
		exit
	fi
	sleep 0.1
done
echo "nodes not idle after $hang_s s" >&2
sinfo -N -l >&2 || true
tail -n 20 "$root"/log/*.log >&2
down
exit 1
