# Completes latwrap's command line in fish; latwrap --help itself says what options there are

# Whether the subcommand on the command line is this one; "run" if none is named
function __latwrap_is
    set -l words (commandline -opc)
    set -l given run
    if set -q words[2]; and contains -- $words[2] $__latwrap_subcommands
        set given $words[2]
    end
    test $given = $argv[1]
end

# Whether there is a word after latwrap that is no option, so that a subcommand is out of place
function __latwrap_is_first
    test (count (commandline -opc)) -eq 1
end

# A "complete" for each option that the help of a subcommand lists
function __latwrap_options
    latwrap $argv[1] --help 2>/dev/null | awk -v sub_command=$argv[1] '
        function quoted(text) {
            gsub(/\047/, "’", text)
            return "\047" text "\047"
        }
        function candidates(value, parts, list, i, m) {
            if (value == "FILE")
                return " -r -F"
            if (value == "FORMAT")
                return " -x -a " quoted(all_formats)
            if (value == "WHEN")
                return " -x -a " quoted("auto always never")
            if (value ~ /^NAME\|UID/)
                return " -x -a " quoted("(__fish_complete_users)")
            m = split(value, parts, /\|/)
            for (i = 1; i <= m; i++)
                if (parts[i] ~ /^[a-z]+$/)
                    list = list " " parts[i]
            return " -x" (list ? " -a " quoted(list) : "")
        }
        /^Formats:/ { formats = 1; next }
        /^$/ { formats = 0 }
        formats { all_formats = all_formats " " $1 }
        /^  +-/ {
            sub(/^ +/, "")
            what = match($0, /  +/) ? substr($0, RSTART + RLENGTH) : ""
            sub(/  .*/, "")
            value = ""
            for (i = split($0, spellings, /, /); i > 0; i--) {
                if (split(spellings[i], word, /[= ]/) > 1)
                    value = word[2]
                else if (spellings[i] ~ /^--/)
                    value = ""
                names[++n] = word[1]
                values[n] = value
                texts[n] = what
            }
        }
        END {
            for (i = 1; i <= n; i++) {
                name = names[i]
                flag = sub(/^--/, "", name) ? " -l " : sub(/^-/, "", name) ? " -s " : ""
                print "complete -c latwrap -n " quoted("__latwrap_is " sub_command) flag name \
                    (texts[i] ? " -d " quoted(texts[i]) : "") (values[i] ? candidates(values[i]) : "")
            }
        }'
end

set -g __latwrap_subcommands run (latwrap --help 2>/dev/null | awk '/^ +latwrap [a-z]/ { print $2 }')
for subcommand in $__latwrap_subcommands
    __latwrap_options $subcommand | source
end
complete -c latwrap -n __latwrap_is_first -a "$__latwrap_subcommands"
complete -c latwrap -n '__latwrap_is run' -x -a '(__fish_complete_subcommand -o -g -u)'
complete -c latwrap -n '__latwrap_is span' -x -a '(__fish_complete_subcommand --fcs-skip=3)'
complete -c latwrap -n '__latwrap_is doctor' -f
