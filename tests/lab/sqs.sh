#!/usr/bin/env bash
# Queues of SQS between two hosts that hear each other by nothing else; before them a judge who checks
# every signature with botocore. Values both ways, keys from the environment and from files, the queues
# gone and back, a node killed whose queues are cleared away, and all that can be wrong. Nothing is
# missing that is not named.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_start "SQS between two hosts"
support=$lab_here/../support
host m
host a
host b
cable m near1 a eth0 1
cable m near2 b eth0 2
background m "$lab_dir/server.out" node "$support/sqs_server.js" 9324
judge() {
  background m "$lab_dir/judge.out" /usr/bin/python3 -u "$support/sqs_signatures.py" 9325 9324 0.0.0.0
  judge=$lab_last
}
judge
# How many there are whose names go on so. Those that were deleted are listed for a minute more.
cat >"$lab_dir/queues.py" <<'END'
import json, sys, urllib.request
def call(action, **body):
    request = urllib.request.Request("http://127.0.0.1:9324/", json.dumps(body).encode(), {
        "X-Amz-Target": "AmazonSQS." + action, "Content-Type": "application/x-amz-json-1.0"})
    try:
        return json.loads(urllib.request.urlopen(request, timeout=5).read())
    except urllib.error.HTTPError:
        return None
urls = call("ListQueues", QueueNamePrefix="lab-default-" + sys.argv[1])["QueueUrls"]
print(sum(call("ListQueueTags", QueueUrl=url) is not None for url in urls))
END
queues() { on m python3 "$lab_dir/queues.py" "$1"; }
no_queues() { [ "$(queues "$1")" = 0 ]; }
wait_for 10 no_queues m

# One has its keys in the environment, the other in files, with a session's token.
export HOME=$lab_dir/home
mkdir -p "$HOME/.aws"
cat >"$HOME/.aws/credentials" <<'END'
[default]
aws_access_key_id = AKIDSOMEBODYELSE
aws_secret_access_key = nothing
[cellar]
aws_access_key_id = AKIDEXAMPLE
aws_secret_access_key = wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY
aws_session_token = a/token+of=a/session==
END
printf '[profile cellar]\nregion = eu-central-1\n' >"$HOME/.aws/config"
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_REGION AWS_DEFAULT_REGION
keys=(env AWS_ACCESS_KEY_ID=AKIDEXAMPLE 'AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY')

sqs_a='sqs://eu-central-1/lab?endpoint=http://10.1.0.1:9325&members_s=1&dead_s=6'
sqs_b='sqs:///lab?endpoint=http://10.2.0.1:9325&members_s=1&dead_s=6'
background a "$lab_dir/pub.out" "${keys[@]}" DTS_TRANSPORTS="$sqs_a" "$DTS" pub lab.Reading \
  --define 'lab.Reading{n:i64}' 'n={{n}}' -r 100 --keep 4096
publisher=$lab_last
background a "$lab_dir/sub_a.out" "${keys[@]}" DTS_TRANSPORTS="$sqs_a" "$DTS" sub lab.Other --json
export AWS_PROFILE=cellar DTS_TRANSPORTS=$sqs_b
background b "$lab_dir/pub_b.out" "$DTS" pub lab.Other --define 'lab.Other{n:i64}' 'n={{n}}' -r 50 --keep 4096
background b "$lab_dir/sub.out" "$DTS" sub lab.Reading --json
subscriber=$lab_last
check "values pass from one host to the other" wait_for 30 has_values "$lab_dir/sub.out" 100
check "and back" wait_for 30 has_values "$lab_dir/sub_a.out" 50
check "botocore would have signed as we do" has "$lab_dir/judge.out" 'passed SendMessageBatch'
check "with a session's token too" has "$lab_dir/judge.out" 'passed SendMessageBatch with a token'
check "none was refused" lacks "$lab_dir/judge.out" refused

kill -9 "$judge"
wait "$judge" 2>/dev/null || true
check "the loss of the queues is told" wait_for 30 has "$lab_dir/sub.out" 'trying again'
before=$(values "$lab_dir/sub.out")
judge
check "values pass when they are back" wait_for 60 has_values "$lab_dir/sub.out" $((before + 300))
interrupt "$subscriber"
check "each once, in order, what is missing named" oracle "$lab_dir/sub.out" --at-least 400

# Whoever ends takes his queues along; those of the killed are cleared away by the others.
count=$(queues m-)
background b "$lab_dir/short.out" "$DTS" sub lab.Reading --json
wait_for 30 has_values "$lab_dir/short.out" 1
check "a node has queues" [ "$(queues m-)" -gt "$count" ]
interrupt
check "and takes them along" [ "$(queues m-)" -le "$count" ]
kill -9 "$publisher"
wait "$publisher" 2>/dev/null || true
check "those of a killed node are cleared away" wait_for 20 eval '[ "$(queues m-)" -lt "$count" ]'

# What is wrong is said.
wrongs=()
wrong() {
  "${@:2}" ip netns exec "$lab_prefix-b" "$DTS" sub lab.Reading -d 2s >"$lab_dir/$1.out" 2>&1 &
  wrongs+=($!)
}
wrong none env AWS_PROFILE=nobody AWS_REGION=eu-central-1
wrong secret env AWS_PROFILE= AWS_REGION=eu-central-1 AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=guessed
wrong key env AWS_PROFILE=default AWS_REGION=eu-central-1
wrong port env DTS_TRANSPORTS='sqs:///lab?endpoint=http://10.2.0.1:9326'
wrong host env DTS_TRANSPORTS='sqs:///lab?endpoint=http://no.such.host:1'
wrong region env AWS_PROFILE=nobody DTS_TRANSPORTS=sqs://
wait "${wrongs[@]}" || true
check "no credentials" has "$lab_dir/none.out" 'there are no AWS credentials'
check "a wrong secret" has "$lab_dir/secret.out" 'SQS does not accept the credentials'
check "... and why" has "$lab_dir/secret.out" SignatureDoesNotMatch
check "a wrong key" has "$lab_dir/key.out" InvalidClientTokenId
check "nobody there" has "$lab_dir/port.out" 'cannot use the queues'
check "no such host" has "$lab_dir/host.out" 'no.such.host'
check "no region" has "$lab_dir/region.out" 'no region is given'
check "and no secret is shown" lacks "$lab_dir/secret.out" guessed
lab_end
