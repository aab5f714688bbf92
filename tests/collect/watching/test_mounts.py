"""Which mounts are polled, by the kernel's own text."""

from __future__ import annotations

import pytest

from monitor.collect.watching.mounts import remote_file_system

TABLE = rb"""22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
23 22 0:21 / /proc rw,nosuid - proc proc rw
24 22 0:30 / /mnt/nas rw,relatime shared:7 master:2 - nfs4 nas:/press rw,vers=4.2
25 24 8:2 / /mnt/nas/local rw - xfs /dev/sdb1 rw
26 22 0:31 / /mnt/win rw - cifs //win/press rw
27 22 0:32 / /mnt/smb rw - smb3 //win/press rw
28 22 0:33 / /mnt/ssh rw - fuse.sshfs me@host: rw
29 22 0:34 / /mnt/fuse rw - fuse something rw
30 22 8:3 / /mnt/ntfs rw - fuseblk /dev/sdc1 rw
31 22 0:35 / /mnt/wsl rw - 9p drvfs rw
32 22 0:36 / /mnt/box rw - vboxsf press rw
33 22 0:37 / /mnt/share rw - virtiofs press rw
34 22 0:38 / /mnt/a\040b\012c rw - nfs nas:/odd rw
35 22 8:4 / /mnt/twice rw - ext4 /dev/sdd1 rw
36 35 0:39 / /mnt/twice rw - nfs nas:/over rw
37 22 0:40 / /mnt/lu - ext4 none rw
a line of another form

38 22 0:41 /sub /srv/bound rw - overlay overlay rw,lowerdir=/a - b
"""

# (path, the far file system that holds it; "": a local one)
PATHS = [
    (b"/", ""),
    (b"/srv/dumps", ""),
    (b"/mnt/nas", "nfs4"),
    (b"/mnt/nas/deep/er", "nfs4"),
    (b"/mnt/nasty", ""),
    (b"/mnt/nas/local", ""),
    (b"/mnt/nas/local/x", ""),
    (b"/mnt/win/x", "cifs"),
    (b"/mnt/smb/x", "smb3"),
    (b"/mnt/ssh/x", "fuse.sshfs"),
    (b"/mnt/fuse/x", "fuse"),
    (b"/mnt/ntfs/x", ""),
    (b"/mnt/wsl/x", "9p"),
    (b"/mnt/box/x", "vboxsf"),
    (b"/mnt/share/x", "virtiofs"),
    (b"/mnt/a b\nc/x", "nfs"),
    (b"/mnt/twice/x", "nfs"),
    (b"/srv/bound/x", ""),
]


@pytest.mark.parametrize(("path", "expected"), PATHS)
def test_the_mount_that_covers_a_path_says_whether_it_is_far(path: bytes, expected: str) -> None:
    assert remote_file_system(TABLE, path) == expected


@pytest.mark.parametrize("table", [b"", b"\n", b"- - -", b"1 2 3 4 - nfs x rw"])
def test_a_table_that_says_nothing_makes_nothing_far(table: bytes) -> None:
    assert remote_file_system(table, b"/mnt/nas") == ""
