#!/usr/bin/env bash
#
# Prints the checksums of files, and reports its progress to Taskscope. Needs only curl.
#
#   tests/examples/report.sh *.iso
#
#   TASKSCOPE_SERVER   URL of the server, by default http://127.0.0.1:8000
#   TASKSCOPE_CLIENT   client token of the task, by default "default"
#
# Exits with 0 on success, 1 if a file cannot be read, 3 if the task was cancelled. A failed report affects neither the
# exit status nor the output.
set -u

tasks=${TASKSCOPE_SERVER:-http://127.0.0.1:8000}/tasks/${TASKSCOPE_CLIENT:-default}
task=      # URL of the task, once it is created
seq=0      # sequence number of the last report; the server ignores reports that arrive late or twice
lines=     # log lines that the server has not acknowledged
written=0  # number of log lines
sent=0     # number of acknowledged log lines
stop=      # not empty once the task was cancelled

# The creation and the final state must arrive: retry, in case the server is restarting.
patiently=(--retry 2 --retry-delay 1 --retry-all-errors)
stubbornly=(--retry 60 --retry-delay 1 --retry-max-time 60 --retry-all-errors)

# call <curl argument…>: prints the response body, or nothing if there was no response.
call() {
  curl --silent --max-time 5 "$@" 2>/dev/null
}

# status_of <curl argument…>: prints the HTTP status of the response.
status_of() {
  call --output /dev/null --write-out '%{http_code}' "$@"
}

# create <field…>: creates the task. An id chosen here makes the request idempotent: a retry creates no second task.
create() {
  local id field fields=()
  id=$(date +%s)-$$
  for field in "id=$id" "$@"; do fields+=(--data-urlencode "$field"); done
  case $(status_of "${patiently[@]}" "${fields[@]}" "$tasks") in
    200 | 201) task=$tasks/$id ;;
  esac
}

# report <field…>: reports progress. A lost report does no harm, as the next one replaces it.
report() {
  [[ -n $task ]] || return 0
  local field fields=()
  seq=$((seq + 1))
  for field in "seq=$seq" "$@"; do fields+=(--data-urlencode "$field"); done
  case $(call --request PATCH "${fields[@]}" "$task") in
    *'"cancel_requested":true'*) stop=yes ;;
  esac
}

# log <line>: adds a log line. The line is resent until it is acknowledged; its position prevents duplicates.
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

# end finish|fail|cancelled [field…]: ends the task.
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
