"""Fast loops on plain arrays: one file a kernel family, each with a slow and obvious twin under tests/naive/."""
