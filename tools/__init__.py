"""What builds, checks and shows this project; none of it ships."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The checkout."""

CACHE = ROOT / ".cache"
"""Where the tools keep what they can make again; not under version control."""
