#!/bin/bash
# Runs one phase, or all of them; the log is for people, the reports are for CircleCI.
set -euo pipefail

MLDEPLOY_FILE="$(circleci env subst "$PARAM_FILE")"
export MLDEPLOY_FILE
plan="$(circleci env subst "$PARAM_PLAN_FILE")"

set --
if [ "$PARAM_PHASE" != all ]; then
  set -- "$@" --phase "$PARAM_PHASE"
fi
if [ -n "$plan" ]; then
  set -- "$@" --plan "$plan"
fi

reports=".mldeploy/reports/mldeploy"
mkdir -p "$reports"
mldeploy run --yes --no-input --format junit --out "$reports/result.json" "$@" > "$reports/results.xml"
