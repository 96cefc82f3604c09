#!/usr/bin/env bash
# Prints a Python of one stack (docs/stacks.md) that works: on the PATH, or one of pyenv's.
#
#     tests/find_python.sh new|old
shopt -s nullglob
case ${1:-} in
    new) versions="3.12 3.13" ;;
    old) versions="3.11 3.10 3.9" ;;
    *) echo "usage: tests/find_python.sh new|old" >&2; exit 2 ;;
esac
ASK="import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"
root=${PYENV_ROOT:-$(pyenv root 2>/dev/null || echo "$HOME/.pyenv")}
for version in $versions; do
    # A shim of pyenv may stand for nothing, and Debian's Python may lack venv.
    for python in "python$version" "$root/versions/$version".*/bin/python; do
        if [ "$("$python" -c "$ASK" 2>/dev/null)" = "$version" ]; then
            command -v "$python"
            exit 0
        fi
    done
done
echo "no Python ${versions// /, } here" >&2
exit 1
