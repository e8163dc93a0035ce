"""The digests of a disk: those that its container stores, those stated, and computed ones."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct, field

from ntscan.errors import SourceError
from ntscan.sources.containers.disk_bytes import DiskBytes
from ntscan.sources.description import ImageHash
from ntscan.sources.host_file import open_host_file
from ntscan.sources.stated_hashes import ALGORITHMS, StatedHashes
from ntscan.vocabulary import HashOrigin, HashScope

_PIECE: Final = 1024 * 1024


class ImageHashing(Struct, frozen=True, kw_only=True):
    """What is known and wanted: the digests that the user states, and whether to compute any."""

    stated: StatedHashes = field(default_factory=StatedHashes)
    compute: bool = False


def image_hashes(disk: DiskBytes, image: Path, wanted: ImageHashing) -> tuple[ImageHash, ...]:
    """Return the digests of the disk that ``image`` holds; only to compute any is all of it read.

    Raises SourceError where a computed one differs from one that was stored or stated.
    """
    known = [
        ImageHash(
            algorithm=stored.algorithm,
            digest=stored.digest,
            origin=HashOrigin.STORED,
            covers=HashScope.DISK,
        )
        for stored in disk.stored_hashes
    ]
    stated = wanted.stated.of(image)
    if not wanted.compute:
        return (*known, *_unverified(stated))
    pieces = (
        disk.read_at(offset, min(_PIECE, disk.size - offset))
        for offset in range(0, disk.size, _PIECE)
    )
    computed = _digests(pieces)
    if stated is not None:
        known.append(_verified(stated, computed, image))
    for one in known:
        if one.covers is HashScope.DISK and one.digest != computed[one.algorithm]:
            raise _not_as_taken(one.algorithm, computed[one.algorithm], f"{one.digest} was stored")
    return (
        *known,
        *(
            ImageHash(
                algorithm=algorithm,
                digest=digest,
                origin=HashOrigin.COMPUTED,
                covers=HashScope.DISK,
            )
            for algorithm, digest in computed.items()
        ),
    )


def _unverified(stated: str | None) -> tuple[ImageHash, ...]:
    return () if stated is None else (_stated(stated, None),)


def _verified(stated: str, disk: Mapping[str, str], image: Path) -> ImageHash:
    """Find what a stated digest is of: the disk, as acquisition tools state it, or the file."""
    algorithm = ALGORITHMS[len(stated)]
    if stated == disk[algorithm]:
        return _stated(stated, HashScope.DISK)
    with open_host_file(str(image), follow_link=True) as file:
        of_file = _digests(iter(lambda: file.read(_PIECE), b""))
    if stated == of_file[algorithm]:
        return _stated(stated, HashScope.FILE)
    raise _not_as_taken(algorithm, disk[algorithm], f"{stated} was stated")


def _stated(digest: str, covers: HashScope | None) -> ImageHash:
    return ImageHash(
        algorithm=ALGORITHMS[len(digest)],
        digest=digest,
        origin=HashOrigin.STATED,
        covers=covers,
    )


def _digests(pieces: Iterable[bytes]) -> dict[str, str]:
    # MD5 and SHA-1 are what acquisition tools wrote down; nothing here trusts them.
    digests = {name: hashlib.new(name, usedforsecurity=False) for name in ALGORITHMS.values()}
    for piece in pieces:
        for digest in digests.values():
            digest.update(piece)
    return {name: digest.hexdigest() for name, digest in digests.items()}


def _not_as_taken(algorithm: str, computed: str, said: str) -> SourceError:
    return SourceError(
        f"holds a disk whose {algorithm} is {computed}, and {said}: it is not the image that was "
        "taken; copy it again"
    )
