"""Compiled kernels on disk are those of the sources beside them.

Numba looks at the date and size of the one file a kernel stands in, not at the functions it inlines from other
files; an upgrade may change the latter alone. So the sources are hashed together, and what was compiled from
others is removed.
"""

import hashlib
from pathlib import Path

HERE = Path(__file__).parent


def drop_stale_kernels(folder: Path = HERE) -> None:
    """Remove compiled kernels beside the sources in `folder` if these have changed since they were compiled.

    A folder that cannot be written to is left alone: Numba keeps its cache elsewhere then.
    """
    sources = b"".join(path.read_bytes() for path in sorted(folder.glob("*.py")))
    digest = hashlib.sha256(sources).hexdigest()
    cache = folder / "__pycache__"
    stamp = cache / "kernels.sha256"
    try:
        if stamp.is_file() and stamp.read_text() == digest:
            return
        cache.mkdir(exist_ok=True)
        for compiled in [*cache.glob("*.nbi"), *cache.glob("*.nbc")]:
            compiled.unlink(missing_ok=True)
        stamp.write_text(digest)
    except OSError:
        return
