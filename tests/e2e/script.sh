# What the scripts of this folder share: a server of their own, one REST call, one mail.
# Sourced with $server set to the server's binary, and $mails to the folder of the mails, if any.
home=$(mktemp -d)
pid=
token=
finish() {
    if [ -n "$pid" ]; then kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; fi
    rm -rf "$home"
}
trap finish EXIT
fail() { echo "FAILED: $*" >&2; tail -n 20 "$home/server.log" >&2; exit 1; }
say() { printf '  %s\n' "$*"; }
# Between two looks: a pipe that nobody writes to is quiet for a tenth of a second.
moment() { read -r -t 0.1 _ <> <(:) || true; }

listen=127.0.0.1:0
start_server() {
    rm -f "$home/addr"
    "$server" serve --listen "$listen" --data "$home/data" --addr-file "$home/addr" >>"$home/server.log" 2>&1 &
    pid=$!
    for _ in $(seq 1 600); do
        [ -s "$home/addr" ] && break
        kill -0 "$pid" 2>/dev/null || fail "the server ended"
        moment
    done
    listen=$(cat "$home/addr")
    url=http://$listen
    curl -fsS --retry 20 --retry-connrefused --retry-delay 1 "$url/readyz" >/dev/null
}
stop_server() { kill "$pid"; wait "$pid" || fail "the server did not stop cleanly"; pid=; }

request() {
    local method=$1 path=$2 body=${3:-}
    shift $(($# < 3 ? $# : 3))
    curl -sS -X "$method" "$url/api/v1$path" -H 'Content-Type: application/json' \
        ${token:+-H "Authorization: Bearer $token"} ${body:+-d "$body"} "$@"
}
# call METHOD PATH [JSON] [MORE CURL ARGUMENTS…]: prints the answer, fails on an error status.
call() {
    local answer method=$1 path=$2 body=${3:-}
    shift $(($# < 3 ? $# : 3))
    answer=$(request "$method" "$path" "$body" --fail-with-body "$@") || fail "$method $path: $answer"
    printf '%s' "$answer"
}
# refused STATUS CODE METHOD PATH [JSON] [MORE CURL ARGUMENTS…]: expects that error.
refused() {
    local answer status=$1 code=$2
    shift 2
    answer=$(request "$1" "$2" "${3:-}" -w '\n%{http_code}' "${@:4}")
    expect "$1 $2" "${answer##*$'\n'} $(jq -r .code <<<"${answer%$'\n'*}")" "$status $code"
}
expect() { [ "$2" = "$3" ] || fail "$1: expected $3, found $2"; say "$1: ${2:0:60}"; }
at() { date -u -d "$1" +%Y-%m-%dT%H:%M:%SZ; }

# until_it_is WHAT WANTED COMMAND…: repeats the command until it prints that.
until_it_is() {
    local what=$1 wanted=$2 found=
    shift 2
    for _ in $(seq 1 600); do
        found=$("$@")
        if [ "$found" = "$wanted" ]; then say "$what: $found"; return; fi
        moment
    done
    fail "$what: expected $wanted, found $found after a minute"
}
# mail ADDRESS SUBJECT [BEFORE]: waits for that mail, and prints what follows BEFORE in its text.
mail() {
    local file
    for _ in $(seq 1 600); do
        file=$(grep -lxF -- "$2" "$mails/$1"/*.txt 2>/dev/null | tail -n 1) || true
        if [ -n "$file" ]; then
            [ -z "${3:-}" ] || sed -n "s|.*$3\\([^ ]*\\).*|\\1|p" "$file" | head -n 1
            return
        fi
        moment
    done
    fail "no mail \"$2\" came to $1"
}
# account NAME: registers, confirms the address by mail, and prints an access token.
password=orange-turnstile-94
account() {
    local token=
    call POST /auth/register "{\"email\":\"$1@example.org\",\"username\":\"$1\",\"password\":\"$password\"}" >/dev/null
    call POST /auth/verify-email "{\"token\":\"$(mail "$1@example.org" "Confirm your e-mail address" /account/verify/)\"}" >/dev/null
    log_in "$1" "$password"
}
log_in() {
    local token=
    call POST /auth/login "{\"username\":\"$1\",\"password\":\"$2\"}" | jq -r .accessToken
}
# pay ORDER: at the demo gateway.
pay() { call POST "/payments/demo/$(call POST /payments "{\"orderId\":\"$1\",\"provider\":\"demo\"}" | jq -r .id)/pay" '{}' >/dev/null; }
