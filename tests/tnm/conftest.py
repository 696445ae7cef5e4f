"""Properties of rules are checked on many small cases, on machines that may be busy: no deadline for one of them."""

from hypothesis import settings

settings.register_profile("rules", deadline=None)
settings.load_profile("rules")
