# Completes latwrap's command line in fish; latwrap --complete itself says how the line may go on

function __latwrap_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l found (latwrap --complete $words[2..-1] 2>/dev/null)
    set -l option (string match -r -- '^--[^=]*=' $words[-1]; or echo)
    set -l value (string replace -- "$option" '' $words[-1])

    switch "$found[1]"
        case files
            printf '%s\n' $option(__fish_complete_path $value)
        case users
            printf '%s\n' $option(__fish_complete_users)
        case 'command *'
            set -l at (math (string replace 'command ' '' $found[1]) + 1)
            complete -C (string join -- ' ' (string escape -- $words[$at..-2]) $words[-1])
    end
    printf '%s\n' $option$found[2..-1]
end

complete -c latwrap -f -a '(__latwrap_complete)'
