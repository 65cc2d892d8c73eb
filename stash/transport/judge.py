"""Whether an answer over HTTP is a reply of Stash, or what it means that it is none."""

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
    """A GraphQL reply: partial data and errors may stand side by side."""

    data: dict[str, Any]
    errors: tuple[dict[str, Any], ...] = ()

    def message_for(self, alias: str) -> str | None:
        """The error text of one root field, or of the whole reply where no field is named."""
        for error in self.errors:
            path = error.get("path")
            if not isinstance(path, list) or not path or path[0] in (alias, "variable"):
                return str(error.get("message", error))
        return None


class Judge:
    """Judges the answers of one address, and keeps a refusal that every further request would meet too."""

    def __init__(self, url: str, place: str) -> None:
        self.refusal: SyncError | None = None
        self._url = url
        self._place = place

    async def refuse_to_move(self, response: httpx.Response) -> None:
        """Name where a redirect leads, before httpx looks at an address that may be none."""
        if response.has_redirect_location and response.request.method == "POST":
            raise self._kept(self._moved(response))

    def unanswered(self, error: Exception) -> Exception:
        """The error of an answer that did not come, or that cannot be read."""
        if not isinstance(error, httpx.TransportError):
            return TransientError(f"a damaged reply, {type(error).__name__}", was_sent=True)
        if (reason := tls_failure(error)) is not None:
            return not_verified(self._url, reason)
        status = proxy_status(error)
        if status is not None and not answers.is_passing(status):
            refusal = answers.refusal(self._place, status, {}, _NO_PAGE)
            return self._kept(refusal or answers.final(self._place, status, _NO_PAGE))
        return TransientError(why_unanswered(error), was_sent=not isinstance(error, _NEVER_SENT))

    def reply(self, response: httpx.Response, *, is_stash: bool) -> Reply:
        """The reply in an answer. `is_stash` where it is known that a Stash is there.

        Raises:
            TransientError: another attempt may be answered better.
            SyncError: named by what refuses us.
        """
        status, content = response.status_code, response.content
        if response.is_redirect:
            raise self._kept(self._moved(response))
        refusal = answers.refusal(self._place, status, response.headers, content)
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
            raise self._kept(answers.key_refused(self._place))
        return Reply(
            data if isinstance(data, dict) else {},
            tuple(e for e in errors if isinstance(e, dict)) if isinstance(errors, list) else (),
        )

    def _moved(self, response: httpx.Response) -> SyncError:
        return answers.moved(self._url, response.status_code, response.headers.get("location", ""))

    def _no_reply(self, response: httpx.Response, what: str, *, is_stash: bool) -> Exception:
        """The error of an answer that is not of GraphQL."""
        status = response.status_code
        is_final = status >= httpx.codes.BAD_REQUEST
        if is_final and (is_stash or status in answers.OF_WHO_ASKS):
            return self._kept(answers.final(self._place, status, response.content))
        if not is_stash:
            return UnsuitableStashError(
                f"{self._place} answers, but not as a Stash does (HTTP {status} {what}); check STASH_URL."
            )
        return TransientError(f"HTTP {status} {what}", was_sent=True)

    def _kept(self, error: SyncError) -> SyncError:
        if not isinstance(error, RequestRefusedError):
            self.refusal = error
        return error


_NO_PAGE = b"<none>"
"""The page of a proxy of which only the status is known."""
