#!/bin/bash
# Logs the job in to Google: the variables that mldeploy prints are set for all steps that follow.
set -euo pipefail

provider="$(circleci env subst "$PARAM_PROVIDER")"
account="$(circleci env subst "$PARAM_SERVICE_ACCOUNT")"
audience="$(circleci env subst "$PARAM_AUDIENCE")"

variables="$(mldeploy ci auth google --provider "$provider" --service-account "$account" --audience "$audience")"
printf '%s\n' "$variables" >> "$BASH_ENV"
echo "Google: ${account:-$provider}"
