"""Where the compressed data of an NTFS file lies, as NT 4.0 wrote it."""

import pytsk3

from ntscan.sources.volumes.nt4_compression import NO_CLUSTER, ClusterRun


def runs_with_nt4_holes(file: "pytsk3.File") -> tuple[ClusterRun, ...]:
    """Return the runs of compressed data, where there is a hole that the library does not know."""
    for data in file:
        if data.info.type != pytsk3.TSK_FS_ATTR_TYPE_NTFS_DATA or data.info.name:
            continue
        if not int(data.info.flags) & pytsk3.TSK_FS_ATTR_COMP:
            return ()
        runs = tuple(_run(run) for run in data)
        return runs if any(run.addr == NO_CLUSTER for run in data) else ()
    raise ValueError("its record has no $DATA")


def _run(run: "pytsk3.TSK_FS_ATTR_RUN") -> ClusterRun:
    is_hole = run.addr == NO_CLUSTER or int(run.flags) & pytsk3.TSK_FS_ATTR_RUN_FLAG_SPARSE
    return ClusterRun(
        vcn=int(run.offset), length=int(run.len), lcn=None if is_hole else int(run.addr)
    )
