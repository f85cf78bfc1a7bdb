# Completion of zubr-cli for bash: its options, and the methods that the running server knows.
_zubr_cli() {
    local current=${COMP_WORDS[COMP_CWORD]} word options=() methods
    local flags='-conf= -datadir= -rpcconnect= -rpcsocket= -cookie= -rpcuser= -rpcpassword= -stdinrpcpass -rpcwait -rpcclienttimeout= -json -getinfo -top -stdin -help'
    case $current in
        -conf=* | -datadir=* | -cookie=*)
            mapfile -t COMPREPLY < <(compgen -f -- "${current#*=}")
            return
            ;;
        -*)
            mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$current")
            [[ ${COMPREPLY[*]} != *= ]] || compopt -o nospace
            return
            ;;
    esac
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case $word in
            -conf=* | -datadir=* | -rpcconnect=* | -rpcsocket=* | -cookie=*) options+=("$word") ;;
            -* | =) ;;
            help) ;;   # what follows is a method too
            *) return ;; # its parameters
        esac
    done
    methods=$(timeout 2 "${COMP_WORDS[0]}" "${options[@]}" -json getrpcinfo 2>/dev/null |
        sed -n '/"methods"/,/]/s/^ *"\([a-z]*\)",*$/\1/p')
    mapfile -t COMPREPLY < <(compgen -W "$methods healthcheck rpcauth" -- "$current")
}
complete -F _zubr_cli zubr-cli
