"""``cvpn completion``."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print what makes a shell complete cvpn's verbs, options and files.

    \b
    Examples:
      eval "$(cvpn completion bash)"
      cvpn completion fish > ~/.config/fish/completions/cvpn.fish
    """
    program = click.get_current_context().find_root()
    name = str(program.info_name)
    complete = get_completion_class(shell)
    if complete is None:
        raise click.ClickException(f"click does not know {shell}.")
    click.echo(complete(program.command, {}, name, f"_{name.upper()}_COMPLETE").source())
    return 0
