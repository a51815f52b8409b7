# fish completion for an-sync and its programs, which are asked for their --help. fish loads it under each
# program's name, as a link: /usr/share/fish/vendor_completions.d/NAME.fish.

set -l program (string replace -r '^(.*/)?([^/]*)\.fish$' '$2' -- (status filename))
for line in ($program --help 2>/dev/null)
    # Of a line such as "  -c, --config CONFIG   instead of ...": the twin, the name, the argument, the words. Each may
    # be empty, and none may be missing: fish leaves out a group that does not match.
    set -l option (string match -r '^ +((?:-., )?)--([a-z-]+)((?: [A-Z][^ ]*)?)(?:\[.*\])?((?:  +.*)?)$' -- $line)
    or continue
    set -l words (string trim -- $option[5])
    set -l arguments -c $program -l $option[3]
    test -z "$option[2]"; or set -a arguments -s (string sub -s 2 -l 1 -- $option[2])
    switch (string trim -- "$option[4]")
        case ''
        case MAP CONFIG FILE
            set -a arguments -r -F
        case '*'
            set -a arguments -x
    end
    test -z "$words"; or set -a arguments -d $words
    complete $arguments
end
if test $program = an-sync
    complete -c an-sync -n 'test (count (commandline -opc)) -eq 1' -a 'adopt audit check help report setup status'
end
