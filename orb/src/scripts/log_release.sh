#!/bin/bash
# Logs the current release as a deploy marker.
set -euo pipefail

MLDEPLOY_FILE="$(circleci env subst "$PARAM_FILE")"
export MLDEPLOY_FILE

component="$(circleci env subst "$PARAM_COMPONENT")"
release="$(mldeploy status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["release"])')"
circleci run release log --environment-name="$MLDEPLOY_ENV" --component-name="$component" --target-version="$release"
