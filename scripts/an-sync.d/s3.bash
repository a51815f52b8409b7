# A source in Amazon S3: fetched, synced once, and tagged with what became of it.
# Needs: work; dry_run, quiet and force; sync, of one run; messages.bash, programs.bash.
# Sets: nothing; bucket, key and before are sync_object's, and known below it.
# shellcheck shell=bash

# Runs the aws command line. Its errors become our statuses, said in one line. They are known by whole
# phrases: single words may be a bucket's, a key's or a host's.
aws_s3() {
  local said status code=''
  local -r refusal='An error occurred \(([A-Za-z0-9]+)\) when calling the '
  said=$(aws "$@" 2>&1 >"$work/answer") && return
  said=${said//$'\n'/ }
  [[ ! $said =~ $refusal ]] || code=${BASH_REMATCH[1]}
  case ${code:-$said} in
    NoSuchKey | NoSuchBucket | 404) status=65 ;;
    AccessDenied | 403 | InvalidAccessKeyId | SignatureDoesNotMatch | ExpiredToken | InvalidToken | \
      *'Token has expired and refresh failed'* | *'The SSO session associated with this profile has expired'*) status=77 ;;
    *'Unable to locate credentials'* | *'Partial credentials found in '* | *'You must specify a region'* | \
      *'The config profile ('*') could not be found'* | *"Provided region_name '"*"' doesn't match a supported format"* | \
      *'Unable to parse config file: '*) status=78 ;;
    *) status=69 ;;
  esac
  say_why "s3://$bucket/$key: ${said#"${said%%[![:space:]]*}"}"
  return "$status"
}

# The tag by which an object says what became of it: events can come twice, and out of order.
fate() {
  aws_s3 s3api get-object-tagging --bucket "$bucket" --key "$key" --output json &&
    jq -r '[.TagSet[] | select(.Key == "an-sync").Value][0] // ""' "$work/answer"
}

set_fate() {
  aws_s3 s3api get-object-tagging --bucket "$bucket" --key "$key" --output json &&
    jq -c --arg value "$1" '{TagSet: ([.TagSet[] | select(.Key != "an-sync")] + [{Key: "an-sync", Value: $value}])}' \
      "$work/answer" >"$work/tags" &&
    aws_s3 s3api put-object-tagging --bucket "$bucket" --key "$key" --tagging "file://$work/tags"
}

# Fetches the object, and learns its fate.
fetch() {
  before=$(fate) || return
  mkdir "$work/object" || return 74
  aws_s3 s3 cp --only-show-errors "$1" "$work/object/${key##*/}"
}

# Syncs an object once: what was synced before is let be, unless forced. What was refused is tried again:
# whoever asks for it may have put the cause right, and to be refused twice does no harm. The key is taken
# as it is, which is how EventBridge gives it.
sync_object() {
  local bucket key before='' outcome why
  bucket=${1#s3://} key=${bucket#*/} bucket=${bucket%%/*}
  fetch "$1"
  outcome=$?
  if ((outcome != 0)); then
    why=$(tail -n 1 "$work/said") || why="status $outcome"
    why=${why#an-sync: } why=${why#"$1: "}
    [ -n "$dry_run" ] || notify --error "$1 could not be fetched: $why" >/dev/null
    return "$outcome"
  fi
  if [ "$before" = synced ] && [ -z "$force" ]; then
    escape "$1"
    [ -n "$quiet" ] || echo "$escaped was synced before; --force takes it again"
    return 0
  fi
  sync "$work/object/${key##*/}"
  outcome=$?
  [ -z "$dry_run" ] || return "$outcome"
  case $outcome in
    0 | 1) set_fate synced || say 'the object could not be tagged; it would be taken again' ;;
    65) set_fate refused || say 'the object could not be tagged; it would be taken again' ;;
  esac
  return "$outcome"
}
