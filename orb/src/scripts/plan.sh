#!/bin/bash
# Shows the plan and keeps it, as text for people and as the file that `mldeploy run --plan` applies.
set -euo pipefail

MLDEPLOY_FILE="$(circleci env subst "$PARAM_FILE")"
export MLDEPLOY_FILE

case "$PARAM_FAIL_ON_CHANGES" in
  1 | true) set -- --detailed-exitcode ;;
  *) set -- ;;
esac

plans=".mldeploy/plans"
mkdir -p "$plans"
mldeploy plan --out "$plans/$MLDEPLOY_ENV.json" "$@" | tee "$plans/$MLDEPLOY_ENV.txt"
