"""A container is known by its content, whatever its name is; other files are raw."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.containers import qcow2_image, vdi_image, vhd_footer, vmdk_descriptor
from ntscan.errors import SourceError
from ntscan.sources.containers.open import open_container
from ntscan.sources.containers.recognise import container_format
from ntscan.vocabulary import ContainerFormat


@pytest.mark.parametrize(
    ("content", "container"),
    [
        (b"", None),
        (b"M", None),
        (bytes(4096), None),
        (b"EVF\x09\x0d\x0a\xff\x00", ContainerFormat.EWF),
        (b"EVF\x09\x0d\x0a\xff", None),
        (b"LVF\x09\x0d\x0a\xff\x00", ContainerFormat.EWF),
        (b"EVF2\x0d\x0a\x81\x00", ContainerFormat.EWF),
        (b"LEF2\x0d\x0a\x81\x00", ContainerFormat.EWF),
        (b"KDMV", ContainerFormat.VMDK),
        (b"COWD", ContainerFormat.VMDK),
        (vmdk_descriptor('RW 1 FLAT "a" 0'), ContainerFormat.VMDK),
        (b"vhdxfile", ContainerFormat.VHDX),
        (b"conectix" + bytes(4096), ContainerFormat.VHD),
        (bytes(4096) + vhd_footer(4096), ContainerFormat.VHD),
        (bytes(4096) + vhd_footer(4096)[:511], ContainerFormat.VHD),
        (bytes(4096) + vhd_footer(4096) + b"\0", None),
        (vhd_footer(0), ContainerFormat.VHD),
        (qcow2_image(b"NT"), ContainerFormat.QCOW2),
        (b"QFI\xfb\0\0\0\1", ContainerFormat.QCOW2),
        (vdi_image(b"NT"), ContainerFormat.VDI),
        (bytes(64) + b"\x7f\x10\xda", None),
    ],
)
def test_signatures(tmp_path: Path, content: bytes, container: ContainerFormat | None) -> None:
    """The first and the last sector decide."""
    path = tmp_path / "plant07.vmdk"
    path.write_bytes(content)

    assert container_format(path) is container


@pytest.mark.parametrize("size", [0, 1, 511, 512, 100_000])
def test_a_raw_file(tmp_path: Path, size: int) -> None:
    """A file that bears no signature is the disk itself, also an empty one."""
    content = bytes(range(250)) * 400
    (tmp_path / "disk.vmdk").write_bytes(content[:size])

    with open_container(tmp_path / "disk.vmdk") as opened:
        assert (opened.format, opened.size) == (ContainerFormat.RAW, size)
        assert opened.read_at(0, 200_000) == content[:size]
        assert opened.read_at(size // 2, 1) == content[size // 2 :][: min(1, size)]
        assert opened.read_at(size, 1) == opened.read_at(1 << 70, 1) == b""
        assert opened.read_at(-5, 5) == opened.read_at(0, -5) == b""


def test_a_file_that_shrinks_while_it_is_read(tmp_path: Path) -> None:
    """What was there when a file was opened, and is no more, is an error."""
    (tmp_path / "disk").write_bytes(b"\1" * 100_000)

    with open_container(tmp_path / "disk") as opened:
        os.truncate(tmp_path / "disk", 50_000)
        with pytest.raises(SourceError, match="is truncated"):
            opened.read_at(0, 100_000)


def test_what_is_no_regular_file(tmp_path: Path) -> None:
    """Nothing but a regular file is opened: no folder, no FIFO, and nothing that is not there."""
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(SourceError):
            open_container(path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "fifo")
        with pytest.raises(SourceError, match="no regular file"):
            open_container(tmp_path / "fifo")


def test_no_library_is_loaded_in_vain(tmp_path: Path) -> None:
    """A disk that needs no library of a container is opened without one, so as to start fast."""
    (tmp_path / "disk.raw").write_bytes(bytes(512))
    (tmp_path / "disk.qcow2").write_bytes(qcow2_image(b"NT"))
    program = (
        "import sys; from pathlib import Path\n"
        "from ntscan.sources.containers.open import open_container\n"
        "for name in sys.argv[1:]: open_container(Path(name)).close()\n"
        "print(sorted({'pyewf', 'pyvmdk', 'pyvhdi', 'pysmraw', 'pytsk3'} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "disk.raw", tmp_path / "disk.qcow2"],
        check=True,
        capture_output=True,
        text=True,
    )

    assert run.stdout == "[]\n"
