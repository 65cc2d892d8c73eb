"""Decide whether an HTTP answer is a GraphQL reply of Stash, or which error it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx

from stash.encoding import json_in
from stash.errors import RequestRefusedError, UnsuitableStashError
from stash.transport import answers
from stash.transport.failures import is_refusal, not_verified, proxy_status, tls_failure, why_unanswered
from stash.transport.retry import TransientError

if TYPE_CHECKING:
    from stash.errors import SyncError

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


@dataclass(frozen=True)
class Reply:
    """A GraphQL reply. Partial data and errors may stand side by side."""

    data: dict[str, Any]
    errors: tuple[dict[str, Any], ...] = ()

    def message_for(self, alias: str) -> str | None:
        """Return the error text of one root field, or the text of an error that names no field."""
        for error in self.errors:
            path = error.get("path")
            if not isinstance(path, list) or not path or path[0] in (alias, "variable"):
                return str(error.get("message", error))
        return None


class Judge:
    """Turns the answers of one address into replies or errors. Keeps a refusal that would repeat for every request."""

    def __init__(self, url: str, address: str) -> None:
        self.refusal: SyncError | None = None
        self._url = url
        self._address = address

    async def refuse_to_move(self, response: httpx.Response) -> None:
        """Raise the error of a redirect before httpx parses its target, which may be malformed."""
        if response.has_redirect_location and response.request.method == "POST":
            raise self._kept(self._moved(response))

    def unanswered(self, error: Exception) -> Exception:
        """Return the error of an answer that is missing or cannot be read."""
        if not isinstance(error, httpx.TransportError):
            return TransientError(f"a damaged reply, {type(error).__name__}", was_sent=True)
        if (reason := tls_failure(error)) is not None:
            return not_verified(self._url, reason)
        status = proxy_status(error)
        if status is not None and not answers.is_passing(status):
            refusal = answers.refusal(self._address, status, {}, _NO_PAGE)
            return self._kept(refusal or answers.final(self._address, status, _NO_PAGE))
        return TransientError(why_unanswered(error), was_sent=not isinstance(error, _NEVER_SENT))

    def reply(self, response: httpx.Response, *, is_stash: bool) -> Reply:
        """Return the reply in an answer. `is_stash` says that a Stash was recognised before.

        Raises:
            TransientError: another attempt may succeed.
            SyncError: the answer is a refusal, or comes from no Stash.
        """
        status, content = response.status_code, response.content
        if response.is_redirect:
            raise self._kept(self._moved(response))
        refusal = answers.refusal(self._address, status, response.headers, content)
        if refusal is not None:
            raise self._kept(refusal)
        if answers.is_passing(status):
            wait = answers.wait_asked(response.headers.get("retry-after", ""), datetime.now(UTC))
            raise TransientError(f"HTTP {status}", was_sent=status not in answers.UNDONE, wait=wait)
        try:
            body = json_in(content)
        except (ValueError, RecursionError) as error:
            raise self._no_reply(response, "without JSON", is_stash=is_stash) from error
        if not isinstance(body, dict) or not ("data" in body or "errors" in body):
            raise self._no_reply(response, "with other JSON", is_stash=is_stash)
        data, errors = body.get("data"), body.get("errors")
        if not data and isinstance(errors, list) and any(map(is_refusal, errors)):
            raise self._kept(answers.key_refused(self._address))
        return Reply(
            data if isinstance(data, dict) else {},
            tuple(e for e in errors if isinstance(e, dict)) if isinstance(errors, list) else (),
        )

    def _moved(self, response: httpx.Response) -> SyncError:
        return answers.moved(self._url, response.status_code, response.headers.get("location", ""))

    def _no_reply(self, response: httpx.Response, what: str, *, is_stash: bool) -> Exception:
        """Return the error of an answer that holds no GraphQL reply."""
        status = response.status_code
        is_final = status >= httpx.codes.BAD_REQUEST
        if is_final and (is_stash or status in answers.OF_WHO_ASKS):
            return self._kept(answers.final(self._address, status, response.content))
        if not is_stash:
            return UnsuitableStashError(
                f"{self._address} answers, but not as a Stash does (HTTP {status} {what}); check STASH_URL."
            )
        return TransientError(f"HTTP {status} {what}", was_sent=True)

    def _kept(self, error: SyncError) -> SyncError:
        if not isinstance(error, RequestRefusedError):
            self.refusal = error
        return error


_NO_PAGE = b"<none>"
"""The content of a proxy's answer of which only the status is known."""
