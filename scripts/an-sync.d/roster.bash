# Whether the roster is the one that is meant, before anything is sent: of the key's group.
# Needs: work; dry_run and engine; AN_API_KEY or AN_API_KEY_FILE; messages.bash.
# Sets: group, as the history keeps it; '' as long as it is not known.
# shellcheck shell=bash

group=''

# Only who asks Action Network something sees the key.
ask() (
  export AN_API_KEY AN_API_KEY_FILE
  exec "$@"
)

# Refuses a roster of another group than the key's. A roster that does not know its group learns it.
guard_group() {
  saying roster-dump --group >"$work/group" || return
  group=$(jq -c '.group // empty' "$work/group") || return 74
  [ -z "$dry_run" ] || [ -n "${AN_API_KEY-}${AN_API_KEY_FILE-}" ] || return 0
  saying ask an-upsert --group "${engine[@]}" "$work/group" >"$work/group.now" || return
  group=$(jq -c .group "$work/group.now") || return 74
}
