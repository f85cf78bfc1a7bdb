# shellcheck shell=sh
# shellcheck disable=SC2154 # config: theirs
# What zubr-backup and zubr-restore read of zubrd's configuration; both source this.
umask 077
program=$(basename "$0")
die() { echo "$program: $*" >&2; exit 1; }

# setting SECTION KEY DEFAULT: as zubrd has it, of the environment or of $config; text without its quotes.
setting() {
    printenv "ZUBR_$(echo "$1__$2" | tr a-z A-Z)" || awk -v section="[$1]" -v key="$2" -v value="$3" '
        /^[[:space:]]*\[/ { sub(/[[:space:]]*(#.*)?$/, ""); sub(/^[[:space:]]*/, ""); here = $0 == section; next }
        here && $1 ~ "^" key "(=|$)" {
            sub(/^[^=]*=[[:space:]]*/, "")
            if (/^["\047]/) { quote = substr($0, 1, 1); $0 = substr($0, 2); sub(quote ".*", "") } else sub(/[[:space:]]*(#.*)?$/, "")
            value = $0
        }
        END { print value }' "$config"
}
# secret SECTION KEY: as setting, or out of the file that says it: KEY_file, or systemd's credential.
secret() {
    said=$(setting "$1" "$2" '') file=$(setting "$1" "$2_file" '')
    [ -n "$said$file" ] || { file=${CREDENTIALS_DIRECTORY:-/nowhere}/$1.$2; [ -r "$file" ] || file=/dev/null; }
    if [ -n "$said" ]; then printf %s "$said"; else head -n 1 "$file" | tr -d '\r\n'; fi
}
quoted() { printf '%s = "%s"\n' "$1" "$(printf %s "$2" | sed 's/[\\"]/\\&/g')"; }
# client_options: of a MariaDB program that connects as zubrd does. No password stands on a command line.
client_options() {
    echo '[client]'
    quoted user "$(setting mysql user zubr)"
    quoted password "$(secret mysql password)"
    socket=$(setting mysql socket '')
    if [ -n "$socket" ]; then quoted socket "$socket"; return; fi
    quoted host "$(setting mysql host 127.0.0.1)"
    quoted port "$(setting mysql port 3306)"
}
