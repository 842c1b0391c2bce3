#!/bin/bash
# Shares the tenants of INVENTORY out to SHARDS jobs: the outputs `matrix` and `any`.
set -euo pipefail

python=$(dirname -- "$0")/../../../.venv/bin/python
matrix='{"include": []}'
if [ -f "$INVENTORY" ]; then
    matrix=$("$python" -m provisioning tenants shards --inventory "$INVENTORY" --count "$SHARDS" | tr -d '\n')
fi
case $matrix in
    *'"tenants"'*) any=true ;;
    *) any=false ;;
esac
{
    printf 'matrix=%s\n' "$matrix"
    printf 'any=%s\n' "$any"
} >>"$GITHUB_OUTPUT"
