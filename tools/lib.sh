# Sourced by run, test and bench: saying, building. Needs $root (the checkout) and $me (the caller's name).

say() { printf '%s: %s\n' "$me" "$*"; }
die() {
    printf '%s: error: %s\n' "$me" "$*" >&2
    exit 1
}

# Run a command whose output matters only when it fails; then its end is shown.
quietly() { # what it does, command …
    local what=$1 log status=0
    shift
    log=$(mktemp)
    "$@" </dev/null >"$log" 2>&1 || status=$?
    if [ $status -ne 0 ]; then
        tail -n 40 "$log" >&2
        rm -f "$log"
        die "$what failed (exit status $status)"
    fi
    rm -f "$log"
}

# One build at a time in a checkout; a second run waits and then finds it done.
building() { # function …
    mkdir -p "$root/.cache" || die "cannot write to $root"
    (
        flock -n 9 || { say "waiting for another build in this checkout"; flock 9; }
        "$@"
    ) 9>"$root/.cache/build.lock"
}

# "programs": what stands in src/; "stories": and in tests/story/; "benches": and in tests/bench/; "all": tests too
build_native() { # folder, one of these words, meson options …
    local folder=$1 what=$2 compiler=gcc targets=() where='src'
    [ "$what" != stories ] || where='src|tests\/story'
    [ "$what" != benches ] || where='src|tests\/bench'
    shift 2
    command -v ccache >/dev/null && compiler="ccache gcc"
    # set up anew when there is none, or it was set up otherwise
    if ! [ -f "$root/$folder/build.ninja" ] || [ "$(cat "$root/$folder/.options" 2>/dev/null)" != "$compiler $*" ]; then
        say "setting up $folder"
        rm -rf "${root:?}/$folder"
        CC=$compiler quietly "meson setup" meson setup "$root/$folder" "$root" "$@"
        echo "$compiler $*" >"$root/$folder/.options"
    fi
    # after a change of meson.build the targets are known only when ninja has read it again
    quietly "reading meson.build" ninja -C "$root/$folder" build.ninja
    [ "$what" = all ] || mapfile -t targets < <(ninja -C "$root/$folder" -t targets all |
        sed -nE 's/^(('"$where"')\/[^:]*): (STATIC_LINKER|c_LINKER)$/\1/p')
    if ! ninja -C "$root/$folder" -n "${targets[@]}" 2>/dev/null | grep -q 'no work to do'; then
        say "building $folder"
        quietly "building $folder" ninja -C "$root/$folder" "${targets[@]}"
    fi
}

web_hash() { # of everything the pages are made from
    (
        cd "$root"
        # schema.ts is made from openapi.yaml by the build itself
        find web docs/openapi.yaml \( -name node_modules -o -name dist -o -name schema.ts \) -prune -o -type f -print0 2>/dev/null |
            LC_ALL=C sort -z | xargs -0 sha256sum
        node --version
    ) | sha256sum | cut -d' ' -f1
}

build_web() {
    local modules=$root/web/node_modules/.certhall-stamp dist=$root/web/dist/.stamp want
    [ -f "$root/web/package.json" ] || die "web/package.json is missing"
    want=$(sha256sum "$root/web/package-lock.json" | cut -d' ' -f1)-$(node --version)
    if [ "$(cat "$modules" 2>/dev/null)" != "$want" ]; then
        say "fetching what the pages are built with (npm ci)"
        quietly "npm ci" npm --prefix "$root/web" ci --no-audit --no-fund
        echo "$want" >"$modules"
    fi
    want=$(web_hash)
    if [ "$(cat "$dist" 2>/dev/null)" != "$want" ]; then
        say "building the pages"
        quietly "building the pages" npm --prefix "$root/web" run build
        echo "$want" >"$dist"
    fi
}
