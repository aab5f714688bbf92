"""A mount point that waits for its file system is not taken for a first run."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.control.late_mount import refuse_unmounted
from monitor.errors import StoreUnavailable


@pytest.mark.parametrize("options", ["defaults", "nofail,x-systemd.automount"])
def test_an_empty_folder_on_a_mount_point_that_is_not_mounted_is_waited_for(tmp_path: Path, options: str) -> None:
    disk = tmp_path / "a disk"
    disk.mkdir()
    (tmp_path / "fstab").write_text(f"# disks\nUUID=1 {str(disk).replace(' ', chr(92) + '040')} ext4 {options} 0 2\n")
    for state in (disk, disk / "state"):
        with pytest.raises(StoreUnavailable, match="which is not mounted"):
            refuse_unmounted(state, fstab=tmp_path / "fstab")
    (disk / "state").mkdir()
    (disk / "state" / "STORE_ID").touch()
    refuse_unmounted(disk / "state", fstab=tmp_path / "fstab")


OTHER_LINES = [
    "",
    "# UUID=1 {} ext4 defaults 0 2",
    "UUID=1 {} ext4 noauto 0 2",
    "/dev/sda2 none swap sw 0 0",
    "UUID=1 / ext4 defaults 0 1",
    "proc /proc proc defaults 0 0",
]


@pytest.mark.parametrize("line", OTHER_LINES)
def test_any_other_empty_folder_is_a_first_run(tmp_path: Path, line: str) -> None:
    (tmp_path / "fstab").write_text(line.format(tmp_path) + "\n")
    refuse_unmounted(tmp_path / "state", fstab=tmp_path / "fstab")
    refuse_unmounted(tmp_path / "state", fstab=tmp_path / "missing")
