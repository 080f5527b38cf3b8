"""For every test: its plugins, and how examples are made."""

from hypothesis import HealthCheck, settings

pytest_plugins = [
    "tests.plugins.cancelled_connects",
    "tests.plugins.servers",
    "tests.plugins.pipeline",
    "tests.plugins.scheduling",
]

# How long an example takes says something of the machine's load, not of the code. A failure prints how to see it again.
settings.register_profile("waypost", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("waypost")
