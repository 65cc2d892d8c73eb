"""The entry: commands, exit codes, and the one place where any error ends as a sentence."""

from __future__ import annotations

import os
import sys
from itertools import pairwise

from typer.exceptions import Abort, TyperException

from stash.cli import (  # noqa: F401 - their commands join the app
    checking,
    doctoring,
    further,
    history,
    reporting,
    status,
    undo,
    watch,
)
from stash.cli.bug_report import traceback_text, write_details
from stash.cli.commands import app
from stash.cli.helping import complaint
from stash.cli.logs import LogFormat, set_up
from stash.cli.output import Output
from stash.cli.signals import Signalled
from stash.errors import SyncError
from stash.source.addresses import without_secrets
from stash.source.errors import (
    DatabaseBusyError,
    DatabaseUnusableError,
    ForeignDatabaseError,
    MetadataError,
    MissingDatabaseError,
    UnknownCreatorError,
    UnknownDatabaseError,
)

DONE, BUG, USAGE, SOME_FAILED, TEMPORARY, STATE, INTERRUPTED = 0, 1, 2, 3, 5, 6, 130

_METADATA_CODES: tuple[tuple[type[MetadataError], int], ...] = (
    (MissingDatabaseError, USAGE),
    (ForeignDatabaseError, USAGE),
    (UnknownCreatorError, USAGE),
    (DatabaseBusyError, TEMPORARY),
    (DatabaseUnusableError, STATE),
    (UnknownDatabaseError, STATE),
)


def main(arguments: list[str] | None = None) -> None:
    """Run one command and exit with its code."""
    arguments = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if arguments[0] == "help":
        arguments = [*arguments[1:2], "--help"]
    has_events = "--log-format=json" in arguments or ("--log-format", "json") in pairwise(arguments)
    set_up(LogFormat.JSON if has_events else LogFormat.TEXT, is_verbose=False)
    output = Output(is_json="--json" in arguments, has_events=has_events)
    sys.exit(_run(arguments, output))


def _run(arguments: list[str], output: Output) -> int:  # noqa: PLR0911 - one return a kind of error
    try:
        result = app(arguments, standalone_mode=False)
    except SyncError as error:
        return _failed(output, error.exit_code, str(error))
    except MetadataError as error:
        code = next((code for kind, code in _METADATA_CODES if isinstance(error, kind)), SOME_FAILED)
        return _failed(output, code, str(error))
    except TyperException as error:
        return _failed(output, USAGE, f"{complaint(error)} See `{_help_for(arguments)}`.")
    except (Abort, KeyboardInterrupt):
        return _failed(output, INTERRUPTED, "Interrupted; what was done is remembered, run again to go on.")
    except Signalled as signalled:
        return _failed(output, signalled.exit_code, str(signalled))
    except Exception as error:  # noqa: BLE001 - the command line's boundary: a bug ends as a sentence too
        if os.environ.get("STASH_SYNC_DEBUG"):
            sys.stderr.write(traceback_text())
        return _failed(
            output, BUG, f"This is a bug ({type(error).__name__}); please report it with {write_details()}."
        )
    return result if isinstance(result, int) else DONE


def _failed(output: Output, code: int, sentence: str) -> int:
    sentence = without_secrets(sentence)
    output.error(sentence)
    output.emit({"outcome": "error", "exit_code": code, "error": sentence})
    return code


def _help_for(arguments: list[str]) -> str:
    names = {
        command.name or command.callback.__name__ for command in app.registered_commands if command.callback
    }
    return f"stash-sync {arguments[0]} --help" if arguments[0] in names else "stash-sync --help"
