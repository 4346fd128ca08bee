/**
 * The guard: a shell that owns a server's directory and is the parent of its postmaster. It runs as the server's account,
 * so nothing of the server is ever written with root's rights, and it takes orders line by line from the process that
 * started it. When that process ends, in whatever way, the orders end: the guard stops the server and removes the directory.
 *
 * Arguments: the directory, a second directory for the socket (or nothing). The settings come in the environment, as this
 * text does, so that process lists stay readable.
 * Orders: see `case`; each is answered by `done <exit status>`. While the server runs the orders are signal names, and
 * `keep`, after which the end of the orders no longer ends the server.
 */
export const GUARD_SCRIPT = `
umask 077
cd /
directory=$1 sockets=$2 settings=$GUARD_SETTINGS
unset GUARD_SCRIPT GUARD_SETTINGS
native= pid= reader=

# Backends of a killed postmaster go on until they next wait; only their working directory tells whose they are.
orphans() {
  found=1
  for process in /proc/[0-9]*; do
    if [ "$process/cwd" -ef "$directory/data" ]; then kill -s KILL "\${process#/proc/}" && found=0; fi
  done
  return $found
}

# A postmaster that could not clean up leaves its lock file, whose line 7 names its System V segment.
sweep() {
  [ -s "$directory/data/postmaster.pid" ] || return 0
  while orphans; do sleep 0.05; done
  segment=$(sed -n 7p "$directory/data/postmaster.pid")
  [ -z "$segment" ] || ipcrm -m "\${segment##* }"
}

clean() {
  trap - EXIT
  trap '' HUP INT TERM PIPE
  [ -z "$reader" ] || kill "$reader"
  # A frozen server (SIGSTOP) heeds nothing but SIGCONT.
  if [ -n "$pid" ]; then kill -s QUIT "$pid"; kill -s CONT "$pid"; wait "$pid"; sweep; fi
  # Something that was still writing may make the first attempt fail.
  attempt=0
  until rm -rf "$directory" \${sockets:+"$sockets"} || [ $attempt -ge 50 ]; do sleep 0.1; attempt=$((attempt + 1)); done
}

# Runs the server until it ends. This shell does nothing but wait for it, so its process id cannot be another's.
serve() {
  "$native/bin/postgres" -D "$directory/data" -p "$1" </dev/null >>"$directory/postgres.log" 2>&1 3<&- 4>&- &
  pid=$!
  echo "started $pid" >&4
  {
    while IFS= read -r signal; do
      if [ "$signal" = keep ]; then : >"$directory/keep"; else kill -s "$signal" "$pid"; fi
    done
    [ -e "$directory/keep" ] || { kill -s QUIT "$pid"; kill -s CONT "$pid"; }
  } <&3 4>&- &
  reader=$!
  wait "$pid"
  status=$?
  pid=
  kill "$reader"
  wait "$reader"
  reader=
  sweep
  echo "exited $status" >&4
}

mkdir "$directory" || exit 1
trap clean EXIT
trap 'exit 1' HUP INT TERM PIPE
exec 3<&0 4>&1 </dev/null >>"$directory/setup.log" 2>&1
[ -z "$sockets" ] || mkdir "$sockets" || exit 1
echo "done 0" >&4

while IFS= read -r line <&3; do
  order=\${line%% *}
  argument=\${line#* }
  case $order in
    native) native=$argument ;;
    mkdir) mkdir -p "$argument" ;;
    # Where a link leads and where it stands, both without blanks.
    link) ln -s "\${argument%% *}" "$native/\${argument#* }" ;;
    password) mkdir "$directory/template" && printf '%s\\n' "$argument" >"$directory/template/password" ;;
    initdb)
      "$native/bin/initdb" -D "$directory/template/data" -U postgres --pwfile="$directory/template/password" \\
        --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 --locale="$argument" --lc-messages=C --no-sync
      ;;
    adopt) mv "$directory/template/data" "$directory/data" ;;
    copy) cp -Rp "$argument" "$directory/data" ;;
    discard) rm -rf "$argument" ;;
    configure) printf '%s' "$settings" >>"$directory/data/postgresql.conf" ;;
    standby) : >"$directory/data/standby.signal" ;;
    start) serve "$argument"; continue ;;
    *) echo "unknown order $order"; false ;;
  esac
  echo "done $?" >&4
done
`;
