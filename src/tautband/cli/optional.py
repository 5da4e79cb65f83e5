"""A group of commands that lives in an optional room and is loaded only when it is used."""

from __future__ import annotations

from importlib import import_module

import click


class OptionalRoom(click.Group):
    """A group whose commands a room brings with it; without its extra it says how to get it.

    The room is loaded by name, so that the command line does not depend on it: `cli` and `twitch` stay peers.

    Parameters
    ----------
    name
        Of the group.
    module
        The module whose `COMMANDS` are its commands.
    extra
        The extra of the package that brings what the room needs.
    help
        What the group is for.
    """

    def __init__(self, name: str, module: str, extra: str, help: str) -> None:
        super().__init__(name, help=help)
        self._module, self._extra = module, extra

    def _load(self) -> None:
        if self.commands:
            return
        try:
            loaded = import_module(self._module)
        except ModuleNotFoundError as error:
            if (error.name or "").startswith("tautband"):
                raise
            raise click.ClickException(
                f"{self.name}: the optional part is not installed ({error.name} is missing); "
                f"get it with: pip install 'tautband[{self._extra}]'"
            ) from None
        for command in loaded.COMMANDS:
            self.add_command(command)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the room's commands."""
        self._load()
        return super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One of the room's commands."""
        self._load()
        return super().get_command(ctx, cmd_name)
