#!/bin/bash
# Validates offline: SARIF into the file $1, Markdown into the job summary and the log. MANIFESTS
# names manifests, one on each line; without it, those of every tenant of INVENTORY are meant, and
# without an inventory every tracked manifest.yaml.
set -euo pipefail

python=$(dirname -- "$0")/../../../.venv/bin/python
mkdir -p "$(dirname -- "$1")"
arguments=()
while IFS= read -r one; do
    [ -z "$one" ] || arguments+=("--var=$one")
done <<<"${VARIABLES:-}"
manifests=()
if [ -n "${MANIFESTS:-}" ]; then
    while IFS= read -r one; do
        [ -z "$one" ] || manifests+=("$one")
    done <<<"$MANIFESTS"
elif [ -f "${INVENTORY:-}" ]; then
    arguments+=("--inventory=$INVENTORY" --all-tenants)
else
    mapfile -t -d '' manifests < <(git ls-files -z -- manifest.yaml '*/manifest.yaml')
    if [ ${#manifests[@]} -eq 0 ]; then
        echo "No manifest.yaml to validate." | tee -a "$GITHUB_STEP_SUMMARY"
        echo '{"version": "2.1.0", "runs": []}' >"$1"
        exit 0
    fi
fi

validate() {
    "$python" -m provisioning validate "${arguments[@]}" "$@" -- "${manifests[@]}"
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
