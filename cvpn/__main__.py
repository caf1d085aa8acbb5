"""``python -m cvpn`` is ``cvpn``."""

from cvpn.cli import main

if __name__ == "__main__":
    main()
