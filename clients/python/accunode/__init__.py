"""A thin layer on the generated client: retries, lists as iterators, uploads with progress."""

from __future__ import annotations

import io
import pathlib
import random
import time
import uuid
from collections.abc import Callable, Iterator
from types import ModuleType, TracebackType
from typing import Any, BinaryIO

import httpx
from accunode_client import AuthenticatedClient, Client
from accunode_client.api.auth import login
from accunode_client.api.bulk_uploads import create_bulk_upload, get_bulk_upload
from accunode_client.models import BulkUpload, JobStatus, JobType, Login, NewBulkUpload, Problem, Tokens
from accunode_client.types import UNSET, File, Unset

__all__ = ["Accunode", "Refused", "RetryTransport"]

Progress = Callable[[str, int, "int | None"], None]
"""What is told of an upload: `sent` bytes or `rows`, how many, of how many (where that is known)."""

_ENDED = (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)
_LONGEST_WAIT = 30
_TOKENS_FAILED = "the service asks for a second factor; make a client with an API key instead"


class Refused(Exception):
    """The service refused a request."""

    def __init__(self, status: int, problem: Problem | None, text: str) -> None:
        detail = f"{problem.code}: {problem.detail}" if problem else text[:200]
        super().__init__(f"{status} {detail}")
        self.status = status
        self.problem = problem


class RetryTransport(httpx.BaseTransport):
    """Sends requests again where that is safe: those of idempotent methods, and those with an
    `Idempotency-Key`. It waits as long as `Retry-After` says, else twice as long each time."""

    def __init__(self, inner: httpx.BaseTransport, retries: int = 4, longest: float = 60.0) -> None:
        self._inner = inner
        self._retries = retries
        self._longest = longest

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        is_safe = request.method != "POST" or "idempotency-key" in request.headers
        retries = self._retries if is_safe else 0
        for attempt in range(retries + 1):
            pause = min(0.25 * 2**attempt, self._longest) * (0.5 + random.random() / 2)
            try:
                response = self._inner.handle_request(request)
            except (httpx.NetworkError, httpx.RemoteProtocolError, httpx.TimeoutException):
                if attempt == retries:
                    raise
            else:
                again = response.status_code in (429, 503) or _is_in_flight(response)
                if not again or attempt == retries:
                    return response
                told = response.headers.get("retry-after", "")
                response.close()
                if told.isdigit():
                    pause = min(float(told), self._longest)
            time.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def close(self) -> None:
        self._inner.close()


def _is_in_flight(response: httpx.Response) -> bool:
    """Whether the first request with this key is still being carried out."""
    return response.status_code == 409 and "retry-after" in response.headers


class _Told(io.BufferedReader):
    """A file that tells how much of it was read."""

    def __init__(self, file: io.RawIOBase, size: int, progress: Progress) -> None:
        super().__init__(file)
        self._size = size
        self._progress = progress

    def read(self, size: int | None = -1, /) -> bytes:
        chunk = super().read(size)
        self._progress("sent", self.tell(), self._size)
        return chunk


class Accunode:
    """A service, and who asks it. Use it as a context, or close it."""

    def __init__(
        self, url: str, token: str, *, retries: int = 4, timeout: float = 60.0
    ) -> None:
        transport = RetryTransport(httpx.HTTPTransport(), retries)
        self.client = AuthenticatedClient(
            base_url=url,
            token=token,
            timeout=httpx.Timeout(timeout),
            httpx_args={"transport": transport},
        )

    @classmethod
    def login(cls, url: str, email: str, password: str, **options: Any) -> Accunode:
        """A client of a user who signs in. Its token ends after a while: programs that go on for
        longer use an API key."""
        body = Login(email=email, password=password)
        with Client(base_url=url) as anonymous:
            tokens = _parsed(login.sync_detailed(client=anonymous, body=body))
        if not isinstance(tokens, Tokens):
            raise TypeError(_TOKENS_FAILED)
        return cls(url, tokens.access_token, **options)

    def __enter__(self) -> Accunode:
        self.client.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.client.__exit__(kind, error, trace)

    def call(self, operation: ModuleType, *path: Any, **parameters: Any) -> Any:
        """What an operation answers.

        Raises `Refused` where the service refuses it."""
        return _parsed(operation.sync_detailed(*path, client=self.client, **parameters))

    def create(self, operation: ModuleType, *path: Any, **parameters: Any) -> Any:
        """The same with an `Idempotency-Key`, so that it may be sent again and is done once."""
        parameters.setdefault("idempotency_key", str(uuid.uuid4()))
        return self.call(operation, *path, **parameters)

    def rows(self, operation: ModuleType, *path: Any, **parameters: Any) -> Iterator[Any]:
        """Every row of a list, page by page."""
        cursor: str | Unset = parameters.pop("cursor", UNSET)
        while True:
            page = self.call(operation, *path, cursor=cursor, **parameters)
            yield from page.data
            if not page.next_cursor:
                return
            cursor = page.next_cursor

    def upload(
        self,
        file: str | pathlib.Path | bytes,
        job_type: JobType,
        *,
        name: str | None = None,
        progress: Progress | None = None,
        wait: bool = True,
        **options: Any,
    ) -> BulkUpload:
        """Sends a file, and waits for the end of its upload, whatever that is: look at `status`.
        `options` are the further fields of `NewBulkUpload`."""
        tell = progress or (lambda what, done, of: None)
        raw: io.RawIOBase
        if isinstance(file, bytes):
            raw, size = _Bytes(file), len(file)
        else:
            path = pathlib.Path(file)
            raw, size, name = path.open("rb", buffering=0), path.stat().st_size, name or path.name
        with _Told(raw, size, tell) as told:
            payload: BinaryIO = told
            body = NewBulkUpload(
                file=File(payload=payload, file_name=name or "upload.csv"), job_type=job_type, **options
            )
            job: BulkUpload = self.create(create_bulk_upload, body=body)
        while wait and job.status not in _ENDED:
            job = self.call(get_bulk_upload, job.id, wait=_LONGEST_WAIT if not progress else 1)
            tell("rows", job.processed_rows, job.total_rows or None)
        return job


class _Bytes(io.RawIOBase):
    """Bytes as a file without a buffer."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._content.seek(offset, whence)

    def readinto(self, buffer: Any, /) -> int:
        return self._content.readinto(buffer)


def _parsed(response: Any) -> Any:
    if 200 <= response.status_code < 300:
        return response.parsed
    problem = response.parsed if isinstance(response.parsed, Problem) else None
    raise Refused(int(response.status_code), problem, response.content.decode("utf-8", "replace"))
