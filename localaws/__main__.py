"""Entry point of ``python -m localaws``."""

from localaws.cli import main

main(prog_name="python -m localaws")
