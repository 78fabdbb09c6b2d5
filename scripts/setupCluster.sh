#!/usr/bin/env bash
# What the tests of jobs need of the machine: an ssh server, rsync and Slurm, as Debian packages. Idempotent.
# With --if-installed: ends with status 4 instead of installing.
set -euo pipefail

PATH="$PATH:/usr/sbin"
has() { command -v "$1" > /dev/null; }
if ! { has sshd && has rsync && has slurmctld && has slurmd && has sbatch && has munged; }; then
  [ "${1:-}" != --if-installed ] || exit 4
  install=(apt-get install -y -qq --no-install-recommends openssh-server rsync slurmctld slurmd slurm-client munge)
  "${install[@]}" > /dev/null || { apt-get update -qq && "${install[@]}" > /dev/null; }
fi
