"""Groups of commands that suggest a name for a misspelt one and refuse repeated options."""

import click

from fpbench.conversion import close_name
from fpbench.errors import FpbenchError


class CommandGroup(click.Group):
    """A group that checks the name and the options of a command before it runs."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = self.list_commands(ctx)
        name = args[0]
        if name not in known and name[:1].isalnum():
            close = close_name(name, known)
            ctx.fail(f"No such command '{name}'." + (f" Did you mean '{close}'?" if close else ""))
        found, command, rest = super().resolve_command(ctx, args)
        if command is not None:
            refuse_repeats(command, rest, ctx)
        return found, command, rest


def refuse_repeats(command: click.Command, args: list[str], parent: click.Context) -> None:
    """Refuse an option that is given twice but takes one value: click would use the last.

    Raises:
        FpbenchError: There is such an option.
    """
    ctx = command.context_class(command, info_name=command.name, parent=parent)
    try:
        *_, order = command.make_parser(ctx).parse_args(args=list(args))
    except click.UsageError:  # click says what is wrong when it parses them again
        return
    seen: set[str] = set()
    for parameter in order:
        if not isinstance(parameter, click.Option) or not _takes_one_value(parameter):
            continue
        option = max(parameter.opts, key=len)
        if option in seen:
            raise FpbenchError(f"{option} is given twice", hint=_repeat_hint(option))
        seen.add(option)


def _takes_one_value(option: click.Option) -> bool:
    return not (option.multiple or option.count or option.is_flag)


def _repeat_hint(option: str) -> str:
    if option == "--sizes":
        return "give one list with commas between the sizes"
    return "give it once; run the command once for each value"
