#!/usr/bin/env bash
# Installs what building and testing qstar needs on Debian 12, and only what is missing.
set -euo pipefail

packages=(
  make g++ cmake ninja-build ccache mold
  libcaf-dev libtorch-dev libopenblas0-pthread librocksdb-dev libboost1.81-dev catch2
  libexpected-dev libtomlplusplus-dev libcli11-dev nlohmann-json3-dev libspdlog-dev libfmt-dev
  prometheus-cpp-dev protobuf-compiler libprotobuf-dev libbenchmark-dev
  libssl-dev zlib1g-dev libzstd-dev liblz4-dev libsnappy-dev libbz2-dev
  python3 iproute2 openssl
)

installed() {
  [[ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]
}

give_up() {
  echo "qstar: $1; please have these Debian packages installed:" >&2
  echo "  apt-get install --no-install-recommends ${missing[*]}" >&2
  exit 1
}

if ! command -v dpkg-query >/dev/null; then
  # Another system: CMake says by name what it does not find.
  exit 0
fi

missing=()
for package in "${packages[@]}"; do
  installed "$package" || missing+=("$package")
done
[[ ${#missing[@]} -eq 0 ]] && exit 0

as_root=()
if [[ $(id -u) -ne 0 ]]; then
  command -v sudo >/dev/null || give_up "packages are missing and there is no sudo"
  sudo -n true 2>/dev/null || [[ -t 0 ]] ||
    give_up "packages are missing and sudo needs a password"
  as_root=(sudo)
fi

echo "qstar: installing ${missing[*]}"
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get --quiet)
"${apt[@]}" update || give_up "apt-get update failed"
"${apt[@]}" install --yes --no-install-recommends "${missing[@]}" || give_up "apt-get install failed"
