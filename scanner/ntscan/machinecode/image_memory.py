"""The part of memory that is the image, as the loader has put it there."""

from ntscan.machinecode.address_map import IMPORTED_ROUTINES, ROUTINE_SPACING
from ntscan.machinecode.loader.loaded_image import LoadedImage, LoadedSection
from ntscan.machinecode.processor import MemoryFault


class ImageMemory:
    """The words and the code of an image; ``slots`` are those that lead to imported routines."""

    def __init__(self, image: LoadedImage) -> None:
        self.slots = {
            slot: IMPORTED_ROUTINES + number * ROUTINE_SPACING
            for number, slot in enumerate(image.imports)
        }
        self._image = image
        self._end = image.base + image.size
        self._code = tuple(
            (section.address, section.end) for section in image.sections if section.executable
        )
        self._constants: dict[int, int] = {}

    def section_at(self, address: int) -> LoadedSection | None:
        """Return the section that holds an address."""
        if not self._image.base <= address < self._end:
            return None
        return self._image.section_at(address)

    def constant(self, section: LoadedSection, address: int) -> int:
        """Give a word that nothing can change."""
        word = self._constants.get(address)
        if word is None:
            word = self._constants[address] = self.initial(section, address)
        return word

    def initial(self, section: LoadedSection, address: int) -> int:
        """Give a word as it is in the file; bytes past the section's end are zeros."""
        length = min(4, section.end - address)
        return int.from_bytes(self._image.read(address, length) or b"", "little")

    def is_code(self, address: int) -> bool:
        """Say whether there are executable bytes at an address."""
        for begin, end in self._code:  # noqa: SIM110  asked at each call, and any() takes longer
            if begin <= address < end:
                return True
        return False

    def fetch(self, address: int, length: int) -> bytes:
        """Read up to so many bytes of code: fewer where the section ends. Raises MemoryFault."""
        section = self._image.section_at(address)
        if section is None or not section.executable:
            raise MemoryFault(address, "no code at")
        return self._image.read(address, min(length, section.end - address)) or b""


def is_changeable(section: LoadedSection) -> bool:
    """Say whether a section can be written: its code never can."""
    return section.writable and not section.executable
