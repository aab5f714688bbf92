"""List the file names that are never dumps."""

from __future__ import annotations

# Names that programs give to files that are no dumps. A source's `ignore` replaces the list.
IGNORED = (
    # incomplete files, which get their real name when they are complete
    ".*", "*.tmp", "*.tmp.*", "*.temp", "*.part", "*.partial", "*.filepart", "*.crdownload", "*.download",
    "*.opdownload",
    # copies that editors, offices and people put beside a file
    "*~", "~$*", "*.swp", "*.swo", "*.orig", "*.orig.*", "*.bak", "*.bak[0-9]*", "*.bak.*", "*[_-]bak.*", "*.backup",
    "*[._-]backup.*", "*[_-]backup[_-][0-9]*", "*(backup*)*", "*.old", "*.old.*", "*[_-]old.*", "*[_-]old[_-][0-9]*",
    "*(old)*",
    # copies of file managers, as in `a - Copy (2).txt`, `a (copy).txt`, `Copy of a.txt`
    "* - copy.*", "* - copy (*", "* copy.*", "* copy [0-9]*", "*(copy)*", "*(copy [0-9]*", "*(* copy)*",
    "*(* copy [0-9]*", "copy of *", "copy ([0-9]*) of *",
    "* - 복사본*", "* 복사본.*", "* 복사본 [0-9]*", "*[_-]복사본.*", "*(복사본*", "* - 사본*", "*[_-]사본.*", "*(사본*",
    "사본 - *", "*의 복사본", "*의 복사본.*", "*의 사본", "*의 사본.*", "*의 사본 [(0-9]*",
    "* - kopie*", "kopie von *", "* - copie*", "copie de *", "* - copia*", "* - コピー*", "* - 副本*",
    # the losing side of a conflict, put aside by Syncthing, Dropbox, Nextcloud, ownCloud, OneDrive and others
    "*.sync-conflict-*", "*conflicted copy*", "*.conflict-*", "*[_ (-]conflict-[0-9]*", "*(*conflict)*",
    "*(*conflict [0-9]*", "*(sfconflict *", "*.conflict", "*.conflict.*", "*-desktop-???????.*",
    "*(충돌*", "*충돌된 복사본*", "*충돌 사본*",
    # files of a desktop
    "thumbs.db", "desktop.ini", "@eadir",
)  # fmt: skip
FETCH_STATE = ".fetch-*.json"  # in which `fetch:` remembers what the server said
