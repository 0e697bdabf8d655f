# Sourced by the tools: where things are. WEIR_CACHE holds what is expensive and shared by all
# checkouts of a machine (compiled engines, Python packages, fetched C sources).
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
WEIR_CACHE=${WEIR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/weir}
export WEIR_CACHE
VENV=$WEIR_CACHE/venv

die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# The first 12 digits of a file's SHA-256: names cache folders after what they were made from.
digest12() {
  sha256sum "$1" | cut -c1-12
}

# Every cargo call on the bridge goes through here: other flags, features or folders would
# compile the engines a second time. The caller holds the lock of lock_cargo.
# PROFILE (release, dist) and RUST_CPU (empty: what every x86-64 can) are the caller's.
bridge_cargo() {
  local flags=()
  [ -z "${RUST_CPU:-}" ] || flags=(--config "build.rustflags=['-Ctarget-cpu=$RUST_CPU']")
  env -u RUSTFLAGS -u CARGO_ENCODED_RUSTFLAGS -u CARGO_BUILD_RUSTFLAGS -u CARGO_BUILD_TARGET \
    cargo rustc --profile "${PROFILE:-release}" --lib --locked \
    --manifest-path "$ROOT/bridge/Cargo.toml" --target-dir "$(cargo_folder)" "${flags[@]}" "$@"
}

# Where cargo compiles: code for another processor would replace the engines for this one.
cargo_folder() {
  echo "$WEIR_CACHE/cargo${RUST_CPU:+-$RUST_CPU}"
}

lock_cargo() {
  mkdir -p "$WEIR_CACHE"
  exec 9>"$WEIR_CACHE/cargo.lock"
  if ! flock -n 9; then
    echo "${0##*/}: waiting for another build of the engines" >&2
    flock 9
  fi
  if [ ! -d "$(cargo_folder)/${PROFILE:-release}/deps" ]; then
    echo "${0##*/}: compiling the engines into $(cargo_folder): about 20 minutes on 2" \
      "cores, once per machine" >&2
  fi
}
