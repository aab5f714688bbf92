"""List the file names that are never dumps."""

from __future__ import annotations

# Names that programs give to files that are no dumps. A source's `ignore` replaces the list.
IGNORED = (
    # incomplete files, which get their real name when they are complete
    ".*", "*.tmp", "*.temp", "*.part", "*.partial", "*.filepart", "*.crdownload", "*.download", "*.opdownload",
    # copies that editors, offices and people put beside a file
    "*~", "~$*", "*.swp", "*.swo", "*.bak", "*.bak[0-9]*", "*.bak.*", "*_bak.*", "*.orig", "*.old", "*.old.*",
    "*_old.*", "*_old_[0-9]*",
    # copies of file managers, as in `a - Copy (2).txt`, `a (copy).txt`, `Copy of a.txt`
    "* - copy.*", "* - copy (*", "* copy.*", "* copy [0-9]*", "*(copy*)*", "*(* copy)*", "*(* copy [0-9]*", "copy of *",
    "* - 복사본*", "* 복사본.*", "* 복사본 [0-9]*", "*(복사본*", "* - 사본*", "*(사본*", "사본 - *", "*의 사본*",
    # the losing side of a conflict, put aside by Syncthing, Dropbox, Nextcloud, ownCloud and others
    "*.sync-conflict-*", "*conflicted copy*", "*[._ (-]conflict-*", "*.conflict", "*.conflict.*", "*(충돌*",
    "*충돌된 복사본*", "*충돌 사본*",
    # files of a desktop
    "thumbs.db", "desktop.ini", "@eadir",
)  # fmt: skip
