# SPDX-License-Identifier: GPL-2.0
#
# What the scripts of this folder share: where things are, which file a kernel's
# name stands for, and how to say that something is wrong.

vm=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
top=$(realpath "$vm/../..")
build=${BUILD:-$top/build}
cache=${NEXUS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/nexus}
me=$(basename "$0")

# A make above shall not lend its job server or options to those below.
unset MAKEFLAGS MFLAGS MAKELEVEL

die()
{
	echo "$me: $*" >&2
	exit 1
}

say()
{
	echo "$me: $*" >&2
}

# The newest installed Debian kernel of a series, 6.1 or 6.12.
debian_release()
{
	local image release newest=

	for image in /boot/vmlinuz-"$1"[.-]*-amd64; do
		release=${image#/boot/vmlinuz-}
		case $release in
		*cloud*|*-rt-*|*-unsigned) continue ;;
		esac
		[ -r "$image" ] && [ -d "/lib/modules/$release" ] &&
			newest=$(printf '%s\n' $newest "$release" |
				 sort -V | tail -n 1)
	done
	[ -n "$newest" ] ||
		die "no kernel $1 of Debian is installed: run scripts/packages"
	echo "$newest"
}

# Is this a kernel that scripts/debug-kernel makes, with everything built in?
is_own_kernel()
{
	[ "$1" = debug ] || [ "$1" = kcsan ]
}

# Calls it for that kernel: own_kernel NAME [OPTION]...
own_kernel()
{
	local options=()

	[ "$1" != kcsan ] || options=(--kcsan)
	"$top/scripts/debug-kernel" "${options[@]}" "${@:2}"
}

# Sets for a kernel's name, 6.1, 6.12, debug or kcsan, or the path of a bzImage:
#   kernel_image    what QEMU boots
#   kernel_release  as uname -r says there
#   kernel_tree     where "make -C ... M=..." builds a module for it
#   kernel_modules  a folder like /lib/modules/RELEASE
find_kernel()
{
	local debug

	case $1 in
	debug|kcsan)
		debug=$(own_kernel "$1" --path) || exit 1
		[ -e "$debug/bzImage" ] ||
			die "the $1 kernel is not built: run make $1-kernel"
		kernel_image=$debug/bzImage
		kernel_release=$(cat "$debug/release")
		kernel_tree=$debug/build
		kernel_modules=$debug/modules ;;
	6.*)
		kernel_release=$(debian_release "$1") || exit 1
		kernel_image=/boot/vmlinuz-$kernel_release
		kernel_modules=/lib/modules/$kernel_release
		kernel_tree=$kernel_modules/build ;;
	*/*)
		[ -r "$1" ] || die "no kernel image $1"
		kernel_image=$1
		kernel_release='' kernel_tree='' kernel_modules='' ;;
	*)
		die "unknown kernel '$1': 6.1, 6.12, debug, kcsan, or a bzImage's path" ;;
	esac
}
