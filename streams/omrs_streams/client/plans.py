"""One description of every operation, and the two ways to carry it out.

An operation is a *plan*: a generator that yields what it needs (an answer, the server's types) and returns its result.
The same class body so serves the blocking and the asynchronous client, each with its own types:

    class EntityCalls(Calls):
        @operation
        def get_entity(self, guid: str) -> Plan[Entity]:
            answer = yield Request("GET", f"/instances/entity/{segment(guid)}")
            return entity_of(answer)

    MetadataClient(...).get_entity(guid)               # Entity
    await AsyncMetadataClient(...).get_entity(guid)    # Entity
    yield from self.get_entity(guid)                   # Entity, in another plan
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial, update_wrapper
from inspect import signature
from types import GenericAlias, MethodType
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Self, TypeVar, get_args, get_origin, overload

from omrs_schemas.errors import OmrsError
from omrs_schemas.typedefs.system import TypeSystem
from omrs_streams.client.exchange import Request
from omrs_streams.client.server_types import GALLERY, ServerTypes
from omrs_streams.client.transport import AsyncTransport, Transport

if TYPE_CHECKING:
    from omrs_streams.client.calls import Calls

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NeedTypes:
    """A plan wants the server's types; not these any more (`stale`), which lack something."""

    stale: TypeSystem | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Results that an iteration has come to."""

    items: Sequence[T]


Plan = Generator[Request | NeedTypes, Any, T]
"""Is sent an Answer for a Request, a TypeSystem for NeedTypes; returns the result of the operation."""

Pages = Generator[Request | NeedTypes | Page[T], Any, None]
"""The same, of an iteration: its results are yielded, page by page."""


class operation(Generic[P, T]):
    """A plan as a method of the clients."""

    def __init__(self, plan: Callable[Concatenate[Any, P], Plan[T]]) -> None:
        def blocking(client: Any, *args: Any, **named: Any) -> Any:
            return client._run(plan(client._plans, *args, **named))

        async def asynchronous(client: Any, *args: Any, **named: Any) -> Any:
            return await client._run(plan(client._plans, *args, **named))

        self._forms: dict[str, Callable[..., Any]] = {
            "plan": plan,
            "blocking": _described(blocking, plan, _result(plan)),
            "asynchronous": _described(asynchronous, plan, _result(plan)),
        }
        self.__doc__ = plan.__doc__

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...
    @overload
    def __get__(self, client: "Blocking", owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, client: "Asynchronous", owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    @overload
    def __get__(self, client: "Calls", owner: type) -> Callable[P, Plan[T]]: ...
    def __get__(self, client: Any, owner: Any) -> Any:
        # Of a class it is the plain function, so that `help(MetadataClient.get_entity)` shows a method.
        return self._forms[owner._form] if client is None else MethodType(self._forms[client._form], client)


class pages(Generic[P, T]):
    """An iteration as a method of the clients: an iterator, or an asynchronous one."""

    def __init__(self, plan: Callable[Concatenate[Any, P], Pages[T]]) -> None:
        def iterate(client: Any, *args: Any, **named: Any) -> Any:
            return client._iterate(plan(client._plans, *args, **named))

        def iterate_asynchronously(client: Any, *args: Any, **named: Any) -> Any:
            return iterate(client, *args, **named)

        item = _item(plan)
        self._forms: dict[str, Callable[..., Any]] = {
            "plan": plan,
            "blocking": _described(iterate, plan, GenericAlias(Iterator, (item,))),
            "asynchronous": _described(iterate_asynchronously, plan, GenericAlias(AsyncIterator, (item,))),
        }
        self.__doc__ = plan.__doc__

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...
    @overload
    def __get__(self, client: "Blocking", owner: type) -> Callable[P, Iterator[T]]: ...
    @overload
    def __get__(self, client: "Asynchronous", owner: type) -> Callable[P, AsyncIterator[T]]: ...
    def __get__(self, client: Any, owner: Any) -> Any:
        return self._forms[owner._form] if client is None else MethodType(self._forms[client._form], client)


def _described(form: Callable[..., Any], plan: Callable[..., Any], result: Any) -> Callable[..., Any]:
    """`form` with the name, text and parameters of the plan, and the result that it has itself.

    The plan is what a wrong argument is complained about by: it is called by the client's name for it.
    """
    plan.__qualname__ = plan.__name__
    described: Any = update_wrapper(form, plan)
    described.__signature__ = signature(plan).replace(return_annotation=result)
    return form


def _result(plan: Callable[..., Any]) -> Any:
    """What a plan returns: the T of Plan[T]."""
    return get_args(signature(plan).return_annotation)[-1]


def _item(plan: Callable[..., Any]) -> Any:
    """What an iteration is over: the T of Pages[T]."""
    needs = get_args(get_args(signature(plan).return_annotation)[0])
    return next(get_args(need)[0] for need in needs if get_origin(need) is Page)


class Blocking:
    """Carries plans out in the calling thread."""

    _form = "blocking"
    _transport: Transport
    _server_types: ServerTypes

    def _run(self, plan: Plan[T]) -> T:
        step: Callable[[], Request | NeedTypes] = partial(next, plan)
        while True:
            try:
                need = step()
            except StopIteration as done:
                result: T = done.value
                return result
            step = self._served(plan, need)

    def _iterate(self, plan: Pages[T]) -> Iterator[T]:
        step: Callable[[], Request | NeedTypes | Page[T]] = partial(next, plan)
        while True:
            try:
                need = step()
            except StopIteration:
                return
            if isinstance(need, Page):
                yield from need.items
                step = partial(next, plan)
            else:
                step = self._served(plan, need)

    def _served(self, plan: Generator[Any, Any, Any], need: Request | NeedTypes) -> Callable[[], Any]:
        """How the plan goes on with what it needed."""
        try:
            return partial(plan.send, self._transport.run(need) if isinstance(need, Request) else self._types_for(need))
        except OmrsError as error:
            return partial(plan.throw, error)

    def _types_for(self, need: NeedTypes) -> TypeSystem:
        types = self._server_types
        with types.lock:
            return types.other_than(need.stale) or types.take(self._transport.run(GALLERY).bean)


class Asynchronous:
    """Carries plans out in a coroutine."""

    _form = "asynchronous"
    _transport: AsyncTransport
    _server_types: ServerTypes

    async def _run(self, plan: Plan[T]) -> T:
        step: Callable[[], Request | NeedTypes] = partial(next, plan)
        while True:
            try:
                need = step()
            except StopIteration as done:
                result: T = done.value
                return result
            step = await self._served(plan, need)

    async def _iterate(self, plan: Pages[T]) -> AsyncIterator[T]:
        step: Callable[[], Request | NeedTypes | Page[T]] = partial(next, plan)
        while True:
            try:
                need = step()
            except StopIteration:
                return
            if isinstance(need, Page):
                for item in need.items:
                    yield item
                step = partial(next, plan)
            else:
                step = await self._served(plan, need)

    async def _served(self, plan: Generator[Any, Any, Any], need: Request | NeedTypes) -> Callable[[], Any]:
        """How the plan goes on with what it needed."""
        try:
            if isinstance(need, Request):
                return partial(plan.send, await self._transport.run(need))
            return partial(plan.send, await self._types_for(need))
        except OmrsError as error:
            return partial(plan.throw, error)

    async def _types_for(self, need: NeedTypes) -> TypeSystem:
        types = self._server_types
        async with types.async_lock:
            if (known := types.other_than(need.stale)) is not None:
                return known
            answer = await self._transport.run(GALLERY)
            # Some hundred types take long enough to be felt by the loop's other tasks.
            return await asyncio.to_thread(types.take, answer.bean)
