"""The digests of a disk: those that its container stores, those stated, and computed ones."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ntscan.errors import SourceError
from ntscan.sources.containers.disk_bytes import DiskBytes
from ntscan.sources.description import ImageHash
from ntscan.sources.stated_hashes import ALGORITHMS, StatedHashes
from ntscan.vocabulary import HashOrigin

_PIECE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageHashing:
    """What is known and wanted: the digests that the user states, and whether to compute any."""

    stated: StatedHashes = field(default_factory=StatedHashes)
    compute: bool = False


#: Nothing stated, nothing computed.
NO_HASHING: Final = ImageHashing()


def image_hashes(disk: DiskBytes, image: Path, wanted: ImageHashing) -> tuple[ImageHash, ...]:
    """Return the digests of the disk that ``image`` holds; only to compute any is all of it read.

    Raises SourceError where a computed one differs from one that was stored or stated.
    """
    known = [
        ImageHash(algorithm=stored.algorithm, digest=stored.digest, origin=HashOrigin.STORED)
        for stored in disk.stored_hashes
    ]
    stated = wanted.stated.of(image)
    if stated is not None:
        algorithm = ALGORITHMS[len(stated)]
        known.append(ImageHash(algorithm=algorithm, digest=stated, origin=HashOrigin.STATED))
    if not wanted.compute:
        return tuple(known)
    computed = _compute(disk)
    for one in known:
        if one.digest != computed[one.algorithm]:
            raise SourceError(
                f"holds bytes whose {one.algorithm} is {computed[one.algorithm]}, and "
                f"{one.digest} was {one.origin}: it is not the image that was taken; copy it again"
            )
    return (
        *known,
        *(
            ImageHash(algorithm=algorithm, digest=digest, origin=HashOrigin.COMPUTED)
            for algorithm, digest in computed.items()
        ),
    )


def _compute(disk: DiskBytes) -> dict[str, str]:
    # MD5 and SHA-1 are what acquisition tools wrote down; nothing here trusts them.
    digests = {name: hashlib.new(name, usedforsecurity=False) for name in ALGORITHMS.values()}
    for offset in range(0, disk.size, _PIECE):
        piece = disk.read_at(offset, min(_PIECE, disk.size - offset))
        for digest in digests.values():
            digest.update(piece)
    return {name: digest.hexdigest() for name, digest in digests.items()}
