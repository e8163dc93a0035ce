"""The words of ntscan's verdicts and evidence, each enum naming the standard it comes from."""

from enum import IntEnum, StrEnum
from typing import Final


class Status(StrEnum):
    """What a rule means for a target.

    The first three are OpenVEX statuses (OpenVEX specification, "Status Labels");
    ``undetermined`` is OpenVEX's ``under_investigation`` after an investigation
    that the evidence could not end.
    """

    AFFECTED = "affected"
    FIXED = "fixed"
    NOT_AFFECTED = "not_affected"
    UNDETERMINED = "undetermined"


class Justification(StrEnum):
    """Why a target is ``not_affected``; the first is OpenVEX's own word, the others ntscan's."""

    COMPONENT_NOT_PRESENT = "component_not_present"
    PRODUCT_NOT_LISTED = "product_not_listed"
    OTHER_OPERATING_SYSTEM = "other_operating_system"


class Result(StrEnum):
    """What evaluating one criterion gave: OVAL Results Schema, ``ResultEnumeration``."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"
    ERROR = "error"
    NOT_EVALUATED = "not_evaluated"
    NOT_APPLICABLE = "not_applicable"


class Build(StrEnum):
    """Where a scanned file stands in the order of a file's published builds."""

    OLDER = "older"
    THE_FIX = "the_fix"
    NEIGHBOUR = "neighbour"
    NEWER = "newer"
    UNKNOWN = "unknown"


class Machine(StrEnum):
    """The machines that Windows NT 4.0 ran on (PE/COFF specification, "Machine Types")."""

    I386 = "i386"
    ALPHA = "alpha"
    MIPS = "mips"
    POWERPC = "powerpc"


class Product(StrEnum):
    """The products of Windows NT 4.0, told apart by ProductType and ProductSuite (Q152078)."""

    WORKSTATION = "workstation"
    SERVER = "server"
    ENTERPRISE = "enterprise"
    TERMINAL_SERVER = "terminal-server"


class ServicePack(StrEnum):
    """The service packs published for Windows NT 4.0, in the order of their release."""

    RTM = "RTM"
    SP1 = "SP1"
    SP2 = "SP2"
    SP3 = "SP3"
    SP4 = "SP4"
    SP5 = "SP5"
    SP6 = "SP6"
    SP6A = "SP6a"

    def precedes(self, other: "ServicePack") -> bool:
        """Say whether this service pack was released before the other."""
        order = list(ServicePack)
        return order.index(self) < order.index(other)


class ServiceStart(StrEnum):
    """When a service or driver starts, in the order of its value ``Start``, from 0 (winnt.h)."""

    BOOT = "boot"
    SYSTEM = "system"
    AUTOMATIC = "automatic"
    MANUAL = "manual"
    DISABLED = "disabled"


class Exposure(StrEnum):
    """Whether a system runs the component: the earliest start of what needs it."""

    STARTS_WITH_SYSTEM = "starts_with_system"
    MANUAL = "manual"
    DISABLED = "disabled"
    NOT_INSTALLED = "not_installed"


class FileRole(StrEnum):
    """What a copy of a file is to the NT system that it was found with."""

    INSTALLED = "installed"
    BACKUP = "backup"
    SOURCE = "source"
    OTHER = "other"


class ModificationTimeKind(StrEnum):
    """What a file system's modification time is: UTC (NTFS) or wall clock (FAT, Q127830)."""

    UTC = "utc"
    WALL_CLOCK = "wall_clock"


class TargetKind(StrEnum):
    """What a scanned path is."""

    FILE = "file"
    DIRECTORY = "directory"
    DISK_IMAGE = "disk_image"


class ContainerFormat(StrEnum):
    """What holds the bytes of a disk."""

    RAW = "raw"
    SPLIT_RAW = "split_raw"
    EWF = "ewf"
    VMDK = "vmdk"
    VHD = "vhd"
    VHDX = "vhdx"
    QCOW2 = "qcow2"
    VDI = "vdi"


class HashOrigin(StrEnum):
    """Whose word a digest of a disk is."""

    STORED = "stored"  # the container carries it
    STATED = "stated"  # the user gave it
    COMPUTED = "computed"


class HashScope(StrEnum):
    """What a digest is of: the disk, or the file that holds it."""

    DISK = "disk"
    FILE = "file"


class ScanStatus(StrEnum):
    """How far the scan of a target came."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    FAILED = "failed"


class Stage(StrEnum):
    """Where in a scan an error was met."""

    OPEN = "open"
    VOLUME = "volume"
    WALK = "walk"
    READ = "read"
    PE = "pe"
    REGISTRY = "registry"
    SCAN = "scan"


class ExitCode(IntEnum):
    """What the exit code of the command line means."""

    NOTHING_AFFECTED = 0
    AFFECTED = 1
    USAGE = 2
    UNDETERMINED = 3
    INTERNAL = 4


class FailOn(StrEnum):
    """Which findings make a scan exit with 1."""

    AFFECTED = "affected"
    UNDETERMINED = "undetermined"
    NEVER = "never"


class Behaviour(StrEnum):
    """Which of SFM's two unlock paths the driver model runs (Q242896)."""

    VULNERABLE = "vulnerable"
    FIXED = "fixed"


class Basis(StrEnum):
    """What a demonstration rests on."""

    DRIVER_MODEL = "driver_model"
    MACHINE_CODE = "machine_code"


class Grade(StrEnum):
    """What running an image's own machine code showed of its IRPs."""

    OBSERVED = "observed"
    OBSERVED_OTHER = "observed_other"
    CLEAN = "clean"
    NOT_OBSERVED = "not_observed"
    INCONCLUSIVE = "inconclusive"


class Scenario(StrEnum):
    """A scene that the driver model can play; a rule names the one that shows its defect."""

    SFM_UNLOCK = "sfm_unlock"


class Anomaly(StrEnum):
    """Something a person should look at; it never changes a status by itself."""

    SIZE_CONTRADICTS_LINK_TIME = "size_contradicts_link_time"
    TIMESTAMP_IMPLAUSIBLE = "timestamp_implausible"
    CHECKSUM_MISMATCH = "checksum_mismatch"
    ORIGINAL_FILENAME_DIFFERS = "original_filename_differs"
    IMAGE_PATH_MISSING = "image_path_missing"
    HOTFIX_KEY_WITHOUT_FILE = "hotfix_key_without_file"
    FILE_WITHOUT_HOTFIX_KEY = "file_without_hotfix_key"
    SERVICE_PACK_NOT_REAPPLIED = "service_pack_not_reapplied"
    PENDING_RENAME = "pending_rename"
    DIRTY_HIVE = "dirty_hive"
    MIRROR_HALVES_DIFFER = "mirror_halves_differ"


#: The version of the report's contract; raised when something in it is changed or dropped.
SCHEMA_VERSION: Final = "1.0"
