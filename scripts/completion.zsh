#compdef an-sync an-diff an-upsert an-lapse csv-diff mime-extract roster-dump roster-commit roster-report slack-notify
# zsh completion for an-sync and its programs, which are asked for their --help. Install it as _an-sync in a
# directory of $fpath, such as /usr/share/zsh/vendor-completions.

local line name twin argument about program=$words[1]
local -a specs
setopt localoptions extendedglob
for line in ${(f)"$(_call_program options ${(q)program} --help 2>/dev/null)"}; do
  # Of a line such as "  -c, --config CONFIG   instead of ...": the twin, the name, the argument, the words.
  if [[ $line =~ '^ +(-(.), )?--([a-z-]+)( ([A-Z][^ ]*))?(\[.*\])?(  +(.*))?$' ]]; then
    twin=$match[2] name=$match[3] argument=$match[5] about=${match[8]//(#m)[\[\]:]/\\$MATCH}
    case $argument in
      '') argument='' ;;
      MAP|CONFIG|FILE) argument=":$argument:_files" ;;
      *) argument=":$argument: " ;;
    esac
    specs+=("--$name${argument:+=}[$about]$argument")
    [[ -z $twin ]] || specs+=("-$twin${argument:++}[$about]$argument")
  fi
done
if [[ ${program:t} == an-sync ]]; then
  specs+=("1: : _alternative 'commands:command:(adopt audit check help report setup status)' 'files:source:_files'")
fi
_arguments -s -S $specs '*:file:_files'
