# Completes syncwatch in fish: it asks syncwatch itself, which knows the names of folders, devices and instances.
function __syncwatch_complete
    # What was typed, without what fish wants around blanks.
    set --local current (commandline --current-token | string replace --regex '^["\']' '' | string unescape)
    COMPLETE=fish syncwatch -- (commandline --current-process --tokenize --cut-at-cursor) "$current" 2>/dev/null
end
complete --keep-order --exclusive --command syncwatch --arguments '(__syncwatch_complete)'
