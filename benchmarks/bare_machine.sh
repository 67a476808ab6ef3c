#!/usr/bin/env bash
# How long a bare Debian 12 takes from `git clone` to a built qstar: packages, then the build.
#
#   sudo benchmarks/bare_machine.sh ROOT     a folder for the new system; made if it is not there
#
# Makes a minimal system with debootstrap, puts this commit and git and make into it, and times there
# what `make run` does before it trains. `chroot ROOT make -C /root/qstar run` then trains.
set -euo pipefail

root=${1:?usage: bare_machine.sh ROOT}
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "$@"; }
seconds() { local begun=$SECONDS; "$@" >&2; echo $((SECONDS - begun)); }

if [[ ! -e "$root/etc/debian_version" ]]; then
  debootstrap --variant=minbase bookworm "$root"
  inside sh -c 'apt-get update && apt-get install --yes --no-install-recommends git make ca-certificates'
fi
for kernel in proc dev sys; do
  mountpoint --quiet "$root/$kernel" || mount --rbind "/$kernel" "$root/$kernel"
done
rm -rf "$root/root/qstar" "$root/root/.cache/ccache"
git clone --quiet "$source" "$root/root/qstar"

packages=$(seconds inside /root/qstar/tools/install_packages.sh)
configure=$(seconds inside sh -c 'cd /root/qstar && cmake --preset release')
build=$(seconds inside sh -c 'cd /root/qstar && cmake --build build/release --parallel $(nproc) --target qstar qstar-train')
echo "packages $packages s, configure $configure s, build $build s"
