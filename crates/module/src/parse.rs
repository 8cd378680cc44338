//! One pass over the sections; bodies are validated at the end ([`Unvalidated`]).

use crate::convert::{self, wasmparser_features};
use crate::module::*;
use crate::{ConstExpr, Executor, ModuleError, Unvalidated, long};
use alloc::{string::ToString, vec::Vec};
use core::ops::Range;
use tierra_core::Features;
use tierra_core::index::*;
use tierra_core::types::*;
use wasmparser::{
    BinaryReader, Chunk, ElementItems, ElementKind, ExternalKind, FunctionBody, Parser, Payload,
    TableInit, TypeRef, ValidPayload, Validator, ValidatorResources,
};

/// The largest size of a body.
const MAX_BODY: usize = 7_654_321;

pub(crate) fn module(
    bytes: Bytes,
    features: Features,
    executor: &dyn Executor,
) -> Result<Module, ModuleError> {
    read(bytes.clone(), features, executor).map_err(|error| {
        let missing = missing_feature(&bytes, features, executor, error.offset());
        match missing {
            Some(name) => error.needs(name),
            None => error,
        }
    })
}

/// The one switched-off feature with which the module becomes valid, or fails further on.
fn missing_feature(
    bytes: &Bytes,
    features: Features,
    executor: &dyn Executor,
    offset: Option<u64>,
) -> Option<&'static str> {
    let off = Features::ALL.iter().filter(|(_, f)| !features.contains(*f));
    off.into_iter()
        .find(
            |(_, f)| match read(bytes.clone(), features.with(*f, true), executor) {
                Ok(_) => true,
                Err(e) => e.offset() > offset,
            },
        )
        .map(|(name, _)| *name)
}

fn range(range: &Range<u64>) -> Range<usize> {
    range.start as usize..range.end as usize
}

/// A module of which nothing is known yet.
fn empty(bytes: Bytes, features: Features) -> Module {
    Module {
        bytes,
        features,
        rec_groups: Vec::new(),
        types: Vec::new(),
        imports: Vec::new(),
        funcs: Vec::new(),
        imported_funcs: 0,
        tables: Vec::new(),
        imported_tables: 0,
        memories: Vec::new(),
        imported_memories: 0,
        globals: Vec::new(),
        global_inits: Vec::new(),
        tags: Vec::new(),
        imported_tags: 0,
        exports: Vec::new(),
        start: None,
        elems: Vec::new(),
        datas: Vec::new(),
        data_count: None,
        bodies: Vec::new(),
        customs: Vec::new(),
        sections: Vec::new(),
        lazy: None,
    }
}

/// Reads the sections only.
pub(crate) fn valid_module(bytes: Bytes, features: Features) -> Result<Module, ModuleError> {
    let mut module = empty(bytes.clone(), features);
    let mut parser = Parser::new(0);
    parser.set_features(wasmparser_features(features));
    let bytes: &[u8] = (*bytes).as_ref();
    let mut at = 0;
    loop {
        let Chunk::Parsed { consumed, payload } = parser.parse(&bytes[at..], true)? else {
            unreachable!("the parser was told that there is no more");
        };
        at += consumed;
        check_count(&payload)?;
        match &payload {
            Payload::CodeSectionStart { count, size, .. } => {
                let end = at + *size as usize;
                let section = bytes.get(..end);
                module.bodies = section
                    .and_then(|section| long::bodies(section, at, *count))
                    .ok_or_else(|| cut_off(end))?;
                parser.skip_section();
                at = end;
            }
            Payload::End(_) => return Ok(module),
            _ => {}
        }
        module.section(payload)?;
    }
}

fn cut_off(at: usize) -> ModuleError {
    let message = "unexpected end of section or function";
    ModuleError::malformed(message.into(), Some(at as u64))
}

fn read(bytes: Bytes, features: Features, executor: &dyn Executor) -> Result<Module, ModuleError> {
    let module = sections(bytes, features)?;
    module.validate(executor)?;
    Ok(module.into_module())
}

/// Reads and validates everything but bodies.
pub(crate) fn sections(bytes: Bytes, features: Features) -> Result<Unvalidated, ModuleError> {
    let mut module = empty(bytes.clone(), features);
    let mut validator = Validator::new_with_features(wasmparser_features(features));
    let mut parser = Parser::new(0);
    parser.set_features(wasmparser_features(features));
    let bytes: &[u8] = (*bytes).as_ref();
    let mut oracle = None;
    let mut at = 0;
    loop {
        let Chunk::Parsed { consumed, payload } = parser.parse(&bytes[at..], true)? else {
            unreachable!("the parser was told that there is no more");
        };
        at += consumed;
        check_count(&payload)?;
        match validator.payload(&payload)? {
            ValidPayload::Func(func, body) => {
                module.bodies.push(range(&body.range()));
                oracle = Some(func.resources);
            }
            ValidPayload::End(_) => return Ok(Unvalidated::new(module, oracle)),
            _ => {}
        }
        if let Payload::CodeSectionStart { count, size, .. } = &payload {
            let end = at + *size as usize;
            let section = bytes.get(..end);
            let bodies = section.and_then(|section| long::bodies(section, at, *count));
            // If there is anything to object to, going on body by body will tell.
            if let Some(bodies) = bodies.filter(|bodies| bodies.iter().all(|b| b.len() <= MAX_BODY))
            {
                parser.skip_section();
                at = end;
                if let Some(body) = bodies.first() {
                    oracle = Some(resources(&mut validator, bytes, body.clone())?);
                }
                module.bodies = bodies;
            }
        }
        module.section(payload)?;
    }
}

/// What `wasmparser` has to know of the module to validate its bodies, of which it gets to see
/// the first.
fn resources(
    validator: &mut Validator,
    bytes: &[u8],
    first: Range<usize>,
) -> Result<ValidatorResources, ModuleError> {
    let reader = BinaryReader::new(&bytes[first.clone()], first.start as u64);
    let func = validator.code_section_entry(&FunctionBody::new(reader))?;
    Ok(func.resources)
}

/// A section has no more entries than bytes. Validation would find out, too, but reserves memory
/// for as many as there are said to be first: 160 MB for an import section of ten bytes.
fn check_count(payload: &Payload<'_>) -> Result<(), ModuleError> {
    let (count, range) = match payload {
        Payload::TypeSection(s) => (s.count(), s.range()),
        Payload::ImportSection(s) => (s.count(), s.range()),
        Payload::FunctionSection(s) => (s.count(), s.range()),
        Payload::TableSection(s) => (s.count(), s.range()),
        Payload::MemorySection(s) => (s.count(), s.range()),
        Payload::TagSection(s) => (s.count(), s.range()),
        Payload::GlobalSection(s) => (s.count(), s.range()),
        Payload::ExportSection(s) => (s.count(), s.range()),
        Payload::ElementSection(s) => (s.count(), s.range()),
        Payload::DataSection(s) => (s.count(), s.range()),
        // That of the code section has to be that of the function section.
        _ => return Ok(()),
    };
    if u64::from(count) <= range.end - range.start {
        return Ok(());
    }
    Err(cut_off(range.end as usize))
}

impl Module {
    /// Takes over what a validated section says.
    fn section(&mut self, payload: Payload<'_>) -> Result<(), ModuleError> {
        if let Some((id, contents)) = payload.as_section() {
            self.sections.push((id, range(&contents)));
        }
        match payload {
            Payload::TypeSection(section) => {
                let groups = section.count() as usize;
                self.types.reserve_exact(groups);
                self.rec_groups.reserve_exact(groups);
                for group in section {
                    let start = self.types.len();
                    for ty in group?.into_types() {
                        self.types.push(convert::sub_type(&ty)?);
                    }
                    self.rec_groups.push(start..self.types.len());
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    self.import(&import?)?;
                }
                self.imported_funcs = self.funcs.len();
                self.imported_tables = self.tables.len();
                self.imported_memories = self.memories.len();
                self.imported_tags = self.tags.len();
            }
            Payload::FunctionSection(section) => {
                let range = range(&section.range());
                let types = long::function_types(&self.bytes()[range.clone()]);
                self.funcs.extend(types.ok_or_else(|| cut_off(range.end))?);
            }
            Payload::TableSection(section) => {
                for table in section {
                    let table = table?;
                    let init = match &table.init {
                        TableInit::RefNull => None,
                        TableInit::Expr(expr) => Some(ConstExpr::read(expr)?),
                    };
                    self.tables.push(Table {
                        ty: convert::table_type(&table.ty)?,
                        init,
                    });
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    self.memories.push(convert::memory_type(&memory?));
                }
            }
            Payload::TagSection(section) => {
                for tag in section {
                    self.tags.push(TypeIdx(tag?.func_type_idx));
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    let global = global?;
                    self.globals.push(convert::global_type(&global.ty)?);
                    self.global_inits.push(ConstExpr::read(&global.init_expr)?);
                }
            }
            Payload::ExportSection(section) => {
                self.exports.reserve_exact(section.count() as usize);
                for export in section {
                    let export = export?;
                    let item = match export.kind {
                        ExternalKind::Func | ExternalKind::FuncExact => {
                            ExportItem::Func(FuncIdx(export.index))
                        }
                        ExternalKind::Table => ExportItem::Table(TableIdx(export.index)),
                        ExternalKind::Memory => ExportItem::Memory(MemoryIdx(export.index)),
                        ExternalKind::Global => ExportItem::Global(GlobalIdx(export.index)),
                        ExternalKind::Tag => ExportItem::Tag(TagIdx(export.index)),
                    };
                    self.exports.push(Export {
                        name: export.name.into(),
                        item,
                    });
                }
            }
            Payload::DataCountSection { count, .. } => self.data_count = Some(count),
            Payload::StartSection { func, .. } => self.start = Some(FuncIdx(func)),
            Payload::ElementSection(section) => {
                for elem in section {
                    self.elem(elem?)?;
                }
            }
            Payload::DataSection(section) => {
                let range = range(&section.range());
                if let Some(datas) = long::datas(&self.bytes()[..range.end], range.start) {
                    self.datas = datas;
                    return Ok(());
                }
                self.datas.reserve_exact(section.count() as usize);
                for data in section {
                    let data = data?;
                    let mode = match &data.kind {
                        wasmparser::DataKind::Passive => SegmentMode::Passive,
                        wasmparser::DataKind::Active {
                            memory_index,
                            offset_expr,
                        } => SegmentMode::Active(
                            MemoryIdx(*memory_index),
                            ConstExpr::read(offset_expr)?,
                        ),
                    };
                    let end = data.range.end as usize;
                    self.datas.push(DataSegment {
                        mode,
                        range: end - data.data.len()..end,
                    });
                }
            }
            Payload::CustomSection(section) => {
                let contents = section.data_offset() as usize..section.range().end as usize;
                self.customs.push((section.name().to_string(), contents));
            }
            _ => {}
        }
        Ok(())
    }

    fn import(&mut self, import: &wasmparser::Import<'_>) -> Result<(), ModuleError> {
        let ty = match import.ty {
            TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                self.funcs.push(TypeIdx(ty));
                ExternType::Func(TypeIdx(ty))
            }
            TypeRef::Table(ty) => {
                let ty = convert::table_type(&ty)?;
                self.tables.push(Table { ty, init: None });
                ExternType::Table(ty)
            }
            TypeRef::Memory(ty) => {
                let ty = convert::memory_type(&ty);
                self.memories.push(ty);
                ExternType::Memory(ty)
            }
            TypeRef::Global(ty) => {
                let ty = convert::global_type(&ty)?;
                self.globals.push(ty);
                ExternType::Global(ty)
            }
            TypeRef::Tag(ty) => {
                self.tags.push(TypeIdx(ty.func_type_idx));
                ExternType::Tag(TypeIdx(ty.func_type_idx))
            }
        };
        self.imports.push(Import {
            module: import.module.into(),
            name: import.name.into(),
            ty,
        });
        Ok(())
    }

    fn elem(&mut self, elem: wasmparser::Element<'_>) -> Result<(), ModuleError> {
        let mode = match &elem.kind {
            ElementKind::Passive => SegmentMode::Passive,
            ElementKind::Declared => SegmentMode::Declared,
            ElementKind::Active {
                table_index,
                offset_expr,
            } => SegmentMode::Active(
                TableIdx(table_index.unwrap_or(0)),
                ConstExpr::read(offset_expr)?,
            ),
        };
        let (ty, items) = match elem.items {
            ElementItems::Functions(section) => {
                // Each takes a byte at least.
                let range = section.range();
                let most = u64::from(section.count()).min(range.end - range.start);
                let mut funcs = Vec::with_capacity(most as usize);
                for func in section {
                    funcs.push(FuncIdx(func?));
                }
                (
                    RefType::non_null(HeapType::Func),
                    ElemItems::Funcs(funcs.into()),
                )
            }
            ElementItems::Expressions(ty, exprs) => {
                let exprs = exprs
                    .into_iter()
                    .map(|e| ConstExpr::read(&e?))
                    .collect::<Result<Vec<_>, _>>()?;
                (convert::ref_type(ty)?, ElemItems::Exprs(exprs.into()))
            }
        };
        self.elems.push(ElemSegment { mode, ty, items });
        Ok(())
    }
}
