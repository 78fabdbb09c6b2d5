#!/bin/sh
# gpu-evaluate.sh MODEL: serves the model with vLLM on all GPUs of the job, runs the study against it, and ends the server.
# MODEL is a name of the Hub, or in/STEP/model. A run that was begun goes on.
set -e
case $1 in in/*) model=$ST_JOB/$1 ;; *) model=$1 ;; esac
python=${PYTHON:-python3}
port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
VLLM_API_KEY=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
export VLLM_API_KEY
gpus=$(echo "${CUDA_VISIBLE_DEVICES:-0,1,2,3,4,5,6,7}" | tr ',' '\n' | grep -c .)
"$python" -m vllm.entrypoints.openai.api_server --model "$model" --served-model-name model --host 127.0.0.1 --port "$port" \
  --tensor-parallel-size "$gpus" --max-model-len 32768 &
server=$!
trap 'kill $server 2> /dev/null' EXIT INT TERM
until "$python" -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=5)' "http://127.0.0.1:$port/health" 2> /dev/null; do
  kill -0 $server 2> /dev/null || { echo "Error: vLLM ended before it answered." >&2; exit 1; }
  sleep 5
done
words="--no-cache --server http://127.0.0.1:$port/v1 --api-key-env VLLM_API_KEY --concurrency 256"
for run in model/*/run.json; do
  [ -f "$run" ] || continue
  rm -f "${run%/run.json}/lock"
  second-thought run --resume "${run%/run.json}" $words --accept-server-change
  exit
done
second-thought run "$ST_IN/gpu-forcing.study.yaml" --out model $words
