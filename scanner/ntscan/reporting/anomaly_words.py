"""Anomalies in words: what a person should make of each, and do about it."""

from typing import Final

from ntscan.vocabulary import Anomaly

MEANING: Final[dict[Anomaly, str]] = {
    Anomaly.SIZE_CONTRADICTS_LINK_TIME: "the link time is after the fix's, but the size is that of "
    "an older build: the time stamp or the file was changed",
    Anomaly.TIMESTAMP_IMPLAUSIBLE: "the link time cannot be one of Windows NT 4.0's: it was "
    "changed, or the file comes from elsewhere",
    Anomaly.CHECKSUM_MISMATCH: "the checksum is not that of the bytes: the file was damaged or "
    "changed, and NT would refuse to load it; copy it again and compare",
    Anomaly.ORIGINAL_FILENAME_DIFFERS: "the version resource names another file: this one may have "
    "been renamed",
    Anomaly.IMAGE_PATH_MISSING: "the registry names a driver that is not there: the service cannot "
    "start",
    Anomaly.HOTFIX_KEY_WITHOUT_FILE: "the registry says that the hotfix was installed, but the "
    "file is older: a component added from the original CD, or a service pack installed later, "
    "put an older one back; install the hotfix again",
    Anomaly.FILE_WITHOUT_HOTFIX_KEY: "the file has the fix, and the registry knows of none: it was "
    "copied by hand or came with another hotfix, and an installer may replace it unasked",
    Anomaly.SERVICE_PACK_NOT_REAPPLIED: "the file is that of an earlier release than the service "
    "pack of this machine: the service pack was not installed again after a component was added",
    Anomaly.PENDING_RENAME: "a replacement of the file waits for the next start: what is on the "
    "disk now is not what will run then; restart, and scan again",
    Anomaly.MIRROR_HALVES_DIFFER: "the two halves of a mirror hold different systems: the mirror "
    "was broken, and which half NT started from last, the image alone does not say",
    Anomaly.DIRTY_HIVE: "a registry hive was not written to its end: its last changes may be "
    "missing here",
}
