# Sourced by run: where things stand, installing the program, data, starting, telling, stopping.
# Uses $root, $data, $port_base, $database of run; sets $prefix, $data, $rundir, $bin.

choose_places() {
    if [ "$(id -u)" -eq 0 ]; then
        prefix=/opt/certhall rundir=/run/certhall
        [ -z "$data" ] || rundir=
        data=${data:-/var/lib/certhall}
    else
        prefix=${HOME:?}/.local/lib/certhall rundir=
        data=${data:-${XDG_DATA_HOME:-$HOME/.local/share}/certhall}
    fi
    [[ $data = /* ]] || data=$PWD/$data
    rundir=${rundir:-$data/run}
    bin=$prefix/bin
    [ ${#rundir} -le 80 ] || die "$rundir is too long for a UNIX socket; choose a shorter --data"
}

# ---- the program: copied out of the checkout, so that nothing that serves reads from it

program_hash() {
    {
        sha256sum "$root"/build-release/src/main/certhall "$root"/build-release/src/tour/certhall-tour "$root"/build-release/src/sim/certhall-sim \
            "$root"/build-release/src/agent/certhall-agent
        cat "$root/web/dist/.stamp"
        find "$root/profiles" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
    } | sed "s|$root/||" | sha256sum | cut -d' ' -f1
}

put_folder() { # from, to: the new one takes the old one's place in two renames
    local from=$1 to=$2
    rm -rf "$to.new" "$to.old"
    cp -R "$from" "$to.new"
    chmod -R u=rwX,go=rX "$to.new"
    [ ! -e "$to" ] || mv "$to" "$to.old"
    mv "$to.new" "$to"
    rm -rf "$to.old"
}

install_program() {
    local want part
    want=$(program_hash)
    [ "$(cat "$prefix/.installed" 2>/dev/null)" != "$want" ] || return 0
    say "installing into $prefix"
    mkdir -p "$bin" "$prefix/share/certhall" || die "cannot write to $prefix"
    for part in main/certhall tour/certhall-tour sim/certhall-sim agent/certhall-agent; do
        # a new file in the old one's place: a program that runs keeps its own
        install -m 0755 "$root/build-release/src/$part" "$bin/.new" && mv -f "$bin/.new" "$bin/${part##*/}"
    done
    put_folder "$root/profiles" "$prefix/share/certhall/profiles"
    put_folder "$root/web/dist" "$prefix/share/certhall/web"
    echo "$want" >"$prefix/.installed"
}

# certhall: links open the agent; for the person who runs this, or for everybody when root does. Where this machine has no
# settings of its own, a demo's are used.
install_link_handler() {
    local place=${XDG_DATA_HOME:-$HOME/.local/share}/applications settings=''
    [ -e /etc/certhall/agent.conf ] || [ ! -e "$data/demo/agent.conf" ] || settings="--config \"$data/demo/agent.conf\" "
    [ "$(id -u)" -ne 0 ] || place=/usr/share/applications
    mkdir -p "$place"
    cat >"$place/certhall-agent.desktop" <<END
[Desktop Entry]
Type=Application
Name=CertHall UKey
Name[zh_CN]=证书大厅 UKey
Exec="$bin/certhall-agent" ${settings}open -- %u
MimeType=x-scheme-handler/certhall;
Terminal=false
NoDisplay=true
END
    if command -v update-desktop-database >/dev/null; then
        update-desktop-database -q "$place" || true
    fi
}

# ---- users and data

make_users() {
    [ "$(id -u)" -eq 0 ] || return 0
    local process
    # members of this group reach the sockets; who is answered is decided by the caller's own user
    getent group certhall >/dev/null || groupadd --system certhall || die "groupadd certhall failed"
    for process in hall ca kmc responder sim; do
        id "certhall-$process" >/dev/null 2>&1 && continue
        say "creating the system user certhall-$process"
        useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin \
            "certhall-$process" || die "useradd certhall-$process failed"
    done
    for process in hall ca kmc responder; do
        id -nG "certhall-$process" | tr ' ' '\n' | grep -qx certhall || usermod -aG certhall "certhall-$process" || die "usermod certhall-$process failed"
    done
}

# The port base is fixed with the data: certificates carry the addresses.
make_data() {
    local kept=''
    if [ -d "$data/hall" ]; then
        kept=$(cat "$data/port-base" 2>/dev/null || echo 8080)
        [ -z "$port_base" ] || [ "$port_base" = "$kept" ] ||
            die "the data in $data was made for port base $kept, and its certificates say so; leave --port-base out, or use another --data"
        port_base=$kept
        return 0
    fi
    port_base=${port_base:-8080}
    local port
    for port in "$port_base" $((port_base + 1)) $((port_base + 2)); do
        ! taken "$port" || die "another program listens on 127.0.0.1:$port; choose another --port-base (it is fixed with the data)"
    done
    say "making a demo data directory in $data"
    mkdir -p "$data" "$rundir"
    local options=(--demo --data "$data" --run "$rundir" --public-url "http://127.0.0.1:$port_base" --port-base "$port_base")
    [ -z "$database" ] || options+=(--database "$database")
    "$bin/certhall" init "${options[@]}" || die "certhall init failed (see above); $data can be removed and made again"
    echo "$port_base" >"$data/port-base"
}

# ---- processes: a pid file each, believed only while that pid runs our program

pid_of() { # name → pid when it runs
    local pid exe
    pid=$(cat "$rundir/$1.pid" 2>/dev/null) || return 1
    [[ $pid =~ ^[0-9]+$ ]] || return 1
    exe=$(readlink "/proc/$pid/exe" 2>/dev/null) || return 1
    [[ ${exe% (deleted)} = "$bin"/* ]] || return 1
    echo "$pid"
}

is_old() { # name: what is installed now is not what it was started from
    ! cmp -s "$prefix/.installed" "$rundir/$1.program"
}

answers() { # port: somebody speaks HTTP there
    local line=''
    { exec 8<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return 1
    printf 'GET / HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' >&8
    IFS= read -r -t 5 line <&8 || true
    exec 8>&- 8<&-
    [[ $line = HTTP/* ]]
}

taken() { # port
    { exec 8<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return 1
    exec 8>&- 8<&-
}

start_one() { # name, port …, then --, then the command
    local name=$1 pid port ports=()
    shift
    while [ "$1" != -- ]; do
        ports+=("$1")
        shift
    done
    shift
    if pid=$(pid_of "$name"); then
        if ! is_old "$name"; then
            say "$name runs already (pid $pid)"
            return 0
        fi
        stop_one "$name"
    fi
    for port in "${ports[@]}"; do
        ! taken "$port" || die "port $port of 127.0.0.1 is taken by another program; end it, or use --data with another --port-base"
    done
    mkdir -p "$rundir" "$data/log"
    setsid "$@" </dev/null >>"$data/log/$name.log" 2>&1 &
    echo $! >"$rundir/$name.pid"
    cp "$prefix/.installed" "$rundir/$name.program"
    wait_for "$name" "${ports[@]}"
}

wait_for() { # name, ports
    local name=$1 port end=$((SECONDS + 60))
    shift
    for port in "$@"; do
        until answers "$port"; do
            if ! pid_of "$name" >/dev/null; then
                sleep 0.2 # exec may not have happened yet
                pid_of "$name" >/dev/null || { tail -n 15 "$data/log/$name.log" >&2; die "$name ended while it started; its log is $data/log/$name.log"; }
            fi
            [ $SECONDS -lt $end ] || die "$name does not answer on port $port after 60 s; its log is $data/log/$name.log"
            sleep 0.05
        done
    done
}

start_all() {
    local as=()
    [ "$(id -u)" -ne 0 ] || as=(setpriv --reuid certhall-sim --regid certhall-sim --clear-groups --no-new-privs)
    if [ -d "$data/demo" ]; then
        mkdir -p "$data/sim"
        [ ${#as[@]} -eq 0 ] || chown certhall-sim:certhall-sim "$data/sim"
        chmod 0700 "$data/sim"
        start_one sim $((port_base + 2)) -- "${as[@]}" "$bin/certhall-sim" bank --config-dir "$data/sim" --port $((port_base + 2))
    fi
    start_one serve "$port_base" $((port_base + 1)) -- "$bin/certhall" serve --data "$data" --run "$rundir"
}

stop_one() { # name
    local pid i
    pid=$(pid_of "$1") || return 0
    say "stopping $1 (pid $pid)"
    kill -TERM "$pid" 2>/dev/null || true
    for ((i = 0; i < 150; i++)); do
        pid_of "$1" >/dev/null || break
        sleep 0.1
    done
    ! pid_of "$1" >/dev/null || kill -KILL "$pid" 2>/dev/null || true
    rm -f "$rundir/$1.pid" "$rundir/$1.program"
}

stop_all() {
    stop_one serve
    stop_one sim
}

status_all() { # 0 when all run
    local name pid status=0
    for name in serve sim; do
        if pid=$(pid_of "$name"); then
            say "$name runs (pid $pid)"
        else
            say "$name does not run"
            status=1
        fi
    done
    return $status
}

# ---- what a person wants to know

tell_first_steps() {
    cat <<END

The first things to try:
  1. In the console choose 周启明 (regulator) and import list.csv with list.csv.p7s of
     $data/demo/regulator/
  2. A code counts from the second working day on. Move the demo's clock:
     $bin/certhall demo clock --data $data --at +2wd
  3. The codes lie in the console under 已发短信和邮件. Log in at the portal with one of them and
     the reporting code of the same row, and apply.
  4. Pay at the bank simulator. In the console 许建民 (maker) makes the UKey at the bench (制证台; the PIN he is asked for is
     the UKey PIN in $data/demo/passwords.json), prints its label and packs it; 何嘉敏 (shipping) sends it.
  5. The applicant sets the first PIN and signs in with the UKey; 梁佩珊 (finance) issues the invoice.
Where a page wants the UKey and no link opens, type its 8-character job code:
     $bin/certhall-agent --config $data/demo/agent.conf code XXXX-XXXX
Before others check the certificate, move the clock to the present: $bin/certhall demo clock --data $data --at now
The whole way by itself: $bin/certhall tour --project aml-reporting --data $data
END
}

tell() {
    local url=http://127.0.0.1:$port_base
    cat <<END

CertHall serves.
  portal      $url/aml-reporting
  console     $url/console
  bank        http://127.0.0.1:$((port_base + 2))/        (simulator)
  OCSP, CRL   http://127.0.0.1:$((port_base + 1))/
  data        $data
  logs        $data/log/

END
    [ "$(id -u)" -eq 0 ] || printf 'All processes run as one user, %s: not separated, for trying out only.\n\n' "$(id -un)"
    if [ -r "$data/demo/people.json" ]; then
        python3 "$root/tools/people.py" "$data/demo/people.json"
        tell_first_steps
    fi
}

follow() {
    say "Ctrl-C stops it"
    trap 'echo; stop_all; exit 0' INT TERM HUP
    while pid_of serve >/dev/null && { [ ! -d "$data/demo" ] || pid_of sim >/dev/null; }; do
        sleep 1 &
        wait $! || true
    done
    tail -n 15 "$data/log/serve.log" >&2 || true
    stop_all
    die "a process ended by itself; logs are in $data/log/"
}
