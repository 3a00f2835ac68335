#!/bin/bash
# Shows whether everything is still as it was deployed.
set -euo pipefail

MLDEPLOY_FILE="$(circleci env subst "$PARAM_FILE")"
export MLDEPLOY_FILE

mldeploy status
