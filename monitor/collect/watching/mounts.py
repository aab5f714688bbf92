"""The kernel's table of mounts → whether a folder may change without an event here: from another machine. Pure."""

from __future__ import annotations

import re

_OCTAL = re.compile(rb"\\([0-7]{3})")
# Writers on the far side of these raise no events here. fuseblk is a local disk.
_REMOTE = (b"nfs", b"nfs4", b"cifs", b"smb3", b"smbfs", b"9p", b"virtiofs", b"vboxsf", b"fuse", b"ceph", b"afs")


def remote_file_system(mountinfo: bytes, path: bytes) -> str:
    """The kind of network or shared file system that holds a real path, such as "nfs4"; empty for a local one.

    mountinfo: the text of /proc/self/mountinfo, see proc(5).
    """
    kind = _kind_at(mountinfo, path)
    is_far = kind in _REMOTE or kind.startswith(b"fuse.")
    return kind.decode("ascii", "replace") if is_far else ""


def _kind_at(mountinfo: bytes, path: bytes) -> bytes:
    """The type of the mount that covers a path: the longest mount point, of equal ones the last one mounted."""
    longest, kind = b"", b""
    for line in mountinfo.splitlines():
        mount, _, rest = line.partition(b" - ")
        fields, types = mount.split(b" "), rest.split(b" ")
        if len(fields) < 5:
            continue
        point = _OCTAL.sub(lambda match: bytes([int(match[1], 8)]), fields[4])
        if len(point) >= len(longest) and _covers(point, path):
            longest, kind = point, types[0]
    return kind


def _covers(point: bytes, path: bytes) -> bool:
    return path == point or path.startswith(point.rstrip(b"/") + b"/")
