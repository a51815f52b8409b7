#!/usr/bin/env bats
# scripts/state-machine: what a validator of the language misses, and the picture.

load helpers

setup() {
  common_setup
  definition=$ROOT/terraform/modules/an-sync/state-machine.asl.json
}

# spoil FILTER: the definition with one mistake, in wrong.json.
spoil() {
  jq "$1" "$definition" >wrong.json
}

# found PART...: check ends with 1 and its only line contains every PART.
found() {
  run -1 --separate-stderr state-machine check wrong.json
  [ "${#stderr_lines[@]}" -eq 1 ] || { printf '%s\n' "${stderr_lines[@]}" >&2; return 1; }
  has "$stderr" "$@"
}

@test "state-machine: the definition has none of the mistakes it looks for" {
  run -0 --separate-stderr state-machine check "$definition"
  [ "$output$stderr" = '' ]
}

@test "state-machine: a build is waited for as long as it may run" {
  longest=$(sed -n 's/.*var.build_minutes <= \([0-9]*\)$/\1/p' "${definition%/*}/variables.tf")
  [ "$(jq .States.Build.TimeoutSeconds "$definition")" -gt $((longest * 60 + 3600)) ]
}

@test "state-machine: at the account's limit it tries for half a day to start a build" {
  run -0 jq '.States.Build.Retry[] | select(.ErrorEquals == ["CodeBuild.AccountLimitExceededException"]) |
    select(.JitterStrategy == null) | . as $retry |
    [limit($retry.MaxAttempts; [$retry.IntervalSeconds, $retry.MaxDelaySeconds] |
      recurse([.[0] * $retry.BackoffRate, .[1]]) | min)] | add / 3600 | floor' "$definition"
  [ "$output" -eq 12 ]
}

@test "state-machine: an execution that waits for six days, and then builds as often as it may, ends before its history does" {
  # A task is five events, others two; the history holds 25,000.
  run -0 jq '.States as $states | def events: map($states[.] | if .Type == "Task" then 5 else 2 end) | add;
    .TimeoutSeconds / $states["Wait for my turn"].Seconds *
      (["Who came first?", "Any on this page?", "The last of them", "My turn?", "Wait for my turn"] | events) +
    300 * (["Build", "Count it", "More?", "Pause"] | events) | floor' "$definition"
  [ "$output" -lt 24000 ]
}

@test "state-machine: the picture is the definition's" {
  state-machine draw "$definition" | cmp - "${definition%.asl.json}.svg"
}

@test "state-machine: the picture is well-formed XML that names every state" {
  python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' "${definition%.asl.json}.svg"
  while read -r name; do
    grep -qF ">$name</text>" "${definition%.asl.json}.svg"
  done < <(jq -r '.States | keys[]' "$definition")
}

@test "state-machine: an operator that Choice does not have is found" {
  spoil '.States["More?"].Choices[0] |= (del(.StringEquals) | .StringEqual = "no")'
  found 'More?' StringEqual
}

@test "state-machine: an integration that does not exist is found" {
  spoil '.States.Build.Resource = "arn:aws:states:::codebuild:startBuilds.sync"'
  found Build startBuilds
}

@test "state-machine: a parameter that an integration does not take is found" {
  spoil '.States.Build.Parameters.Project = "x"'
  found Build Project
}

@test "state-machine: a way to a state that is not there is found" {
  spoil '.States.Pause.Next = "Biuld"'
  found Pause Biuld
}

@test "state-machine: a state that nothing leads to is found" {
  spoil '.States.Lost = {Type: "Succeed"}'
  found Lost 'never reached'
}

@test "state-machine: a task that waits for ever is found" {
  spoil 'del(.States.Build.TimeoutSeconds)'
  found Build TimeoutSeconds
}

@test "state-machine: a name that nothing puts into the input is found" {
  spoil '.States.Build.Parameters.EnvironmentVariablesOverride[0]["Value.$"] = "$.buckets"'
  found Build buckets
}

@test "state-machine: a placeholder that Terraform does not fill in is found" {
  spoil '.States["Tell people"].Parameters.TopicArn = "${topics}"'
  found 'Tell people' topics
}

@test "state-machine: what is not JSON, or says a name twice, is refused with status 65" {
  echo '{"StartAt": "a", "StartAt": "b"}' >wrong.json
  run -65 --separate-stderr state-machine check wrong.json
  has "$stderr" StartAt twice
  : >wrong.json
  run -65 state-machine draw wrong.json
  run -65 state-machine check none.json
}

@test "state-machine: --help is on standard output, a wrong use is status 64" {
  run -0 --separate-stderr state-machine --help
  has "$output" 'usage: state-machine'
  run -64 state-machine
  run -64 state-machine print "$definition"
}

@test "state-machine: the validator of the language finds nothing, where it is installed" {
  command -v asl-validator >/dev/null || skip 'asl-validator is not installed (npm install asl-validator)'
  asl-validator --json-path "$definition"
}
