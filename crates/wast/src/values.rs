//! Values of scripts: arguments, and patterns of results.

use tierra::{ExternRef, Store, V128, Val};
use wast::core::{AbstractHeapType, HeapType, NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::token::{F32, F64};
use wast::{WastArg, WastRet};

/// What the references of scripts stand for.
struct Host(u32);

/// An argument as a value.
pub(crate) fn argument(store: &mut Store<()>, arg: &WastArg<'_>) -> Result<Val, String> {
    let WastArg::Core(arg) = arg else {
        return Err("not a core value".into());
    };
    let host =
        |store: &mut Store<()>, n: u32| ExternRef::new(store, Host(n)).map_err(|e| e.to_string());
    Ok(match arg {
        WastArgCore::I32(v) => Val::I32(*v),
        WastArgCore::I64(v) => Val::I64(*v),
        WastArgCore::F32(v) => Val::F32(v.bits),
        WastArgCore::F64(v) => Val::F64(v.bits),
        WastArgCore::V128(v) => Val::V128(V128::from_bits(u128::from_le_bytes(v.to_le_bytes()))),
        WastArgCore::RefNull(heap) => null(heap)?,
        WastArgCore::RefExtern(n) => Val::ExternRef(Some(host(store, *n)?)),
        WastArgCore::RefHost(n) => Val::AnyRef(Some(host(store, *n)?.to_any())),
    })
}

/// The null of a heap type.
fn null(heap: &HeapType<'_>) -> Result<Val, String> {
    use AbstractHeapType as A;
    Ok(match heap {
        HeapType::Abstract { shared: false, ty } => match ty {
            A::Func | A::NoFunc => Val::FuncRef(None),
            A::Extern | A::NoExtern => Val::ExternRef(None),
            A::Exn | A::NoExn => Val::ExnRef(None),
            A::Any | A::Eq | A::Struct | A::Array | A::I31 | A::None => Val::AnyRef(None),
            _ => return Err(format!("unsupported heap type {ty:?}")),
        },
        _ => return Err(format!("unsupported heap type {heap:?}")),
    })
}

/// Whether a value is what a script expects.
pub(crate) fn matches(
    store: &mut Store<()>,
    value: &Val,
    ret: &WastRet<'_>,
) -> Result<bool, String> {
    let WastRet::Core(ret) = ret else {
        return Err("not a core value".into());
    };
    matches_core(store, value, ret)
}

fn matches_core(store: &mut Store<()>, value: &Val, ret: &WastRetCore<'_>) -> Result<bool, String> {
    let text = |e: tierra::Error| e.to_string();
    Ok(match (ret, value) {
        (WastRetCore::Either(options), _) => {
            for option in options {
                if matches_core(store, value, option)? {
                    return Ok(true);
                }
            }
            false
        }
        (WastRetCore::I32(e), Val::I32(v)) => e == v,
        (WastRetCore::I64(e), Val::I64(v)) => e == v,
        (WastRetCore::F32(e), Val::F32(v)) => float32(e, *v),
        (WastRetCore::F64(e), Val::F64(v)) => float64(e, *v),
        (WastRetCore::V128(e), Val::V128(v)) => vector(e, *v),
        (WastRetCore::RefNull(heap), _) => {
            let null_of = match heap {
                Some(heap) => null(heap).ok(),
                None => None,
            };
            matches!(
                (value, null_of),
                (Val::FuncRef(None), None | Some(Val::FuncRef(_)))
                    | (Val::ExternRef(None), None | Some(Val::ExternRef(_)))
                    | (Val::AnyRef(None), None | Some(Val::AnyRef(_)))
                    | (Val::ExnRef(None), None | Some(Val::ExnRef(_)))
            )
        }
        (WastRetCore::RefExtern(expected), Val::ExternRef(Some(v))) => match expected {
            None => true,
            Some(n) => is_host(store, v, *n)?,
        },
        (WastRetCore::RefHost(n), Val::AnyRef(Some(v))) => {
            is_host(store, &ExternRef::convert_any(*v), *n)?
        }
        (WastRetCore::RefFunc(_), Val::FuncRef(Some(_)))
        | (WastRetCore::RefAny, Val::AnyRef(Some(_))) => true,
        (WastRetCore::RefEq, Val::AnyRef(Some(v))) => v.as_eq(&*store).map_err(text)?.is_some(),
        (WastRetCore::RefArray, Val::AnyRef(Some(v))) => {
            v.as_array(&*store).map_err(text)?.is_some()
        }
        (WastRetCore::RefStruct, Val::AnyRef(Some(v))) => {
            v.as_struct(&*store).map_err(text)?.is_some()
        }
        (WastRetCore::RefI31, Val::AnyRef(Some(v))) => v.as_i31(&*store).map_err(text)?.is_some(),
        _ => false,
    })
}

fn is_host(store: &Store<()>, value: &ExternRef, n: u32) -> Result<bool, String> {
    let data = value.data(store).map_err(|e| e.to_string())?;
    Ok(data
        .and_then(|d| d.downcast_ref::<Host>())
        .is_some_and(|h| h.0 == n))
}

fn float32(expected: &NanPattern<F32>, bits: u32) -> bool {
    match expected {
        NanPattern::CanonicalNan => bits & 0x7fff_ffff == 0x7fc0_0000,
        NanPattern::ArithmeticNan => bits & 0x7fc0_0000 == 0x7fc0_0000,
        NanPattern::Value(v) => v.bits == bits,
    }
}

fn float64(expected: &NanPattern<F64>, bits: u64) -> bool {
    const QUIET: u64 = 0x7ff8_0000_0000_0000;
    match expected {
        NanPattern::CanonicalNan => bits & (u64::MAX >> 1) == QUIET,
        NanPattern::ArithmeticNan => bits & QUIET == QUIET,
        NanPattern::Value(v) => v.bits == bits,
    }
}

fn vector(expected: &V128Pattern, v: V128) -> bool {
    match expected {
        V128Pattern::I8x16(lanes) => v.to_i8x16() == *lanes,
        V128Pattern::I16x8(lanes) => v.to_i16x8() == *lanes,
        V128Pattern::I32x4(lanes) => v.to_i32x4() == *lanes,
        V128Pattern::I64x2(lanes) => v.to_i64x2() == *lanes,
        V128Pattern::F32x4(lanes) => lanes.iter().zip(v.to_u32x4()).all(|(e, v)| float32(e, v)),
        V128Pattern::F64x2(lanes) => lanes.iter().zip(v.to_u64x2()).all(|(e, v)| float64(e, v)),
    }
}

/// A value in a form for failures.
pub(crate) fn show(values: &[Val]) -> String {
    let show = |value: &Val| match value {
        Val::F32(bits) => format!("F32({} = 0x{bits:08x})", f32::from_bits(*bits)),
        Val::F64(bits) => format!("F64({} = 0x{bits:016x})", f64::from_bits(*bits)),
        other => format!("{other:?}"),
    };
    format!(
        "[{}]",
        values.iter().map(show).collect::<Vec<_>>().join(", ")
    )
}
