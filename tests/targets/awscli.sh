#!/usr/bin/env bash
# The AWS CLI against `drsim serve`, from an empty account to a finished drill: a transcript, and exit code 1 if the drill does not end as
# it should. Not part of `make test`: the CLI pins a botocore of its own, so it is installed from PyPI in a virtual environment of its own.
#
#   tests/targets/awscli.sh        PYTHON=python3.11   SPEED=600   DRSIM_PORT=4577   FAULTS='[{"server": "app-001", ...}]'
#
# FAULTS, in the words of scenario files, are added before the drill: with a server that does not launch the drill must be seen to fail.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
drsim=${DRSIM:-$top/.venv/bin/drsim}
port=${DRSIM_PORT:-4577}
work=$(mktemp -d)
server=
ended() {
  if [ -n "$server" ]; then kill "$server" && wait "$server" || true; fi
  rm -rf "$work"
}
trap ended EXIT

"${PYTHON:-python3.11}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet awscli==1.46.3
"$drsim" package --output "$work/package" >"$work/packaged"
"$drsim" serve --port "$port" --speed "${SPEED:-600}" --seed 1 --start 2026-03-01T02:00:00Z --fleet db=2 --fleet app=2 >"$work/serve" &
server=$!
url=http://127.0.0.1:$port
for _ in $(seq 60); do
  if curl --silent --fail "$url/_drsim/health" >/dev/null; then break; fi
  kill -0 "$server"
  sleep 1
done

export AWS_ENDPOINT_URL=$url AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1 AWS_PAGER= \
  AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true
exec 3>&1  # the transcript; what a command says is for the script, too
aws() {
  local said
  echo "\$ aws ${*//$work/WORK}" >&3
  said=$("$work/venv/bin/aws" "$@") || return
  if [ -n "$said" ]; then echo "$said"; echo "$said" >&3; fi
}
must() { if [ "$2" != "$3" ]; then echo "$1: expected $3, found $2" >&2; exit 1; fi; }

{
  aws --version
  aws s3 mb s3://artifacts
  aws s3 cp --only-show-errors --recursive "$work/package" s3://artifacts/1/
  aws cloudformation create-stack --stack-name recovery --template-url https://artifacts.s3.us-east-1.amazonaws.com/1/root.yaml \
    --parameters ParameterKey=ArtifactBucket,ParameterValue=artifacts ParameterKey=ArtifactPrefix,ParameterValue=1/ \
    --capabilities CAPABILITY_NAMED_IAM --query StackId --output text
  aws cloudformation wait stack-create-complete --stack-name recovery
} >/dev/null
output() { aws cloudformation describe-stacks --stack-name recovery --query "Stacks[0].Outputs[?OutputKey=='$1'].OutputValue" --output text; }
machine=$(output StateMachineArn)
plans=$(output PlansTable)
functions=$(aws cloudformation list-stack-resources --stack-name recovery --output text \
  --query "StackResourceSummaries[?LogicalResourceId=='Functions'].PhysicalResourceId")
api=$(aws cloudformation describe-stack-resource --stack-name "$functions" --logical-resource-id ApiFunction --output text \
  --query StackResourceDetail.PhysicalResourceId)

servers() {
  aws drs describe-source-servers --output json --query "items[?starts_with(tags.Name, '$1')].sourceServerID"
}
wave() { echo "{\"M\": {\"name\": {\"S\": \"$1\"}, \"servers\": {\"L\": $(servers "$1" | sed 's/"s-[0-9a-f]*"/{"S": &}/g')}$2}}"; }
waves="[$(wave db ""), $(wave app ', "dependsOn": {"L": [{"S": "db"}]}')]"
aws dynamodb put-item --table-name "$plans" --item "{\"planId\": {\"S\": \"two-tiers\"}, \"waves\": {\"L\": $waves}}"
if [ -n "${FAULTS:-}" ]; then curl --silent --show-error --fail "$url/_drsim/faults" --data "{\"faults\": $FAULTS}"; fi

cat >"$work/request.json" <<'REQUEST'
{"resource": "/executions", "path": "/executions", "httpMethod": "POST", "headers": {"Content-Type": "application/json"},
 "requestContext": {"identity": {"userArn": "arn:aws:iam::123456789012:user/operator"}, "requestId": "1", "stage": "v1"},
 "body": "{\"planId\": \"two-tiers\", \"isDrill\": true}"}
REQUEST
aws lambda invoke --function-name "$api" --payload "file://$work/request.json" "$work/answer.json" --query StatusCode >/dev/null
cat "$work/answer.json" && echo
must "the API's answer" "$(grep -o '"statusCode": *[0-9]*' "$work/answer.json" | tr -dc 0-9)" 202

execution=$(aws stepfunctions list-executions --state-machine-arn "$machine" --query 'executions[0].executionArn' --output text)
for _ in $(seq 120); do
  status=$(aws stepfunctions describe-execution --execution-arn "$execution" --query status --output text)
  if [ "$status" != RUNNING ]; then break; fi
  sleep 1
done
aws stepfunctions get-execution-history --execution-arn "$execution" --reverse-order --max-items 1 --query 'events[0].[id,type]' --output text >/dev/null
jobs=$(aws drs describe-jobs --output text --query 'length(items[?initiatedBy==`START_DRILL` && status==`COMPLETED`])')
launched=$(aws drs describe-jobs --output text --query 'length(items[].participatingServers[?launchStatus==`LAUNCHED`][])')
instances=$(aws drs describe-recovery-instances --output text --query 'length(items[?isDrill && ec2InstanceState==`RUNNING`])')
must "the execution" "$status" SUCCEEDED
must "completed jobs of a drill" "$jobs" 2
must "servers launched" "$launched" 4
must "recovery instances that run" "$instances" 4
echo "a drill of 4 servers in 2 waves, from an empty account: as it should be"
