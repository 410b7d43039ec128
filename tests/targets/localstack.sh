#!/usr/bin/env bash
# Runs scenarios on LocalStack 4.14.0 from PyPI, in host mode, and compares it with our own interpreter. Not part of `make test`:
# it needs Python 3.13, half a gigabyte of packages in a virtual environment of its own, and some minutes.
#
#   tests/targets/localstack.sh [SCENARIO...]        PYTHON313=/path/to/python3.13   SPEED=60
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
drsim=${DRSIM:-$top/.venv/bin/drsim}
speed=${SPEED:-60}
home=${LOCALSTACK_HOME:-$top/build/localstack}
port=${LOCALSTACK_PORT:-4599}
if [ $# -eq 0 ]; then set -- "$top/scenarios/happy/three-wave-drill.yaml"; fi

if [ ! -x "$home/venv/bin/python" ]; then
  "${PYTHON313:-python3.13}" -m venv "$home/venv"
  "$home/venv/bin/pip" install --quiet --requirement "$top/tests/targets/localstack.txt"
fi
mkdir -p "$home/root/etc/localstack/init/ready.d"
cp "$top/simulator/targets/outside/quick_waits.py" "$home/root/etc/localstack/init/ready.d/drsim.py"

env FILESYSTEM_ROOT="$home/root" XDG_CACHE_HOME="$home/cache" OVERRIDE_IN_DOCKER=0 GATEWAY_LISTEN="127.0.0.1:$port" SERVICES=stepfunctions \
  SKIP_SSL_CERT_DOWNLOAD=1 DISABLE_EVENTS=1 DNS_ADDRESS=0 DRSIM_SPEED="$speed" DRSIM_WORLD=http://127.0.0.1:4567 \
  "$home/venv/bin/python" -m localstack.runtime.main >"$home/log" 2>&1 &
localstack=$!
trap 'kill $localstack' EXIT
for second in $(seq 300); do
  if curl --silent --fail --request POST "http://127.0.0.1:$port/_localstack/drsim/reset" >/dev/null; then break; fi
  [ "$second" -lt 300 ] || { echo "LocalStack is not ready after five minutes: $home/log" >&2; exit 2; }
  kill -0 $localstack || { tail "$home/log"; exit 2; }
  sleep 1
done

status=0
export LOCALSTACK_HOST="localhost:$port"
"$drsim" run --target localstack --speed "$speed" "$@" || status=$?
"$drsim" compare --targets embedded,localstack --speed "$speed" "$@" || true  # differences are what one comes for
exit $status
