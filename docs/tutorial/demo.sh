#!/usr/bin/env bash
# The tutorial as one script: from nothing to an authenticated prediction on this machine, and away again.
# Usage: demo.sh "a sentence to classify"
set -euo pipefail

text=${1:-"What a lovely film, I enjoyed every minute of it"}
folder=$(mktemp -d)
say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

clean_up() {
  cd "$folder" && [ -d sentiment ] && cd sentiment && mldeploy sandbox down || true
  rm -rf "$folder"
}
trap clean_up EXIT

# A call that has to be refused: prints the status, and fails if the service answers.
refused() {
  if answer=$(mldeploy invoke --json --header "$1" "$text"); then
    echo "this should have been refused: $answer" >&2
    exit 1
  fi
  printf '%s\n' "$answer" | python3 -c 'import json, sys; a = json.load(sys.stdin); print(a["status"], a["body"])'
}

cd "$folder"
say "1. A new service: code, tests, pipelines, release.yaml"
mldeploy init sentiment --no-input --cache
cd sentiment

say "2. Build, provision, expose, verify - all on this machine"
mldeploy run

say "3. A prediction through the gateway, and the same one from the cache"
mldeploy invoke "$text"
mldeploy invoke "$text"

say "4. A wrong API key, and a token with one letter too many"
refused "x-api-key: not-the-key"
token=$(mldeploy creds | sed -n 's/^authorization: Bearer //p')
refused "authorization: Bearer ${token%.*}x.${token##*.}"

say "5. Everything away"
mldeploy destroy
