"""The entries of a folder: which of those that the Sleuth Kit lists are NT's, and what they say."""

from typing import Final, NamedTuple

import pytsk3

_LABEL: Final = b" (Volume Label Entry)"
_INVENTED: Final = (pytsk3.TSK_FS_NAME_TYPE_VIRT, pytsk3.TSK_FS_NAME_TYPE_VIRT_DIR)


class Item(NamedTuple):
    """An allocated entry of a folder; ``size`` in bytes, ``modified`` in seconds since 1970.

    ``modified`` is of wall clock on FAT, of UTC on NTFS. ``has_record`` is false where the record
    that the entry names cannot be read, and with it nothing but the name is known.
    """

    name: str
    short_name: str
    inode: int
    is_folder: bool
    size: int
    modified: int
    has_record: bool


def is_listed(name: "pytsk3.TSK_FS_NAME", meta: "pytsk3.TSK_FS_META") -> bool:
    """Say whether the entry is allocated, and of NT's making."""
    spelled = None if name is None else name.name
    if spelled in (b".", b"..", None) or name.type in _INVENTED:
        return False
    if spelled.endswith(_LABEL) and meta is not None and not int(meta.size):
        return False
    return bool(int(name.flags) & pytsk3.TSK_FS_NAME_FLAG_ALLOC)


def is_allocated(meta: "pytsk3.TSK_FS_META") -> bool:
    """Say whether the record of an entry is in use, as far as there is one."""
    return meta is None or bool(int(meta.flags) & pytsk3.TSK_FS_META_FLAG_ALLOC)


def item_of(name: "pytsk3.TSK_FS_NAME", meta: "pytsk3.TSK_FS_META") -> Item:
    """Return what an entry and its record say; ``meta`` is None where the record is not read."""
    has_record = meta is not None
    return Item(
        name=name.name.decode(errors="replace"),
        short_name=(name.shrt_name or b"").decode(errors="replace"),
        inode=int(name.meta_addr),
        is_folder=(
            meta.type == pytsk3.TSK_FS_META_TYPE_DIR
            if has_record
            else name.type == pytsk3.TSK_FS_NAME_TYPE_DIR
        ),
        size=int(meta.size) if has_record else 0,
        modified=int(meta.mtime) if has_record else 0,
        has_record=has_record,
    )
