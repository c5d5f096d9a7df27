#!/bin/bash
# Makes the root of a machine in the mount namespace that this runs in, and becomes its systemd. All mounts are of that
# namespace, so they go with the machine's last process.
#
#   boot.sh BASE-TREE ROOT [DIRECTORY INSIDE]...     each DIRECTORY appears read-only at INSIDE
set -euo pipefail
base=$1 root=$2
shift 2

mount --make-rprivate /
# What the machine writes is in memory: dpkg syncs each file, which a disk takes its time for.
mount -t tmpfs -o mode=0755 lab-machine "$root"
mkdir "$root/upper" "$root/work" "$root/root"
mount -t overlay -o "lowerdir=$base,upperdir=$root/upper,workdir=$root/work" overlay "$root/root"
root=$root/root

while (($# > 1)); do
  mkdir -p "$root$2"
  mount --bind "$1" "$root$2"
  mount -o remount,bind,ro "$root$2"
  shift 2
done

mount -t proc proc "$root/proc"
# Settings of the network are the machine's own. The rest is the kernel's, which the machine shares.
mount --bind "$root/proc/sys" "$root/proc/sys"
mount --bind "$root/proc/sys/net" "$root/proc/sys/net"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t bpf -o mode=0700 bpf "$root/sys/fs/bpf"
mount -t tmpfs -o mode=0755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"

mount -t tmpfs -o mode=0755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm" "$root/dev/net"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
touch "$root/dev/net/tun"
mount --bind /dev/net/tun "$root/dev/net/tun"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"

mkdir -p "$root/oldroot"
cd "$root"
pivot_root . oldroot
umount -l /oldroot
rmdir /oldroot
exec env -i container=weir-lab PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  /lib/systemd/systemd --system --unit=multi-user.target --show-status=0
