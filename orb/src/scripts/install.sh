#!/bin/bash
# Installs mldeploy into an environment of its own and puts nothing but its command on the PATH.
set -euo pipefail

requirement="$(circleci env subst "$PARAM_REQUIREMENT")"
requirements_file="$(circleci env subst "$PARAM_REQUIREMENTS_FILE")"
folder="$HOME/.mldeploy/ci"
python="$folder/environment/bin/python"

if ! "$PARAM_PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo "error: mldeploy needs Python 3.11 or newer, and this is not: $PARAM_PYTHON" >&2
  echo "try: another executor, or the parameter 'python'" >&2
  exit 2
fi

if [ -n "$requirements_file" ]; then
  set -- --requirement "$requirements_file"
else
  set -- "$requirement"
fi

if command -v uv > /dev/null; then
  [ -x "$python" ] || uv venv --quiet --python "$PARAM_PYTHON" "$folder/environment"
  uv pip install --quiet --python "$python" "$@"
else
  [ -x "$python" ] || "$PARAM_PYTHON" -m venv "$folder/environment"
  "$python" -m pip install --quiet --disable-pip-version-check "$@"
fi

mkdir -p "$folder/bin"
ln -sf "$folder/environment/bin/mldeploy" "$folder/bin/mldeploy"
echo "export PATH=\"$folder/bin:\$PATH\"" >> "$BASH_ENV"
"$folder/bin/mldeploy" --version
