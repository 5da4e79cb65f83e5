# Sourced by the other scripts: makes .venv in the project folder and installs locked dependencies into it.
# shellcheck shell=bash

say() { printf '%s\n' "$*" >&2; }

find_python() { # prints the first Python from 3.11 on; TAUTBAND_PYTHON names another one
    local candidate
    for candidate in ${TAUTBAND_PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 python; do
        if "$candidate" -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    say "tautband needs Python 3.11 or newer and found none; install one, or set TAUTBAND_PYTHON to its path."
    return 1
}

make_venv() { # makes .venv unless one that works is there; without ensurepip it borrows the pip of the Python found
    if [[ $(cat .venv/made-in 2>/dev/null) == "$PWD" ]] && .venv/bin/python -m pip --version >/dev/null 2>&1; then
        return
    fi
    local python
    python=$(find_python)
    say "making .venv with $("$python" --version) ..."
    if "$python" -c 'import ensurepip' >/dev/null 2>&1; then
        "$python" -m venv --clear .venv
    elif "$python" -m pip --version >/dev/null 2>&1; then
        "$python" -m venv --clear --without-pip .venv
        "$python" -m pip --python .venv/bin/python install --quiet pip
    else
        say "this Python has neither ensurepip nor pip; on Debian or Ubuntu: apt-get install python3-venv"
        return 1
    fi
    printf '%s\n' "$PWD" >.venv/made-in
}

install_lock() { # install_lock NAME: installs requirements/NAME.txt, unless just that lock is installed already
    local lock=requirements/$1.txt stamp=.venv/$1.lock
    if cmp -s "$lock" "$stamp"; then
        return
    fi
    say "installing $lock ..."
    .venv/bin/python -m pip install --quiet --require-hashes -r "$lock"
    cp "$lock" "$stamp"
}

environment() { # environment NAME...: .venv with these locks and tautband itself, editable
    local name
    make_venv
    for name in build "$@"; do
        install_lock "$name"
    done
    if ! cmp -s pyproject.toml .venv/pyproject.lock; then
        .venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
        cp pyproject.toml .venv/pyproject.lock
    fi
}
