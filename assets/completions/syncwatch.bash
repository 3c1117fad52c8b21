# Completes syncwatch in bash: it asks syncwatch itself, which knows the names of folders, devices and instances.
_syncwatch() {
    local current=$2 word space=true
    local words=("${COMP_WORDS[@]}")
    # What was typed, without what bash wants around blanks.
    case $current in
        \"* | \'*) current=${current#?} ;;
        *) current=${current//\\/} ;;
    esac
    words[COMP_CWORD]=$current
    if compopt +o nospace 2>/dev/null; then
        space=false
    fi
    COMPREPLY=()
    while IFS= read -r -d $'\013' word || [ -n "$word" ]; do
        case ${COMP_WORDS[COMP_CWORD]} in
            \"*) word=${word//\\/\\\\} word=${word//\"/\\\"} word=${word//\$/\\\$} word=${word//\`/\\\`} ;;
            \'*) word=${word//\'/\'\\\'\'} ;;
            *) printf -v word '%q' "$word" ;;
        esac
        COMPREPLY+=("$word")
    done < <(
        COMPLETE=bash _CLAP_IFS=$'\013' _CLAP_COMPLETE_INDEX=$COMP_CWORD \
            _CLAP_COMPLETE_COMP_TYPE=$COMP_TYPE _CLAP_COMPLETE_SPACE=$space \
            syncwatch -- "${words[@]}" 2>/dev/null
    )
    if [ "$space" = false ] && [[ ${COMPREPLY-} =~ [=/:]$ ]]; then
        compopt -o nospace
    fi
}
if ((BASH_VERSINFO[0] > 4 || BASH_VERSINFO[0] == 4 && BASH_VERSINFO[1] >= 4)); then
    complete -o nospace -o bashdefault -o nosort -F _syncwatch syncwatch
else
    complete -o nospace -o bashdefault -F _syncwatch syncwatch
fi
