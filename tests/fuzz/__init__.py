"""Every door through which input from outside comes in, under fuzz: see `python -m tests.fuzz --help`.

An input is bytes: a file, or a folder packed as a ZIP archive. A door takes them in as a user would. Whatever they are,
it must answer, or refuse in one sentence; in bounded time; without unpickling or running anything, without a file
written or changed.
"""
