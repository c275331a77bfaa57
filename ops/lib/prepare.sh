# shellcheck shell=sh
# Sourced by ops/prepare, ops/run, ops/test, ops/bench and ops/chaos, which set `root` (the checkout) first.
#
#   prepare run|test|bench|chaos   has what that command needs installed, or exits 1 with a sentence that says what to install
#   build_release PROJECT    a quiet Release build; on failure its whole output, then exit 1
#
# All messages go to standard error: standard output belongs to the results.

: "${root:?is set by the script that sources this one}"

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_UI_LANGUAGE=en DOTNET_GENERATE_ASPNET_CERTIFICATE=false
export DOTNET_CLI_WORKLOAD_UPDATE_NOTIFY_DISABLE=true
# The SDK wants libicu or this; the engine itself is built invariant.
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
# Build servers would outlive the command that started them.
export MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 UseSharedCompilation=false

postgres_needed=15
# Where PostgreSQL's programs may be besides PATH; ENGINE_POSTGRES_FOLDERS (parted by colons) replaces the list.
postgres_folders=${ENGINE_POSTGRES_FOLDERS:-/usr/lib/postgresql/*/bin:/usr/pgsql-*/bin:/usr/local/pgsql/bin:/opt/homebrew/opt/postgresql@*/bin:/usr/local/opt/postgresql@*/bin}

say() { printf '%s\n' "${0##*/}: $*" >&2; }

fail() {
    say "$*"
    exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# The programs want a home for their caches; without one they get a folder in the checkout.
ensure_home() {
    if [ -z "${HOME:-}" ] || ! { mkdir -p "$HOME" && [ -w "$HOME" ]; } 2>/dev/null; then
        HOME=$root/.tools/home
        mkdir -p "$HOME"
        export HOME
    fi
}

# True when `dotnet` on PATH can build this checkout: the SDK's own resolution of global.json is the judge.
has_sdk() { has dotnet && (cd "$root" && dotnet --version) >/dev/null 2>&1; }

# Prints the major version of a folder that holds a whole PostgreSQL server; nothing when it holds none.
postgres_version_in() {
    [ -x "$1/initdb" ] && [ -x "$1/postgres" ] || return 0
    [ -x "$1/psql" ] || has psql || return 0
    "$1/postgres" --version 2>/dev/null | sed -n 's/^postgres (PostgreSQL) \([0-9][0-9]*\).*/\1/p'
}

has_postgres() {
    old_ifs=$IFS
    IFS=:
    search=$PATH:$postgres_folders # one variable: a colon outside of an expansion parts nothing
    for folder in $search; do
        version=$(postgres_version_in "$folder")
        if [ "${version:-0}" -ge "$postgres_needed" ]; then
            IFS=$old_ifs
            return 0
        fi
    done
    IFS=$old_ifs
    return 1
}

# Debian packages for what `$1` (run, test, bench or chaos) lacks, parted by spaces.
missing_packages() {
    missing=
    has_postgres || missing="$missing postgresql"
    if ! has_sdk && ! use_own_sdk; then
        has curl || missing="$missing curl ca-certificates"
        has bash || missing="$missing bash"
        has tar || missing="$missing tar"
        has gzip || missing="$missing gzip"
    fi
    case $1 in
        test)
            has git || missing="$missing git"
            has shellcheck || missing="$missing shellcheck"
            has promtool || missing="$missing prometheus"
            has faketime || missing="$missing faketime"
            has node || missing="$missing nodejs"
            has npm || missing="$missing npm"
            ;;
        bench) has wrk || missing="$missing wrk" ;;
        chaos) has faketime || missing="$missing faketime" ;;
    esac
    printf '%s' "${missing# }"
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

install_packages() {
    remedy="install it as an administrator (apt-get install $*), then start this command again"
    has apt-get || fail "missing: $*. This machine has no apt-get; install PostgreSQL $postgres_needed or newer and what else is named by its own means."
    if [ "$(id -u)" != 0 ] && ! { has sudo && sudo -n true; } 2>/dev/null; then
        fail "missing: $*. Neither root nor sudo without a password is there: $remedy."
    fi

    say "installing the Debian packages $*"
    case " $* " in
        *" postgresql "*) keep_debian_from_making_a_cluster ;;
    esac
    if ! log=$({ as_root apt-get update && as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -o DPkg::Lock::Timeout=120 install --yes --no-install-recommends "$@"; } 2>&1 </dev/null); then
        printf '%s\n' "$log" >&2
        fail "apt-get could not install $*; $remedy."
    fi
    case " $* " in
        *" prometheus "*) stop_debians_prometheus ;;
    esac
}

# Debian's package would create and start a cluster of its own; the engine brings its own and needs the programs only.
keep_debian_from_making_a_cluster() {
    settings=${ENGINE_ETC:-/etc}/postgresql-common/createcluster.conf
    if [ ! -e "$settings" ]; then
        say "writing $settings, so that the package creates no database cluster"
        as_root mkdir -p "${settings%/*}"
        echo "create_main_cluster = false" | as_root tee "$settings" >/dev/null
    fi
}

# Its package starts a server; the tests want `promtool` alone.
stop_debians_prometheus() {
    if [ -d /run/systemd/system ]; then
        as_root systemctl disable --quiet --now prometheus || say "the prometheus service could not be disabled; only promtool is needed"
    fi
}

own_sdk() { printf '%s' "$root/.tools/dotnet"; }

# Puts the SDK that this script installed earlier first on PATH; false when there is none or it does not fit any more.
use_own_sdk() {
    (cd "$root" && "$(own_sdk)/dotnet" --version) >/dev/null 2>&1 || return 1
    DOTNET_ROOT=$(own_sdk)
    PATH="$DOTNET_ROOT:$PATH"
    export DOTNET_ROOT PATH
}

# Microsoft's own script, into .tools/dotnet: nothing on the machine changes.
install_sdk() {
    channel=$(sed -n 's/.*"version": *"\([0-9]*\.[0-9]*\.[0-9]\)[0-9]*".*/\1xx/p' "$root/global.json")
    say "installing the .NET SDK $channel into $(own_sdk)"
    mkdir -p "$root/.tools"
    partial=$(mktemp -d "$root/.tools/dotnet.XXXXXX")
    if ! { curl --fail --silent --show-error --location --retry 3 --output "$partial/install.sh" https://dot.net/v1/dotnet-install.sh &&
        bash "$partial/install.sh" --channel "$channel" --install-dir "$partial/sdk" --no-path; } >"$partial/log" 2>&1 </dev/null; then
        cat "$partial/log" >&2
        rm -rf "$partial"
        fail "the .NET SDK could not be installed; install .NET SDK $channel from https://dotnet.microsoft.com/download, then start this command again."
    fi
    rm -rf "$(own_sdk)"
    mv "$partial/sdk" "$(own_sdk)"
    rm -rf "$partial"
    use_own_sdk || fail "the .NET SDK in $(own_sdk) does not satisfy global.json ($channel)."
}

# The built programs look for the runtime in DOTNET_ROOT or the system's folders, not beside a `dotnet` on PATH.
point_to_runtime() {
    [ -z "${DOTNET_ROOT:-}" ] || return 0
    folder=$(dirname "$(readlink -f "$(command -v dotnet)")")
    if [ -d "$folder/host/fxr" ]; then
        DOTNET_ROOT=$folder
        export DOTNET_ROOT
    fi
}

# The clients that the emulators are tried with, as their lock file says; nothing when that was installed last.
install_clients() {
    clients=$root/tests/Emulators.Tests/clients
    installed=$clients/node_modules/.installed-lock.json
    [ -f "$clients/package-lock.json" ] || return 0
    ! cmp -s "$clients/package-lock.json" "$installed" || return 0
    say "installing the npm packages of ${clients#"$root/"}"
    if ! log=$(cd "$clients" && npm ci --ignore-scripts --no-audit --no-fund 2>&1 </dev/null); then
        printf '%s\n' "$log" >&2
        fail "npm could not install the packages of $clients; its messages stand above."
    fi
    cp "$clients/package-lock.json" "$installed"
}

prepare() {
    ensure_home
    packages=$(missing_packages "$1")
    if [ -n "$packages" ]; then
        # shellcheck disable=SC2086 # a list of package names
        install_packages $packages
        has_postgres || fail "PostgreSQL $postgres_needed or newer is needed and this system's packages have an older one; \
add the packages of https://www.postgresql.org/download/ and start this command again."
    fi
    has_sdk || use_own_sdk || install_sdk
    point_to_runtime
    if [ "$1" = test ]; then install_clients; fi
}

build_release() {
    say "building Release of ${1#"$root/"}"
    if ! log=$(dotnet build "$1" --configuration Release --verbosity quiet 2>&1 </dev/null); then
        printf '%s\n' "$log" >&2
        fail "the build failed; its messages stand above."
    fi
}
