#!/bin/bash
# Validates manifests offline: SARIF into the file $1, Markdown into the job summary and the
# log. MANIFESTS names them, one on each line; without it, every tracked manifest.yaml is meant.
set -euo pipefail

python=$(dirname -- "$0")/../../../.venv/bin/python
mkdir -p "$(dirname -- "$1")"
if [ -n "${MANIFESTS:-}" ]; then
    mapfile -t listed <<<"$MANIFESTS"
else
    mapfile -t -d '' listed < <(git ls-files -z -- manifest.yaml '*/manifest.yaml')
fi
manifests=()
for one in "${listed[@]}"; do
    [ -z "$one" ] || manifests+=("$one")
done
variables=()
while IFS= read -r one; do
    [ -z "$one" ] || variables+=("--var=$one")
done <<<"${VARIABLES:-}"
if [ ${#manifests[@]} -eq 0 ]; then
    echo "No manifest.yaml to validate." | tee -a "$GITHUB_STEP_SUMMARY"
    echo '{"version": "2.1.0", "runs": []}' >"$1"
    exit 0
fi

validate() {
    "$python" -m provisioning validate "${variables[@]}" "$@" -- "${manifests[@]}"
}
# What a manifest holds must not become a command to the runner.
fence=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
echo "::stop-commands::$fence"
code=0
validate --format sarif >"$1" || code=$?
{
    echo "### Offline checks"
    echo
    validate --format markdown || true
} | tee -a "$GITHUB_STEP_SUMMARY"
echo "::$fence::"
exit "$code"
