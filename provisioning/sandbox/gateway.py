"""The front door of Graph: tokens, faults, transactions, batches; must not know resources."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from provisioning.sandbox import batch, errors, overlaps, routes, wire
from provisioning.sandbox.call import Answer, Call, Caller, Throttle
from provisioning.sandbox.faults import Fault, Faults
from provisioning.sandbox.lag import View
from provisioning.sandbox.layout import LIVE
from provisioning.sandbox.options import Options
from provisioning.sandbox.store import Store
from provisioning.sandbox.tokens import Tokens
from provisioning.sandbox.wire import Question, Reply, Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """Answers Graph requests against one store."""

    store: Store
    tokens: Tokens
    faults: Faults
    options: Options
    clock: Callable[[], datetime]
    throttle: Throttle

    def lane(self, request: Request, path: str) -> str | None:
        """What a write of the B2C service must have to itself, None for everything else."""
        if overlaps.object_of(request.method, path) is None:
            return None
        try:
            tenant, _ = self.tokens.caller(request.headers.get("authorization"), self.clock())
        except errors.GraphError:
            return None
        return f"{tenant}/{overlaps.object_of(request.method, path)}"

    async def answer(
        self, request: Request, path: str, number: int, log: list[Seen], *, overlapping: bool
    ) -> Response:
        """Answer one HTTP request; appends what was seen to the log."""
        question = Question(
            method=request.method,
            path=path,
            origin=f"{request.url.scheme}://{request.headers.get('host', '')}",
            headers={name.lower(): value for name, value in request.headers.items()},
            content=await request.body(),
            overlapping=overlapping,
        )
        items: list[Seen] = []
        reply, tenant = await self._faulted(question, number, items)
        log.append(Seen(question.method, path, reply.status, tenant, False, number))
        log.extend(items)
        content = reply.raw
        if content is None:
            content = "" if reply.body is None else json.dumps(reply.body, separators=(",", ":"))
        return Response(content, reply.status, dict(reply.headers))

    async def _faulted(
        self, question: Question, number: int, items: list[Seen] | None
    ) -> tuple[Reply, str | None]:
        """The scripted fault that is due, or the real answer; and the tenant it was about.

        `items` collects what a batch holds; None inside a batch, where no other may be.
        """
        fault = self.faults.due(question.method, question.path)
        if fault is None:
            return await self._really(question, number, items)
        if fault.delay:
            await asyncio.sleep(fault.delay)
        tenant = None
        if fault.after_commit:
            _, tenant = await self._really(question, number, items)
        return self._broken(question, fault), tenant

    async def _really(
        self, question: Question, number: int, items: list[Seen] | None
    ) -> tuple[Reply, str | None]:
        tenant: str | None = None
        try:
            bearer = question.headers.get("authorization")
            tenant, caller = self.tokens.caller(bearer, self.clock())
            if question.resource == "/$batch":
                return await self._batch(question, number, items), tenant
            answer = self._perform(question, tenant, caller)
        except errors.GraphError as error:
            return self._refusal(question, error), tenant
        ids = wire.identify(question)
        headers = wire.headers(ids, self.clock(), has_body=answer.body is not None)
        headers |= answer.headers
        return Reply(answer.status, headers, answer.body, answer.content), tenant

    def _perform(self, question: Question, tenant_id: str, caller: Caller) -> Answer:
        """One operation in one transaction; a refused one leaves nothing but its countdowns."""
        tenant = self.store.tenant(tenant_id)
        if tenant is None:
            raise errors.object_not_found()
        self._check_identity(tenant_id, caller)
        call = Call(
            view=View(self.store, tenant.id, self.options),
            tenant=tenant,
            options=self.options,
            caller=caller,
            now=self.clock(),
            method=question.method,
            path=question.resource,
            root=f"{question.origin}/{question.version}",
            query=wire.options(question),
            headers=question.headers,
            body=wire.body(question),
            content=wire.raw(question),
            overlapping=question.overlapping,
            throttle=self.throttle,
        )
        try:
            with self.store.transaction():
                answer = routes.perform(call)
                call.settle()
        except errors.GraphError:
            if call.unsettled:
                with self.store.transaction():
                    call.settle()
            raise
        return answer

    def _check_identity(self, tenant_id: str, caller: Caller) -> None:
        """An application whose service principal is gone is nobody (G:concepts/errors.md)."""
        if caller.is_user:
            return
        record = self.store.get(tenant_id, "servicePrincipals", caller.object_id)
        if record is None or record.state != LIVE:
            raise errors.GraphError(
                401,
                "Authorization_IdentityNotFound",
                "The identity of the calling application could not be established.",
            )

    async def _batch(self, question: Question, number: int, items: list[Seen] | None) -> Reply:
        if question.method != "POST" or items is None:
            raise errors.method_not_allowed()
        dropped: list[Reply] = []

        async def perform(item: batch.Item) -> dict[str, Any] | None:
            single = wire.inner(question, item.method, item.url, item.headers, item.body)
            reply, tenant = await self._faulted(single, number, None)
            items.append(Seen(single.method, single.path, reply.status, tenant, True, number))
            if wire.DROPPED in reply.headers:
                dropped.append(reply)
                return None
            answer = {"id": item.id, "status": reply.status, "headers": dict(reply.headers)}
            body = reply.body if reply.raw is None else reply.raw
            if isinstance(body, bytes):
                body = base64.b64encode(body).decode()
            return answer if body is None else {**answer, "body": body}

        most = self.options.max_batch
        answers = await batch.run(batch.read(wire.body(question), most), perform)
        if dropped:
            return dropped[0]
        if self.options.batch_responses == "reversed":
            answers.reverse()
        headers = wire.headers(wire.identify(question), self.clock())
        return Reply(200, headers, {"responses": answers})

    def _refusal(self, question: Question, error: errors.GraphError) -> Reply:
        ids = wire.identify(question)
        body = error.envelope(now=self.clock(), request_id=ids[0], client_request_id=ids[1])
        headers = wire.headers(ids, self.clock())
        return Reply(error.status, {**headers, **error.headers}, body)

    def _broken(self, question: Question, fault: Fault) -> Reply:
        headers = dict(fault.headers)
        if fault.drop:
            headers[wire.DROPPED] = "after" if fault.after_commit else "before"
        code = fault.code or "ServiceUnavailable"
        error = errors.GraphError(fault.status, code, fault.message, headers=headers)
        reply = self._refusal(question, error)
        return reply if fault.body is None else Reply(reply.status, reply.headers, raw=fault.body)
