#!/bin/sh
# Debian's SLURM and munge, where they are missing. tests/slurm/cluster.py starts and stops them.
set -eu
[ "$(id -u)" = 0 ] || { echo "make test-slurm starts SLURM's daemons: run it as root, best in a container" >&2; exit 1; }
for program in munged slurmctld slurmd sbatch setpriv; do
    command -v "$program" >/dev/null || missing=$program
done
[ -n "${missing:-}" ] || exit 0
command -v apt-get >/dev/null || { echo "$missing is missing and there is no apt-get: install SLURM and munge" >&2; exit 1; }
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends slurm-wlm munge util-linux
