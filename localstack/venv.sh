# Sourced by the scripts here: makes the Python environment that requirements.txt pins, once, and sets $python.
# A script that needs another one sets $requirements to a file before.
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)

complain() { echo "localstack: $*" >&2; exit 1; }

cache=${AFTERMOVE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/aftermove}
requirements=${requirements:-$here/requirements.txt}
pins=$(cksum < "$requirements" | cut -d' ' -f1)
venv=$cache/venv-$pins
python=$venv/bin/python

if [ ! -e "$venv" ]; then
    base=${PYTHON:-python3}
    command -v "$base" > /dev/null || complain "no $base found: install Python 3.11 or newer, or set PYTHON to one"
    "$base" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
        || complain "$("$base" --version) is too old: install Python 3.11 or newer, or set PYTHON to one"
    echo "localstack: making the Python environment $venv (once)" >&2
    # Made beside its place and moved there complete, so that two starts at once do not meet half of one.
    making=$venv.$$
    mkdir -p "$cache"
    rm -rf "$making"
    "$base" -m venv "$making" >&2 \
        || complain "python could not make a venv: on Debian and Ubuntu install python3-venv, then try again"
    "$making/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements" >&2 \
        || { rm -rf "$making"; complain "pip could not install $requirements: check that the package index" \
                                        "is reachable (PIP_INDEX_URL, HTTPS_PROXY), then try again"; }
    if [ -e "$venv" ]; then rm -rf "$making"; else mv "$making" "$venv"; fi
fi
export PYTHONPATH=$here PYTHONDONTWRITEBYTECODE=1
