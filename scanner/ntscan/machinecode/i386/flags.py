"""The status flags, kept as the operation that set them and worked out when they are asked for.

Intel, "Software Developer's Manual", volume 1, 3.4.3 (EFLAGS) and volume 2 (each instruction).
Flags that the manual leaves undefined are what the formula here gives.
"""

from typing import ClassVar, Final, TypeAlias

CARRY: Final = 0x0001
PARITY: Final = 0x0004
ADJUST: Final = 0x0010
ZERO: Final = 0x0040
SIGN: Final = 0x0080
DIRECTION: Final = 0x0400
OVERFLOW: Final = 0x0800
#: The six flags that arithmetic sets.
STATUS: Final = CARRY | PARITY | ADJUST | ZERO | SIGN | OVERFLOW

_ODD_PARITY: Final = tuple((byte).bit_count() & 1 for byte in range(256))


class FlagRule:
    """How an operation sets the flags: by its two operands and its result, of ``size`` bytes."""

    __slots__ = ("mnemonic", "sign_bit", "size")

    def __init__(self, mnemonic: str, size: int) -> None:
        self.mnemonic = mnemonic
        self.size = size
        self.sign_bit = 1 << (8 * size - 1)

    #: Whether ``left`` and ``right`` are the operands, and not flags worked out beforehand.
    keeps_operands: ClassVar[bool] = True

    def carry(self, left: int, right: int, result: int) -> bool:
        """Tell CF."""
        raise NotImplementedError

    def overflow(self, left: int, right: int, result: int) -> bool:
        """Tell OF."""
        raise NotImplementedError

    def adjust(self, left: int, right: int, result: int) -> bool:
        """Tell AF, the carry out of bit 3."""
        return bool((left ^ right ^ result) & ADJUST)

    def sign(self, left: int, right: int, result: int) -> bool:  # noqa: ARG002  as its like
        """Tell SF."""
        return bool(result & self.sign_bit)

    def parity(self, left: int, right: int, result: int) -> bool:  # noqa: ARG002  as its like
        """Tell PF, set where the low byte has an even number of ones."""
        return not _ODD_PARITY[result & 0xFF]


#: A rule, the left and right operand, and the result. ZF is set where the result is zero.
Flags: TypeAlias = tuple[FlagRule, int, int, int]


class Addition(FlagRule):
    """ADD and ADC."""

    __slots__ = ()

    def carry(self, left: int, right: int, result: int) -> bool:
        """Tell whether the sum went past the top bit; a carry that came in is in the result."""
        return bool(((left & right) | ((left | right) & ~result)) & self.sign_bit)

    def overflow(self, left: int, right: int, result: int) -> bool:
        """Tell whether two operands of one sign gave a result of the other."""
        return bool((left ^ result) & (right ^ result) & self.sign_bit)


class Subtraction(FlagRule):
    """SUB, SBB, CMP and NEG."""

    __slots__ = ()

    def carry(self, left: int, right: int, result: int) -> bool:
        """Tell whether the difference borrowed; a borrow that came in is in the result."""
        return bool(((~left & right) | (~(left ^ right) & result)) & self.sign_bit)

    def overflow(self, left: int, right: int, result: int) -> bool:
        """Tell whether operands of two signs gave a result of the right one's."""
        return bool((left ^ right) & (left ^ result) & self.sign_bit)


class Logic(FlagRule):
    """AND, OR, XOR and TEST."""

    __slots__ = ()

    def carry(self, left: int, right: int, result: int) -> bool:  # noqa: ARG002  as its like
        """Tell that CF is clear."""
        return False

    def overflow(self, left: int, right: int, result: int) -> bool:  # noqa: ARG002  as its like
        """Tell that OF is clear."""
        return False

    def adjust(self, left: int, right: int, result: int) -> bool:  # noqa: ARG002  as its like
        """Tell AF, which is undefined, as clear."""
        return False


class Given(FlagRule):
    """CF (``left``) and OF (``right``) worked out beforehand, the others by the result: shifts."""

    __slots__ = ()
    keeps_operands = False

    def carry(self, left: int, right: int, result: int) -> bool:  # noqa: ARG002  as its like
        """Tell what was worked out."""
        return bool(left)

    def overflow(self, left: int, right: int, result: int) -> bool:  # noqa: ARG002  as its like
        """Tell what was worked out."""
        return bool(right)

    def adjust(self, left: int, right: int, result: int) -> bool:  # noqa: ARG002  as its like
        """Tell AF, which is undefined, as clear."""
        return False


class Increment(Given):
    """INC, which leaves CF (``left``) as it was."""

    __slots__ = ()

    def adjust(self, left: int, right: int, result: int) -> bool:  # noqa: ARG002  as its like
        """Tell whether the low digit went to zero."""
        return not result & 0xF


class Decrement(Given):
    """DEC, which leaves CF (``left``) as it was."""

    __slots__ = ()

    def adjust(self, left: int, right: int, result: int) -> bool:  # noqa: ARG002  as its like
        """Tell whether the low digit came from zero."""
        return result & 0xF == 0xF  # noqa: PLR2004  the last digit


class Word(FlagRule):
    """All flags as a word of EFLAGS (``left``); the result is zero where ZF is set."""

    __slots__ = ()
    keeps_operands = False

    def carry(self, left: int, right: int, result: int) -> bool:  # noqa: ARG002  as its like
        """Tell the word's CF."""
        return bool(left & CARRY)

    def overflow(self, left: int, right: int, result: int) -> bool:  # noqa: ARG002  as its like
        """Tell the word's OF."""
        return bool(left & OVERFLOW)

    def adjust(self, left: int, right: int, result: int) -> bool:  # noqa: ARG002  as its like
        """Tell the word's AF."""
        return bool(left & ADJUST)

    def sign(self, left: int, right: int, result: int) -> bool:  # noqa: ARG002  as its like
        """Tell the word's SF."""
        return bool(left & SIGN)

    def parity(self, left: int, right: int, result: int) -> bool:  # noqa: ARG002  as its like
        """Tell the word's PF."""
        return bool(left & PARITY)


_WORD: Final = Word("eflags", 4)


def flags_of_word(word: int) -> Flags:
    """Return the flags that the low word of EFLAGS holds."""
    return (_WORD, word & STATUS, 0, 0 if word & ZERO else 1)


def word_of_flags(flags: Flags) -> int:
    """Return the six status flags as they stand in EFLAGS."""
    rule, left, right, result = flags
    return (
        (CARRY if rule.carry(left, right, result) else 0)
        | (PARITY if rule.parity(left, right, result) else 0)
        | (ADJUST if rule.adjust(left, right, result) else 0)
        | (SIGN if rule.sign(left, right, result) else 0)
        | (OVERFLOW if rule.overflow(left, right, result) else 0)
        | (0 if result else ZERO)
    )
