"""Recognise folders that other machines can change without an event here, by the kernel's table of mounts."""

from __future__ import annotations

import re

_OCTAL = re.compile(rb"\\([0-7]{3})")
# Remote writers of these raise no events here. fuseblk is a local disk.
_REMOTE = (b"nfs", b"nfs4", b"cifs", b"smb3", b"smbfs", b"9p", b"virtiofs", b"vboxsf", b"fuse", b"ceph", b"afs")


def remote_file_system(mountinfo: bytes, path: bytes) -> str:
    """Return the type of the network or shared file system that holds a real path, such as "nfs4"; "" for a local one.

    mountinfo: the text of /proc/self/mountinfo, see proc(5). The longest mount point holds the path, of equal ones the
    last one mounted.
    """
    longest, fs_type = b"", b""
    for line in mountinfo.splitlines():
        mount, _, rest = line.partition(b" - ")
        fields, types = mount.split(b" "), rest.split(b" ")
        if len(fields) < 5:
            continue
        point = _OCTAL.sub(lambda match: bytes([int(match[1], 8)]), fields[4])
        is_above = path == point or path.startswith(point.rstrip(b"/") + b"/")
        if is_above and len(point) >= len(longest):
            longest, fs_type = point, types[0]
    return fs_type.decode("ascii", "replace") if fs_type in _REMOTE or fs_type.startswith(b"fuse.") else ""
