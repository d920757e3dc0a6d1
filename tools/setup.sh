# shellcheck shell=bash
# What every command of ./dev stands on: Debian packages, build directories, test runs. Sourced, from
# the top of the tree.

export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
# Build directories all lie directly in the tree, so paths relative to them agree, and one may reuse
# what another compiled.
export CCACHE_NOHASHDIR=true CCACHE_DIR="${CCACHE_DIR:-${HOME:-$PWD/build}/.cache/ccache}"

say() { if [ -t 2 ]; then printf '\033[1m== %s\033[0m\n' "$*" >&2; else printf '== %s\n' "$*" >&2; fi; }
die() { printf 'dev: %s\n' "$*" >&2; exit 1; }

# need PACKAGE...: installs those Debian packages that are missing, in one go.
need() {
  command -v dpkg-query >/dev/null ||
    die "this is no Debian machine: install the equivalents of: $*; then use meson as CONTRIBUTING.md tells"
  local missing=() package states
  states=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true)
  for package in "$@"; do
    grep -qx "installed $package" <<<"$states" || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0

  local root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "not root and no sudo: ask somebody to install ${missing[*]}"
    root=(sudo)
  fi
  say "installing ${missing[*]}"
  local apt=("${root[@]}" apt-get -qq -o DPkg::Lock::Timeout=500 -o Acquire::Retries=3)
  "${apt[@]}" update >&2 || say "the package lists could not be renewed; trying with the old ones"
  "${apt[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null >&2 ||
    die "could not install ${missing[*]}"
}

# configure DIR gcc|clang OPTION...: a build directory with exactly these options, warnings as errors.
configure() {
  local dir=$1 compiler=$2
  shift 2
  local cc="ccache gcc" cxx="ccache g++"
  [ "$compiler" = gcc ] || { cc="ccache clang" cxx="ccache clang++"; }
  local wanted="$cc $cxx -Dwerror=true $*"
  if [ -f "$dir/build.ninja" ] && [ "$(cat "$dir/.dev-options" 2>/dev/null)" = "$wanted" ]; then return 0; fi
  say "configuring $dir"
  rm -rf "$dir"
  mkdir "$dir"
  CC=$cc CXX=$cxx meson setup "$dir" -Dwerror=true "$@" >"$dir/configure.log" 2>&1 ||
    { cat "$dir/configure.log" >&2; die "could not configure $dir"; }
  printf '%s' "$wanted" >"$dir/.dev-options"
}

# run_tests DIR MESON-TEST-ARGUMENT...: builds what the chosen tests need and runs them. What came of it
# lies in the directory's test log; a build that failed leaves none, which counts as a failure.
run_tests() {
  local dir=$1 began=$SECONDS
  shift
  rm -f "$dir/meson-logs/testlog.json"
  say "testing in $dir"
  meson test -C "$dir" --print-errorlogs "$@" </dev/null >&2 || true
  say "$dir took $((SECONDS - began)) s"
}
