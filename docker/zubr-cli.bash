# Completion of zubr-cli for bash: its options, and the methods that the running server knows.
_zubr_cli() {
    local current word at words=() options=() methods
    # bash parts words at "=": they are put together again. What is completed is what stands behind it.
    for ((at = 0; at <= COMP_CWORD; at++)); do
        word=${COMP_WORDS[at]}
        if ((at > 1)) && [[ $word == = || ${COMP_WORDS[at - 1]} == = ]] && [[ ${words[-1]} == -* ]]; then
            words[-1]+=$word
        else
            words+=("$word")
        fi
    done
    current=${words[-1]}
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
    for word in "${words[@]:1:${#words[@]}-2}"; do
        case $word in
            -conf=* | -datadir=* | -rpcconnect=* | -rpcsocket=* | -cookie=*) options+=("$word") ;;
            -*) ;;
            help) ;;   # what follows is a method too
            *) return ;; # its parameters
        esac
    done
    methods=$(timeout 2 "${COMP_WORDS[0]}" "${options[@]}" -json getrpcinfo 2>/dev/null |
        sed -n '/"methods"/,/]/s/^ *"\([a-z]*\)",*$/\1/p')
    mapfile -t COMPREPLY < <(compgen -W "$methods healthcheck rpcauth" -- "$current")
}
complete -F _zubr_cli zubr-cli
