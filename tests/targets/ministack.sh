#!/usr/bin/env bash
# Runs scenarios on MiniStack (PyPI, MIT) and its own interpreter. Not part of `make test`: it needs a virtual environment of its own.
#
# MiniStack runs functions and topics itself. Those of the bundled system are put there as relays that hand each invocation on to
# the world; what is published stays with MiniStack, so that checks of notifications find nothing.
#
#   tests/targets/ministack.sh [SCENARIO...]        SPEED=20
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
bin=$top/.venv/bin
speed=${SPEED:-20}
home=${MINISTACK_HOME:-$top/build/ministack}
port=${MINISTACK_PORT:-4571}
if [ $# -eq 0 ]; then set -- "$top/scenarios/happy/three-wave-drill.yaml"; fi

if [ ! -x "$home/bin/ministack" ]; then
  "${PYTHON:-python3.11}" -m venv "$home"
  "$home/bin/pip" install --quiet ministack==1.5.33
fi
scale=$("$bin/python" -c "print(1 / float('$speed'))")
env BIND_HOST=127.0.0.1 GATEWAY_PORT="$port" SFN_WAIT_SCALE="$scale" LAMBDA_EXECUTOR=local "$home/bin/ministack" >"$home/log" 2>&1 &
ministack=$!
trap 'kill $ministack' EXIT
for _ in $(seq 60); do
  if curl --silent --fail "http://127.0.0.1:$port/_ministack/health" >/dev/null; then break; fi
  kill -0 $ministack || { tail "$home/log"; exit 2; }
  sleep 1
done
"$bin/python" "$top/tests/targets/relays.py" "http://127.0.0.1:$port" http://127.0.0.1:4567
"$bin/drsim" run --target stepfunctions-local --engine-url "http://127.0.0.1:$port" --speed "$speed" "$@"
