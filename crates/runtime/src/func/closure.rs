//! Closures of Rust types as host functions.
//!
//! Each has two trampolines, which differ in where values are. The interpreter, and machine code
//! that can't do better, pass *slots*. Machine code passes *registers*, as to a C function, if
//! that has enough of them: then a call costs little more than one of C.

use super::host::{HostFunc, enter};
use super::values::{Register, WasmRet, WasmTy, WasmValues};
use crate::caller::Caller;
use crate::store::StoreBase;
use crate::{FuncType, Result};
use core::ptr::NonNull;
use tierra_core::index::TypeId;
use tierra_core::types::ValType;
use tierra_vm::{ExecContext, Instance, Status};

/// A host function made from a closure, as [`IntoFunc`] returns it.
#[doc(hidden)]
pub struct Wrapped<T>(pub(crate) HostFunc<T>);

/// A closure that can be a host function: up to 16 parameters that are WebAssembly values, in
/// front of them a [`Caller`] if the closure wants one, and nothing, a value, a tuple, or a
/// `Result` of these as its result.
pub trait IntoFunc<T, Params, Results>: Send + Sync + 'static {
    /// The host function.
    #[doc(hidden)]
    fn into_host_func(self) -> Wrapped<T>;
}

/// A closure that gets all parameters at once.
trait Closure<T: 'static, P, R>: Send + Sync + 'static {
    fn call(&self, caller: Caller<'_, T>, params: P) -> R;
}

/// A closure that does not want its caller.
struct Plain<F>(F);
/// A closure that does.
struct WithCaller<F>(F);

/// Parameters for which there is a trampoline from registers.
trait FromRegisters: WasmValues {
    /// The trampoline of a closure for [`tierra_vm::FuncRecord::host_direct`], if the values fit.
    fn direct<T: 'static, F: Closure<T, Self, R>, R: WasmRet>() -> Option<NonNull<()>>;
}

impl<T: 'static> Wrapped<T> {
    fn new<F, P, R>(closure: F) -> Self
    where
        F: Closure<T, P, R>,
        P: FromRegisters,
        R: WasmRet,
    {
        let ty = FuncType::of::<P, R::Values>();
        // SAFETY: the entries are those of `F` with the values of `ty`.
        Self(unsafe {
            HostFunc::build(
                ty,
                from_slots::<T, F, P, R>,
                P::direct::<T, F, R>(),
                closure,
            )
        })
    }
}

/// The trampoline from slots.
unsafe extern "C" fn from_slots<T: 'static, F: Closure<T, P, R>, P: WasmValues, R: WasmRet>(
    exec: *const ExecContext,
    env: *mut Instance,
    slots: *mut u64,
) -> Status {
    // SAFETY: the caller's.
    unsafe { run::<T, F, P, R>(exec, env, slots, slots) }
}

/// Calls the closure of an environment.
///
/// # Safety
/// As for a [`tierra_vm::HostFn`] of a host function that [`Wrapped::new`] made.
#[inline(always)]
unsafe fn run<T: 'static, F: Closure<T, P, R>, P: WasmValues, R: WasmRet>(
    exec: *const ExecContext,
    env: *mut Instance,
    params: *const u64,
    results: *mut u64,
) -> Status {
    let body = |caller: Caller<'_, T>, closure: *const ()| {
        let mut store = caller.store_ptr();
        // SAFETY: `closure` is an `F`, the slots hold what the type says.
        let (f, params) = unsafe { (&*closure.cast::<F>(), P::read(store.base_mut(), params)) };
        let values = f.call(caller, params).into_values()?;
        // SAFETY: the slots have room for the results.
        unsafe { write_results(store.base_mut(), values, results) }
    };
    // SAFETY: the caller's.
    unsafe { enter::<T>(exec, env, body) }
}

/// # Safety
/// The slots have room for the values.
#[inline(always)]
unsafe fn write_results<R: WasmValues>(
    store: &mut StoreBase,
    values: R,
    slots: *mut u64,
) -> Result<()> {
    values.check(store)?;
    // SAFETY: the caller's.
    unsafe { values.write(store, slots) };
    Ok(())
}

/// Whether C passes these values in registers, behind the environment. Without machine code
/// nobody would.
const fn fit_registers(params: &[ValType<TypeId>], results: &[ValType<TypeId>]) -> bool {
    let (mut ints, mut floats, mut i) = (1, 0, 0);
    while i < params.len() {
        match params[i] {
            ValType::F32 | ValType::F64 => floats += 1,
            ValType::V128 => return false,
            _ => ints += 1,
        }
        i += 1;
    }
    cfg!(feature = "compiler")
        && ints <= 6
        && floats <= 8
        && match results {
            [] => true,
            [ty] => !matches!(ty, ValType::V128),
            _ => false,
        }
}

macro_rules! closures {
    ($($name:ident)*) => {
        #[allow(non_snake_case)]
        impl<T: 'static, F, R, $($name),*> Closure<T, ($($name,)*), R> for Plain<F>
        where
            F: Fn($($name),*) -> R + Send + Sync + 'static,
        {
            #[inline(always)]
            fn call(&self, _: Caller<'_, T>, ($($name,)*): ($($name,)*)) -> R {
                (self.0)($($name),*)
            }
        }

        #[allow(non_snake_case)]
        impl<T: 'static, F, R, $($name),*> Closure<T, ($($name,)*), R> for WithCaller<F>
        where
            F: Fn(Caller<'_, T>, $($name),*) -> R + Send + Sync + 'static,
        {
            #[inline(always)]
            fn call(&self, caller: Caller<'_, T>, ($($name,)*): ($($name,)*)) -> R {
                (self.0)(caller, $($name),*)
            }
        }

        impl<T: 'static, F, R, $($name),*> IntoFunc<T, ($($name,)*), R> for F
        where
            F: Fn($($name),*) -> R + Send + Sync + 'static,
            $($name: WasmTy + 'static,)*
            R: WasmRet + 'static,
        {
            fn into_host_func(self) -> Wrapped<T> {
                Wrapped::new::<_, ($($name,)*), R>(Plain(self))
            }
        }

        impl<T: 'static, F, R, $($name),*> IntoFunc<T, (Caller<'_, T>, $($name,)*), R> for F
        where
            F: Fn(Caller<'_, T>, $($name),*) -> R + Send + Sync + 'static,
            $($name: WasmTy + 'static,)*
            R: WasmRet + 'static,
        {
            fn into_host_func(self) -> Wrapped<T> {
                Wrapped::new::<_, ($($name,)*), R>(WithCaller(self))
            }
        }

        impl<$($name: WasmTy),*> FromRegisters for ($($name,)*) {
            fn direct<T: 'static, F: Closure<T, Self, R>, R: WasmRet>() -> Option<NonNull<()>> {
                #[allow(non_snake_case)]
                unsafe extern "C" fn entry<T: 'static, F, R, $($name),*>(
                    env: *mut Instance,
                    $($name: $name::Register,)*
                ) -> <R::Values as WasmValues>::Register
                where
                    F: Closure<T, ($($name,)*), R>,
                    R: WasmRet,
                    $($name: WasmTy,)*
                {
                    let params: [u64; _] = [$($name.to_slot()),*];
                    let mut result = 0;
                    // SAFETY: the caller's, machine code that runs. Values that fit registers
                    // take a slot each, and there is at most one result.
                    unsafe {
                        let exec = (*env).exec;
                        let (from, to) = (params.as_ptr(), &raw mut result);
                        let status = run::<T, F, ($($name,)*), R>(exec, env, from, to);
                        if status != Status::Done {
                            leave(exec, status);
                        }
                    }
                    Register::from_slot(result)
                }
                const { fit_registers(Self::TYPES, R::Values::TYPES) }
                    .then_some(entry::<T, F, R, $($name),*> as *const ())
                    .and_then(|entry| NonNull::new(entry.cast_mut()))
            }
        }
    };
}

/// Ends the run of machine code that is about to go on.
///
/// # Safety
/// Machine code has called a direct trampoline, which returns next.
#[cold]
unsafe fn leave(exec: *const ExecContext, status: Status) {
    // SAFETY: the caller's; the context is the running one.
    unsafe {
        let leave = (*exec).leave_machine.get();
        leave.expect("whoever runs machine code knows how it ends")(exec, status);
    }
}

closures!();
closures!(A);
closures!(A B);
closures!(A B C);
closures!(A B C D);
closures!(A B C D E);
closures!(A B C D E G);
closures!(A B C D E G H);
closures!(A B C D E G H I);
closures!(A B C D E G H I J);
closures!(A B C D E G H I J K);
closures!(A B C D E G H I J K L);
closures!(A B C D E G H I J K L M);
closures!(A B C D E G H I J K L M N);
closures!(A B C D E G H I J K L M N O);
closures!(A B C D E G H I J K L M N O P);
closures!(A B C D E G H I J K L M N O P Q);
