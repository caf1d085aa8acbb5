#!/bin/sh
# Prints a Python >= 3.11 that can make virtual environments: the one named as first argument, else one on PATH.
# A name on PATH is no promise that it runs: pyenv's shims refuse for versions that are not switched on.

probe='import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'
advice='Python 3.11 or newer with its venv module (Debian, Ubuntu: apt install python3-venv)'

if [ -n "${1:-}" ]; then
    if command -v "$1" >/dev/null 2>&1 && "$1" -c "$probe" >/dev/null 2>&1; then
        command -v "$1"
        exit 0
    fi
    echo "PYTHON=$1 is not what this needs: name $advice." >&2
    exit 1
fi

for name in python3 python3.13 python3.12 python3.11 python3.14; do
    IFS=:
    for folder in $PATH; do
        candidate="${folder:-.}/$name"
        if [ -x "$candidate" ] && "$candidate" -c "$probe" >/dev/null 2>&1; then
            echo "$candidate"
            exit 0
        fi
    done
    unset IFS
done
echo "There is no usable Python on PATH: install $advice, or name one with PYTHON=/path/to/python3." >&2
exit 1
