#!/usr/bin/env bash
# Makes pgretain_<version>_<architecture>.deb in the directory named, from a release binary that is
# linked statically with the Swift runtime.
#
#   packaging/build-deb.sh PROGRAM DIRECTORY
#
# The same sources and compiler make the same bytes: times are those of the last commit
# (SOURCE_DATE_EPOCH outranks it). DEBFULLNAME and DEBEMAIL say who packages; VERSION outranks the
# program's own.
set -euo pipefail
program=$(realpath "$1")
out=$(realpath "$2")
cd "$(dirname "$0")/.."
umask 022

if ldd "$program" | grep -E 'libswift|libFoundation|not found'; then
    echo "build-deb: $program needs the Swift runtime: build it with --static-swift-stdlib" >&2
    exit 1
fi
version=${VERSION:-$("$program" --version | cut -d' ' -f2)}
architecture=$(dpkg --print-architecture)
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
maintainer="${DEBFULLNAME:-the pgretain authors} <${DEBEMAIL:-$(git log -1 --format=%ae)}>"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
share=$root/usr/share
mkdir -p "$root/DEBIAN" "$share/man"

install -D -m 0755 "$program" "$root/usr/bin/pgretain"
strip --strip-unneeded --remove-section=.comment --remove-section=.note "$root/usr/bin/pgretain"
install -d -m 0750 "$root/etc/pgretain"
install -m 0640 packaging/pgretain.yaml "$root/etc/pgretain/pgretain.yaml"
install -D -m 0644 packaging/debian/cron.d "$root/etc/cron.d/pgretain"
for unit in service timer; do
    install -D -m 0644 "cron/pgretain.$unit" "$root/lib/systemd/system/pgretain.$unit"
done

completions() { # SHELL FILE
    mkdir -p "$(dirname "$share/$2")"
    "$program" --generate-completion-script "$1" | sed '1{/^#!/d}' >"$share/$2"
}
completions bash bash-completion/completions/pgretain
completions zsh zsh/vendor-completions/_pgretain
completions fish fish/vendor_completions.d/pgretain.fish

"$program" --experimental-dump-help | packaging/man-pages.py --version "$version" \
    --date "$(date -u -d "@$SOURCE_DATE_EPOCH" +%F)" --configuration docs/configuration.md "$work/man"
for page in "$work"/man/*; do
    install -D -m 0644 "$page" "$share/man/man${page##*.}/$(basename "$page")"
done

doc=$share/doc/pgretain
install -D -m 0644 packaging/debian/copyright "$doc/copyright"
cp -R README.md docs cron "$doc/"
install -m 0644 CHANGELOG.md "$doc/NEWS"
cat >"$doc/changelog" <<CHANGELOG
pgretain ($version) unstable; urgency=medium

  * What is new in it: NEWS.gz.

 -- $maintainer  $(date -R -u -d "@$SOURCE_DATE_EPOCH")
CHANGELOG
install -D -m 0644 packaging/debian/lintian-overrides "$share/lintian/overrides/pgretain"
gzip -9n "$doc/changelog" "$doc/NEWS" "$share"/man/man?/*

# dpkg-shlibdeps wants a source package around it.
mkdir "$work/debian"
printf 'Source: pgretain\n\nPackage: pgretain\nArchitecture: any\n' >"$work/debian/control"
libraries=$(cd "$work" && dpkg-shlibdeps -O root/usr/bin/pgretain)

find "$root" -path "$root/DEBIAN" -prune -o -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
chmod -R u+w,go-w "$share"
sed -e "s|@VERSION@|$version|" -e "s|@ARCHITECTURE@|$architecture|" \
    -e "s|@MAINTAINER@|$maintainer|" \
    -e "s|@LIBRARIES@|${libraries#shlibs:Depends=}|" \
    -e "s|@SIZE@|$(du -sk --apparent-size "$root" | cut -f1)|" \
    packaging/debian/control.in >"$root/DEBIAN/control"
install -m 0755 packaging/debian/postinst packaging/debian/prerm packaging/debian/postrm "$root/DEBIAN/"
(cd "$root" && find etc -type f | sort | sed 's|^|/|' >DEBIAN/conffiles)
(cd "$root" && find usr lib -type f | LC_ALL=C sort | xargs md5sum >DEBIAN/md5sums)
chmod 0644 "$root/DEBIAN/control" "$root/DEBIAN/conffiles" "$root/DEBIAN/md5sums"
touch -d "@$SOURCE_DATE_EPOCH" "$root/DEBIAN" "$root/DEBIAN"/*

mkdir -p "$out"
package=$out/pgretain_${version}_$architecture.deb
dpkg-deb --root-owner-group -Zxz --build "$root" "$package" >/dev/null
echo "$package"
