#!/usr/bin/env bash
#
# Prints the checksums of files, and shows in Taskscope how far it is; with curl alone.
#
#   tests/examples/report.sh *.iso
#
#   TASKSCOPE_SERVER   where Taskscope is; http://127.0.0.1:8000 by default
#   TASKSCOPE_CLIENT   under which client token; "default" by default
#
# The status is 0 where all is well, 1 where a file can't be read, 3 where somebody asked it to stop. What goes wrong
# with the reports changes neither that nor what is printed.
set -u

tasks=${TASKSCOPE_SERVER:-http://127.0.0.1:8000}/tasks/${TASKSCOPE_CLIENT:-default}
task=      # the address of the task, once there is one
seq=0      # the number of the last report, so that one that arrives late or twice changes nothing
lines=     # log lines that the server may not have yet
written=0  # how many lines there are
sent=0     # how many of them the server has for sure
stop=      # not empty once somebody asked to stop

# The first and the last word have to arrive; a server that is just restarted is waited for.
patiently=(--retry 2 --retry-delay 1 --retry-all-errors)
stubbornly=(--retry 60 --retry-delay 1 --retry-max-time 60 --retry-all-errors)

# call <arguments of curl…>: prints the answer; nothing where none came.
call() {
  curl --silent --max-time 5 "$@" 2>/dev/null
}

# status_of <arguments of curl…>: prints the HTTP status of the answer.
status_of() {
  call --output /dev/null --write-out '%{http_code}' "$@"
}

# create <fields…>: an id of our own, so that it is still one task when the request is sent again.
create() {
  local id field fields=()
  id=$(date +%s)-$$
  for field in "id=$id" "$@"; do fields+=(--data-urlencode "$field"); done
  case $(status_of "${patiently[@]}" "${fields[@]}" "$tasks") in
    200 | 201) task=$tasks/$id ;;
  esac
}

# report <fields…>: how far it is. One that is lost is made up for by the next.
report() {
  [[ -n $task ]] || return 0
  local field fields=()
  seq=$((seq + 1))
  for field in "seq=$seq" "$@"; do fields+=(--data-urlencode "$field"); done
  case $(call --request PATCH "${fields[@]}" "$task") in
    *'"cancel_requested":true'*) stop=yes ;;
  esac
}

# log <line>: a line is kept until it has arrived; its number keeps it from being there twice.
log() {
  lines+=$1$'\n'
  written=$((written + 1))
  send_log --max-time 5
}

send_log() {
  [[ -n $task && -n $lines ]] || return 0
  local to=$task/logs?first=$sent
  if [[ $(status_of "$@" --header 'Content-Type: text/plain' --data-binary "$lines" "$to") == 200 ]]; then
    sent=$written
    lines=
  fi
}

# end finish|fail|cancelled [field…]
end() {
  [[ -n $task ]] || return 0
  local field fields=() to=$task/$1
  shift
  send_log "${stubbornly[@]}"
  seq=$((seq + 1))
  for field in "seq=$seq" "$@"; do fields+=(--data-urlencode "$field"); done
  status_of "${stubbornly[@]}" "${fields[@]}" "$to" >/dev/null
}

create name=checksums "total=$#" unit=files stale_after=600
done=0
for file in "$@"; do
  report "current=$done" "status=Reading $file"
  if [[ -n $stop ]]; then
    echo "Stopped before $file" >&2
    end cancelled
    exit 3
  fi
  if ! line=$(cksum "$file" 2>/dev/null); then
    echo "Cannot read $file" >&2
    end fail "message=Cannot read $file"
    exit 1
  fi
  echo "$line"
  log "$line"
  done=$((done + 1))
done
end finish "result=$done"
exit 0
