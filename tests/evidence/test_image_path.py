"""From a driver's ImagePath to a place below the system root."""

import pytest

from ntscan.evidence.boot_ini import system_folders
from ntscan.evidence.image_path import locate

ROOT = ("/", "evidence", "c", "winnt")
DRIVER = (*ROOT, "system32", "drivers", "sfmsrv.sys")


@pytest.mark.parametrize(
    ("image_path", "system_root", "place"),
    [
        (r"\SystemRoot\System32\drivers\sfmsrv.sys", None, DRIVER),
        (r"System32\DRIVERS\SFMSRV.SYS", None, DRIVER),
        (r"%SystemRoot%\System32\drivers\sfmsrv.sys", None, DRIVER),
        (r'"%systemroot%\system32\drivers\sfmsrv.sys"', None, DRIVER),
        (r"\??\C:\WINNT\System32\drivers\sfmsrv.sys", r"C:\WINNT", DRIVER),
        (r"C:\WINNT\System32\drivers\sfmsrv.sys", r"c:\winnt", DRIVER),
        (r"C:\WINNT\System32\drivers\sfmsrv.sys", "C:\\WINNT\\", DRIVER),
        (r"C:\SFM\sfmsrv.sys", r"C:\WINNT", ("/", "evidence", "c", "sfm", "sfmsrv.sys")),
        (r"D:\SFM\sfmsrv.sys", r"C:\WINNT", None),
        (r"C:\WINNT\System32\drivers\sfmsrv.sys", None, None),
        (r"C:\WINNT\System32\drivers\sfmsrv.sys", r"C:\NT4", None),
        (r"\Device\Harddisk0\Partition1\sfmsrv.sys", r"C:\WINNT", None),
        (r"System32\drivers\..\drivers\sfmsrv.sys", None, DRIVER),
        (r"\SystemRoot\..\WINNT\system32\drivers\sfmsrv.sys", None, DRIVER),
        (r"..\..\..\..\..\..\..\sfmsrv.sys", None, None),
        (r"%windir%\system32\drivers\sfmsrv.sys", None, DRIVER),
        (r"%SystemDrive%\WINNT\system32\drivers\sfmsrv.sys", r"C:\WINNT", None),
        (r"SystemRoot\system32\drivers\sfmsrv.sys", r"C:\WINNT", None),
        (r"\DosDevices\C:\WINNT\system32\drivers\sfmsrv.sys", r"C:\WINNT", DRIVER),
        (r"\WINNT\system32\drivers\sfmsrv.sys", r"C:\WINNT", DRIVER),
        (r"\WINNT\system32\drivers\sfmsrv.sys", None, None),
        (r"\ArcName\multi(0)disk(0)rdisk(0)partition(1)\sfmsrv.sys", r"C:\WINNT", None),
        (r"\??\UNC\server\share\sfmsrv.sys", r"C:\WINNT", None),
        (r"\DosDevices\PhysicalDrive0\sfmsrv.sys", r"C:\WINNT", None),
        (r"\\?\C:\WINNT\system32\drivers\sfmsrv.sys", r"C:\WINNT", None),
        (r"\WINNT2\system32\drivers\sfmsrv.sys", r"C:\WINNT", None),
    ],
)
def test_an_image_path_leads_to_a_place(
    image_path: str, system_root: str | None, place: tuple[str, ...] | None
) -> None:
    """Each of NT's ways to write a path is understood; what lies elsewhere is not guessed."""
    assert locate(image_path, ROOT, system_root) == place


BOOT_INI = (
    b"[boot loader]\r\ntimeout=30\r\n"
    b"default=multi(0)disk(0)rdisk(0)partition(1)\\WINNT\r\n"
    b"[operating systems]\r\n"
    b'multi(0)disk(0)rdisk(0)partition(1)\\WINNT="Windows NT Server Version 4.00"\r\n'
    b'multi(0)disk(0)rdisk(0)partition(2)\\NT\\TEST = "Windows NT" /basevideo\r\n'
    b'C:\\="MS-DOS"\r\n'
)


@pytest.mark.parametrize(
    ("content", "folders"),
    [
        (BOOT_INI, (("winnt",), ("nt", "test"))),
        (b'scsi(0)disk(0)rdisk(0)partition(1)\\NT4="NT"', (("nt4",),)),
        (b'SIGNATURE(8B467C12)DISK(0)RDISK(0)PARTITION(1)\\NT4 = "NT"', (("nt4",),)),
        (b"default=multi(0)disk(0)rdisk(1)partition(1)\\NT4 /NoSerialMice\n", (("nt4",),)),
        (b'"multi(0) disk(0) rdisk(0) partition(1) \\NT4"="NT"', (("nt4",),)),
        (b'[operating systems]\rmulti(0)disk(0)rdisk(0)partition(1)\\NT4="NT"\r', (("nt4",),)),
        ('multi(0)disk(0)rdisk(0)partition(1)\\NT4="NT"'.encode("utf-16"), (("nt4",),)),
        (b"", ()),
        (b"\xff\xfe\0" * 100, ()),
    ],
)
def test_boot_ini_names_the_folders_of_nt(content: bytes, folders: object) -> None:
    """Each entry of NT names a folder, once; other systems name none."""
    assert system_folders(content) == folders
