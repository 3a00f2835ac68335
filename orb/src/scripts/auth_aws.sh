#!/bin/bash
# Logs the job in to AWS: the variables that mldeploy prints are set for all steps that follow.
set -euo pipefail

role="$(circleci env subst "$PARAM_ROLE_ARN")"
region="$(circleci env subst "$PARAM_REGION")"
session="$(circleci env subst "$PARAM_SESSION_NAME")"
audience="$(circleci env subst "$PARAM_AUDIENCE")"

variables="$(mldeploy ci auth aws --role-arn "$role" --region "$region" --session-name "$session" --audience "$audience")"
printf '%s\n' "$variables" >> "$BASH_ENV"
echo "AWS: $role"
