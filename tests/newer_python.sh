#!/usr/bin/env bash
# Prints a Python 3.12 or 3.13 that works: on the PATH, or among those that pyenv has installed.
shopt -s nullglob
candidates=(python3.12 python3.13)
if command -v pyenv >/dev/null; then
    root=$(pyenv root)
    candidates+=("$root"/versions/3.12.*/bin/python "$root"/versions/3.13.*/bin/python)
fi
for python in "${candidates[@]}"; do
    if "$python" -c 'import sys, venv; sys.exit(sys.version_info[:2] not in ((3, 12), (3, 13)))' \
        2>/dev/null; then
        echo "$python"
        exit 0
    fi
done
echo "no Python 3.12 or 3.13 here: the newer TensorFlow is left out" >&2
exit 1
