"""Progress bars that report: ``from taskscope.tqdm import tqdm, trange``.

A bar is shown as before, and is a task as well. Nested bars are subtasks.
:func:`taskscope.patch_tqdm` does the same for every bar of a process.
"""

from typing import TYPE_CHECKING

from ._bars import reporting_tqdm

if TYPE_CHECKING:
    from tqdm.auto import tqdm, trange
else:
    tqdm, trange = reporting_tqdm()

__all__ = ["tqdm", "trange"]
