"""Which model answers a call that leaves the image."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from msgspec import Struct

from ntscan.drivermodel.layouts import Platform
from ntscan.machinecode.kernel import (
    cancelling,
    counted_strings,
    deferred,
    interlocked,
    irps,
    objects,
    pool,
    runtime,
    sending,
    threads,
    waiting,
)
from ntscan.machinecode.kernel.call import Call, Model
from ntscan.machinecode.kernel.call_site import call_site
from ntscan.machinecode.kernel.foreign import call_other_driver
from ntscan.machinecode.kernel.routines import Convention, Signature, signatures
from ntscan.machinecode.kernel.state import Kernel, PathEndError
from ntscan.machinecode.loader.loaded_image import Import

MODELS: Final[Mapping[str, Model]] = {
    **irps.MODELS,
    **sending.MODELS,
    **cancelling.MODELS,
    **waiting.MODELS,
    **deferred.MODELS,
    **pool.MODELS,
    **interlocked.MODELS,
    **runtime.MODELS,
    **counted_strings.MODELS,
    **threads.MODELS,
    **objects.MODELS,
}

#: They do not return, or what they do cannot be passed over.
_ENDS_A_PATH: Final = (
    "DbgBreakPoint",
    "ExRaise",
    "KeBugCheck",
    "RtlAssert",
    "RtlRaise",
    "RtlUnwind",
)
#: Their results are 64 bits wide.
_WIDE: Final = ("_all", "_aull", "RtlLargeInteger", "RtlExtended", "RtlEnlarged", "RtlConvert")
#: Routines that are remembered: on Alpha an image may name any.
_MOST_ANSWERED: Final = 4_096
#: Arguments that are looked at where nothing says how many there are.
_USUAL_ARGUMENTS: Final = 4


def answer_call(kernel: Kernel, address: int) -> None:
    """Do what the routine at an address outside the image does, and return from it.

    Raises PathEndError, naming the routine, where it cannot be answered.
    """
    at = call_site(kernel.memory, kernel.processor.return_address())
    routine = kernel.memory.places.routine_at(address)
    if routine is None:
        call_other_driver(kernel, address, at)
        return
    kernel.calls.add(at)
    answered = _answered(str(routine.name), kernel.layouts.platform)
    if answered is None:
        raise PathEndError(f"0x{at:x} calls {_name(routine)}, which is not modelled")
    call = Call(kernel=kernel, name=answered.name, at=at, fastcall=answered.fastcall)
    if answered.model is None:
        result = _pass_over(call, routine, answered.arguments)
    else:
        result = answered.model(call)
    kernel.processor.finish_call(result & 0xFFFFFFFF, answered.words_taken)


class _Answered(Struct, frozen=True):
    """A routine: what does its work, if anything does, and how it takes its arguments."""

    name: str
    model: Model | None
    fastcall: bool
    arguments: int
    words_taken: int


@lru_cache(_MOST_ANSWERED)
def _answered(name: str, platform: Platform) -> _Answered | None:
    """Say how a routine is answered; ``None`` where nobody knows what it takes off the stack."""
    signature = signatures().get(name)
    if signature is None:
        if platform is Platform.X86:
            return None
        signature = Signature(convention=Convention.STDCALL, arguments=_USUAL_ARGUMENTS)
    cdecl = signature.convention is Convention.CDECL
    return _Answered(
        name=name,
        model=MODELS.get(name),
        fastcall=signature.convention is Convention.FASTCALL,
        arguments=_USUAL_ARGUMENTS if cdecl else signature.arguments,
        words_taken=signature.words_taken,
    )


def _pass_over(call: Call, routine: Import, arguments: int) -> int:
    """Answer a routine that has no model with an unknown, unless it may matter to an IRP."""
    kernel, name = call.kernel, call.name
    if name.startswith((*_ENDS_A_PATH, *_WIDE)) or "Interlocked" in name:
        raise PathEndError(f"0x{call.at:x} calls {_name(routine)}, which is not modelled")
    for index in range(arguments):
        argument = call[index]
        block = kernel.memory.block_at(argument)
        if block is not None and block.address in kernel.requests:
            raise PathEndError(f"0x{call.at:x} hands an IRP to {_name(routine)}, not modelled")
        if kernel.memory.is_code(argument):
            raise PathEndError(f"0x{call.at:x} hands a callback to {_name(routine)}, not modelled")
    kernel.note_unmodelled(_name(routine))
    return kernel.unknown_answer(name)


def _name(routine: Import) -> str:
    return f"{routine.dll}!{routine.name}"
