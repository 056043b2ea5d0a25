#!/usr/bin/env bash
# Puts linecook at $RUNNER_TEMP/linecook-bin/linecook, and nothing there whose
# bytes nobody vouched for:
#
#   1. releases.txt names one release and, for each platform, the SHA-256 of its
#      archive and of the program in it. It is part of the commit that a workflow
#      pins, so who pins the commit pins the program.
#   2. A program with that digest in the job's folder, or in the runner's tool
#      cache, is taken as it is.
#   3. Otherwise the archive is downloaded. It is unpacked only after its digest
#      was found right, and so is the program before it gets its name.
#   4. Where releases.txt names nothing for this platform, or LINECOOK_BUILD is
#      source, linecook is built from the source that this script stands in.
#
# A download that fails or has the wrong bytes stops the job: it is no reason to
# run something else. LINECOOK_MIRROR is another place to download from, laid out
# like the releases on GitHub; what comes from there has the same digests.
set -euo pipefail

: "${RUNNER_TEMP:?is set by the runner}" "${RUNNER_OS:?is set by the runner}" "${RUNNER_ARCH:?is set by the runner}"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
into=$RUNNER_TEMP/linecook-bin

case $RUNNER_OS in
  Linux) os=linux ;;
  macOS) os=darwin ;;
  Windows) os=windows ;;
  *) os=$RUNNER_OS ;;
esac
case $RUNNER_ARCH in
  X64) arch=amd64 ;;
  ARM64) arch=arm64 ;;
  *) arch=$RUNNER_ARCH ;;
esac
# Windows 11 on arm64 runs programs for amd64, and DuckDB has no library for it.
[ "$os/$arch" != windows/arm64 ] || arch=amd64
program=linecook
[ "$os" != windows ] || program=linecook.exe

stop() {
  echo "::error title=linecook install::$1"
  exit 3
}

# digest FILE: its SHA-256. macOS has shasum only.
digest() {
  if command -v sha256sum > /dev/null; then
    sha256sum < "$1" | cut -d ' ' -f 1
  else
    shasum -a 256 < "$1" | cut -d ' ' -f 1
  fi
}

# is FILE DIGEST: whether the file is there and has it.
is() { [ -f "$1" ] && [ "$(digest "$1")" = "$2" ]; }

# keep FILE DESTINATION: copies it there whole or not at all.
keep() {
  mkdir -p "$(dirname "$2")"
  cp "$1" "$2.$$.tmp"
  chmod 755 "$2.$$.tmp"
  mv -f "$2.$$.tmp" "$2"
}

build() {
  command -v go > /dev/null || stop "$1, and there is no Go to build it from source: run actions/setup-go first, or use these actions at the commit of a release"
  echo "linecook: $1; building it from source"
  go build -C "$here/../../.." -trimpath -o "$into/$program" .
  exit 0
}

[ "${LINECOOK_BUILD:-}" != source ] || build "LINECOOK_BUILD is source"
[ "${LINECOOK_BUILD:-release}" = release ] || stop "LINECOOK_BUILD is neither release nor source"

row=$(awk -v os="$os" -v arch="$arch" '!/^#/ && $2 == os && $3 == arch' "$here/releases.txt")
[ -n "$row" ] || build "this commit names no release of linecook for $os/$arch"
read -r version _ _ archive_digest program_digest rest <<< "$row"
for hex in "$archive_digest" "$program_digest"; do
  [[ "$hex" =~ ^[0-9a-f]{64}$ ]] || stop "releases.txt is damaged: it has no SHA-256 for $os/$arch"
done
[[ "$version" =~ ^[0-9]+\.[0-9]+\.[0-9]+$ && -z "$rest" && $(grep -c '' <<< "$row") = 1 ]] || stop "releases.txt is damaged: it does not name one version for $os/$arch"

is "$into/$program" "$program_digest" && exit 0

# Another job of a machine of one's own may have left it here. It is verified as
# a copy, which nobody else writes to.
cached=${RUNNER_TOOL_CACHE:-}
if [ -n "$cached" ]; then
  cached=$cached/linecook/$version/$arch/$program
  if [ -f "$cached" ]; then
    keep "$cached" "$into/.unverified-$program"
    if is "$into/.unverified-$program" "$program_digest"; then
      mv -f "$into/.unverified-$program" "$into/$program"
      echo "linecook $version from the tool cache"
      exit 0
    fi
    rm -f "$into/.unverified-$program"
    echo "linecook: the copy in the tool cache is not the release's; it is replaced"
  fi
fi

mirror=${LINECOOK_MIRROR:-https://github.com/linecook-ml/linecook/releases/download}
case $mirror in
  https://* | http://127.0.0.1:*) ;;
  *) stop "LINECOOK_MIRROR is no https address" ;;
esac
name=linecook_${version}_${os}_${arch}.tar.gz
url=$mirror/v$version/$name
work=$(mktemp -d "$RUNNER_TEMP/linecook-install.XXXXXX")
trap 'rm -rf "$work"' EXIT

curl --fail --silent --show-error --location --proto '=https,http' --proto-redir '=https' \
  --retry 3 --connect-timeout 20 --max-time 600 --output "$work/$name" "$url" ||
  stop "$url cannot be downloaded (curl ended with $?)"
got=$(digest "$work/$name")
[ "$got" = "$archive_digest" ] || stop "$url has the SHA-256 $got, and this commit pins $archive_digest: nothing of it was run"
tar -xzf "$work/$name" -C "$work" "$program"
is "$work/$program" "$program_digest" || stop "the program in $url is not the one that this commit pins: it was not run"
keep "$work/$program" "$into/$program"
if [ -n "$cached" ] && ! keep "$work/$program" "$cached" 2> /dev/null; then
  echo "linecook: the tool cache cannot be written; the next job downloads again"
fi
echo "linecook $version, verified"
