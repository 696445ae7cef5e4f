"""What can go wrong for a user, each kind with the exit code the command line gives it.

An error is one line: what, where (file, series, slice), what to do. It is raised where it is known and printed in one
place, `cli`. What is strange but usable is not an error but a `records.Note`.
"""


class LungstageError(Exception):
    """A condition the user can act on; `exit_code` is what `lungstage-classic` returns."""

    exit_code = 1


class ImpossibleRequest(LungstageError):
    """A command line, fact, phantom wish or TNM word that cannot be; also several patients in one folder."""

    exit_code = 2


class UnreadableInput(LungstageError):
    """Nothing readable there, a wrong path, no anatomical image, or no finite values."""

    exit_code = 3


class ImpossibleGeometry(LungstageError):
    """A geometry or header that cannot be true, a single slice, or the PET of another patient."""

    exit_code = 4


class MissingImage(LungstageError):
    """An image that is needed is not there, such as a PET without its CT."""

    exit_code = 5


class NotEnoughMemory(LungstageError):
    """The study needs more memory than allowed; the message says how much."""

    exit_code = 6


class UnwritableOutput(LungstageError):
    """The output cannot be written, or exists and may not be overwritten."""

    exit_code = 7
