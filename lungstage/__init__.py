"""lungstage: a CT or PET/CT in, the stage of lung cancer out, with how sure that is and why. Not a medical device.

Names are imported when they are first used, so that `import lungstage` costs nothing.
"""

__version__ = "0.1.0"

_HOME = {
    "stage": "pipeline",
    "Report": "pipeline",
    "what_if": "pipeline",
    "read_study": "study",
    "read_pet": "study",
    "find_lungs": "lungs",
    "find_skeleton": "skeleton",
    "map_anatomy": "anatomy",
    "imagine_normal": "normality",
    "find_lesions": "lesions",
    "infer_staging": "staging",
    "write_report": "explain",
    "stage_group": "tnm",
    "describe_tnm": "tnm",
    "make_case": "phantom",
    "evaluate": "evaluation",
}
__all__ = ["__version__", *_HOME]


def __getattr__(name):
    if name in _HOME:
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module 'lungstage' has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__():
    return sorted(__all__)
