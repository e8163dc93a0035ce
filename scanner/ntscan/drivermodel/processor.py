"""The processor that runs the modelled code, as far as the model needs one."""

from ntscan.drivermodel.bugcheck import Irql


class Processor:
    """Holds the current interrupt request level."""

    __slots__ = ("irql",)

    def __init__(self) -> None:
        self.irql = Irql.PASSIVE_LEVEL
