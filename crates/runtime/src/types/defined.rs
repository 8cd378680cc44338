//! Types that modules define.

use super::{FieldType, FuncType};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use tierra_core::index::TypeId;
use tierra_core::types as core_types;
use tierra_vm::{ModuleTypes, TypeInfo};

/// A type that a module defined: a function, structure or array type. Equal types of all modules
/// of an engine are equal.
#[derive(Clone)]
pub struct DefinedType {
    /// Keeps the type and all that it names alive.
    owner: Arc<ModuleTypes>,
    info: Arc<TypeInfo>,
}

/// Whoever keeps types alive.
pub(crate) trait TypeSource {
    /// Types among which is this one.
    fn owner_of(&self, id: TypeId) -> Arc<ModuleTypes>;
}

impl TypeSource for Arc<ModuleTypes> {
    fn owner_of(&self, _: TypeId) -> Arc<ModuleTypes> {
        self.clone()
    }
}

impl DefinedType {
    pub(crate) fn new(source: &dyn TypeSource, id: TypeId) -> Self {
        let owner = source.owner_of(id);
        let info = owner
            .infos
            .iter()
            .find(|i| i.id == id)
            .expect("types keep alive what they name");
        Self {
            info: info.clone(),
            owner,
        }
    }

    pub(crate) fn id(&self) -> TypeId {
        self.info.id
    }

    pub(crate) fn info(&self) -> &TypeInfo {
        &self.info
    }

    pub(crate) fn owner(&self) -> &Arc<ModuleTypes> {
        &self.owner
    }

    /// The function type that it is, if it is one.
    pub fn as_func(&self) -> Option<FuncType> {
        match &self.info.sub.composite {
            core_types::CompositeType::Func(ty) => Some(FuncType::from_core(&self.owner, ty)),
            _ => None,
        }
    }

    /// The fields of the structure type that it is, if it is one.
    pub fn as_struct(&self) -> Option<Vec<FieldType>> {
        match &self.info.sub.composite {
            core_types::CompositeType::Struct(fields) => Some(
                fields
                    .iter()
                    .map(|f| FieldType::from_core(&self.owner, f))
                    .collect(),
            ),
            _ => None,
        }
    }

    /// The elements of the array type that it is, if it is one.
    pub fn as_array(&self) -> Option<FieldType> {
        match &self.info.sub.composite {
            core_types::CompositeType::Array(field) => {
                Some(FieldType::from_core(&self.owner, field))
            }
            _ => None,
        }
    }
}

impl PartialEq for DefinedType {
    fn eq(&self, other: &Self) -> bool {
        // An engine keeps one description per type.
        Arc::ptr_eq(&self.info, &other.info)
    }
}

impl Eq for DefinedType {}

impl fmt::Debug for DefinedType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.id())
    }
}

impl fmt::Display for DefinedType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "$t{}", self.id())
    }
}
