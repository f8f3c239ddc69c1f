"""interpkit: loading on the shared job."""

from __future__ import annotations

import sys

import common
import interpkit


def load(job: common.Job) -> common.Report:
    """`interpkit.load` as it is, with its check of the lens, and without that check."""
    checked = job.loading(lambda: interpkit.load(job.folder, device="cpu"))
    unchecked = job.loading(lambda: interpkit.load(job.folder, device="cpu", validate_pipeline=False))
    return {**checked, "unchecked": unchecked}


if __name__ == "__main__":
    sys.exit(common.main("interpkit", {"load": load}))
