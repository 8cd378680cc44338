//! Types as the host sees them: those of `tierra_core` with defined types that keep themselves
//! alive.

mod composite;
mod defined;
mod display;
mod externs;
mod value;

pub use composite::{FieldType, FuncType, StorageType};
pub use defined::DefinedType;
pub(crate) use defined::TypeSource;
pub use externs::{ExportType, ExternType, GlobalType, ImportType, TableType};
pub use tierra_core::types::{Limits, MemoryType};
pub(crate) use value::ValKind;
pub use value::{HeapType, RefType, ValType};
