#!/bin/bash
# Brings an earlier release back; the log is for people, the report is for CircleCI.
set -euo pipefail

MLDEPLOY_FILE="$(circleci env subst "$PARAM_FILE")"
export MLDEPLOY_FILE
to="$(circleci env subst "$PARAM_TO")"

if [ -n "$to" ]; then
  set -- --to "$to"
else
  set --
fi

reports=".mldeploy/reports/mldeploy"
mkdir -p "$reports"
mldeploy rollback --yes --no-input --format junit "$@" > "$reports/results.xml"
