# Loaded by the tests that need AWS, and by scripts/local: moto behind tests/sandbox/aws.py, Terraform with a
# provider from a mirror.

aws_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Where scripts/install-deps --cloud puts moto.
aws_tools=$aws_root/build/cloud/bin
[ ! -x "$aws_tools/python3" ] || PATH=$aws_tools:$PATH

# aws_missing [terraform]: says in one line what is not there; fails when nothing is missing.
aws_missing() {
  local mirror
  command -v aws >/dev/null || { echo 'the aws CLI is not installed'; return; }
  python3 -c 'import moto.server, antlr4, yaml' 2>/dev/null || { echo "moto is not installed (scripts/install-deps --cloud)"; return; }
  [ "${1-}" = terraform ] || return
  command -v terraform >/dev/null || { echo 'terraform is not installed'; return; }
  mirror=$(terraform_mirror)
  [ -n "$mirror" ] || { echo 'no mirror of the terraform provider was found (AN_TERRAFORM_MIRROR names one)'; return; }
  return 1
}

# The directory that holds registry.terraform.io/hashicorp/aws in the locked version; nothing when there is none.
terraform_mirror() {
  local version directory
  version=$(sed -n 's/^ *version *= "\(.*\)"/\1/p' "$aws_root/terraform/dev/.terraform.lock.hcl")
  for directory in "${AN_TERRAFORM_MIRROR-}" ~/.terraform.d/plugins ~/.terraform.d/plugin-cache \
    /usr/local/share/terraform/plugins /usr/share/terraform/plugins /opt/*; do
    [ -d "$directory/registry.terraform.io/hashicorp/aws/$version" ] || continue
    printf '%s\n' "$directory"
    return
  done
}

# aws_start DIRECTORY [OPTION...]: starts the launcher, and names it in the environment.
aws_start() {
  local directory=$1 tries
  shift
  mkdir -p "$directory"
  python3 "$aws_root/tests/sandbox/aws.py" --logs "$directory/builds" "$@" \
    >"$directory/url" 2>"$directory/aws.log" 3>&- &
  AWS_SANDBOX_PID=$!
  for ((tries = 0; tries < 300; tries++)); do
    [ ! -s "$directory/url" ] || break
    kill -0 "$AWS_SANDBOX_PID" || { cat "$directory/aws.log" >&2; return 1; }
    sleep 0.1
  done
  AWS_ENDPOINT_URL=$(cat "$directory/url")
  aws_environment
  [ -n "$AWS_ENDPOINT_URL" ]
}

# dynalite_missing: says in one line what the second DynamoDB lacks; fails when nothing is missing.
dynalite_missing() {
  NODE_PATH=$aws_root/build/npm/node_modules node -e 'require("dynalite")' 2>/dev/null && return 1
  echo 'dynalite is not installed (scripts/install-deps --cloud)'
}

# dynalite_start DIRECTORY: starts a DynamoDB that is nobody's relative of moto's, and names it in the environment.
dynalite_start() {
  local directory=$1 ready
  mkdir -p "$directory"
  ready=$directory/ready
  mkfifo "$ready"
  NODE_PATH=$aws_root/build/npm/node_modules node -e '
    require("dynalite")({createTableMs: 0}).listen(0, "127.0.0.1", function () {
      console.log("http://127.0.0.1:" + this.address().port)
    })' >"$ready" 2>"$directory/dynalite.log" 3>&- &
  AWS_SANDBOX_PID=$!
  read -r AWS_ENDPOINT_URL <"$ready" || { cat "$directory/dynalite.log" >&2; return 1; }
  aws_environment
}

# aws_environment: what else names the launcher, and nothing but it.
aws_environment() {
  export AWS_SANDBOX_PID AWS_ENDPOINT_URL AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1
  unset AWS_PROFILE AWS_SESSION_TOKEN AWS_ENDPOINT_URL_DYNAMODB
}

aws_stop() {
  [ -z "${AWS_SANDBOX_PID-}" ] || kill "$AWS_SANDBOX_PID" 2>/dev/null || true
}

# aws_call SERVICE TARGET JSON: one call of a JSON protocol, such as states AWSStepFunctions.ListExecutions '{...}';
# much quicker than the CLI.
aws_call() {
  local type=1.1
  [ "$1" != dynamodb ] || type=1.0
  curl -sS -H "X-Amz-Target: $2" -H "Content-Type: application/x-amz-json-$type" -H 'X-Amz-Date: 20200101T000000Z' \
    -H "Authorization: AWS4-HMAC-SHA256 Credential=test/20200101/us-east-1/$1/aws4_request, SignedHeaders=host, Signature=0" \
    --data "$3" "$AWS_ENDPOINT_URL/"
}

# terraform_start DIRECTORY: a copy of terraform/ in it, and a configuration that takes the provider from the mirror,
# where there is one.
terraform_start() {
  local directory=$1
  mkdir -p "$directory"
  cp -r "$aws_root/terraform" "$directory/"
  rm -rf "$directory"/terraform/*/.terraform "$directory"/terraform/*/terraform.tfstate*
  export TF_IN_AUTOMATION=1 TF_INPUT=0 TF_CLI_ARGS=-no-color
  [ -n "$(terraform_mirror)" ] || return 0
  printf '%s\n' 'disable_checkpoint = true' 'provider_installation {' '  filesystem_mirror {' \
    "    path = \"$(terraform_mirror)\"" '  }' '}' >"$directory/terraform.rc"
  export TF_CLI_CONFIG_FILE=$directory/terraform.rc
}

# make_stub_dist DIRECTORY: DIRECTORY/dist.zip, an archive whose buildspec is the real one and whose an-sync writes
# down that it was called, and exits with the next status in DIRECTORY/statuses (0 when there is none). What it is
# set up with exits with the next one in DIRECTORY/setups.
make_stub_dist() {
  local directory=$1
  rm -rf "$directory/stub" "$directory/dist.zip"
  mkdir -p "$directory/stub/scripts"
  cp "$aws_root/scripts/buildspec.yml" "$directory/stub/scripts/"
  cat >"$directory/stub/scripts/programs" <<STUB
status=\$(head -n 1 "$directory/setups" 2>/dev/null)
sed -i 1d "$directory/setups" 2>/dev/null
[ "\${status:-0}" = 0 ] || exit "\$status"
install -D scripts/an-sync "\$1/bin/an-sync"
STUB
  cat >"$directory/stub/scripts/an-sync" <<STUB
#!/bin/bash
cd "$directory" || exit 74
env | sort >environment
[ "\$(cat running 2>/dev/null)" = '' ] || echo "overlap \$1" >>calls
echo "\$1" | tee -a calls >running
status=\$(head -n 1 statuses 2>/dev/null)
sed -i 1d statuses 2>/dev/null
sleep "\$(cat sleep 2>/dev/null || echo 0)"
: >running
exit "\${status:-0}"
STUB
  (cd "$directory/stub" && zip -qr ../dist.zip .)
}

# executions: those of the state machine $machine.
executions() {
  aws_call states AWSStepFunctions.ListExecutions "{\"stateMachineArn\":\"$machine\"}"
}
