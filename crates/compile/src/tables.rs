//! What is known of tables before anything runs.
//!
//! Compilers of C, C++ and Rust make one table of functions, which nobody else can see and nothing
//! writes once it is there. Its length is a constant then, and who is called is of this instance;
//! with a constant index it is even known which function. To know that nothing writes a table, all
//! bodies are read once, if there is a table that could be such.

use tierra_core::index::{FuncIdx, TableIdx};
use tierra_module::{ConstOp, ElemItems, ExportItem, Module, SegmentMode, wasmparser_features};
use wasmparser::Operator;

/// The longest table that is looked at.
const MAX_LEN: u64 = 1 << 20;

/// A table whose elements never change.
#[derive(Clone, Debug)]
pub struct FixedTable {
    /// The functions; `None` for null.
    pub funcs: Vec<Option<FuncIdx>>,
    /// Whether none of them is imported.
    pub is_own: bool,
}

/// The tables of a module.
#[derive(Clone, Debug, Default)]
pub struct Tables(Vec<Option<FixedTable>>);

impl Tables {
    /// Finds out about the tables of a module.
    pub fn of(module: &Module) -> Self {
        let mut tables: Vec<_> = (0..module.tables.len())
            .map(|t| hidden(module, t))
            .collect();
        if tables.iter().any(Option::is_some) {
            for segment in &module.elems {
                fill(segment, &mut tables);
            }
            for func in module.defined_funcs() {
                // What can't be read is found when the function is compiled.
                let _ = forget_written(module, func, &mut tables);
            }
        }
        for table in tables.iter_mut().flatten() {
            let imported = |f: &FuncIdx| f.index() < module.imported_funcs;
            table.is_own = !table.funcs.iter().flatten().any(imported);
        }
        Self(tables)
    }

    /// The table, if it is fixed.
    pub fn fixed(&self, table: TableIdx) -> Option<&FixedTable> {
        self.0.get(table.index())?.as_ref()
    }
}

/// A table that nobody outside of the module can write, empty.
fn hidden(module: &Module, index: usize) -> Option<FixedTable> {
    let table = &module.tables[index];
    let exported = |item: &ExportItem| *item == ExportItem::Table(TableIdx(index as u32));
    let is_hidden = index >= module.imported_tables
        && !module.exports.iter().any(|e| exported(&e.item))
        && table.init.is_none()
        && table.ty.limits.min <= MAX_LEN;
    is_hidden.then(|| FixedTable {
        funcs: vec![None; table.ty.limits.min as usize],
        is_own: true,
    })
}

/// Puts a segment's functions into its table, which is given up if they are not known.
fn fill(segment: &tierra_module::ElemSegment, tables: &mut [Option<FixedTable>]) {
    let SegmentMode::Active(table, offset) = &segment.mode else {
        return;
    };
    let known = match (&*offset.0, &segment.items) {
        (&[ConstOp::I32Const(at)], ElemItems::Funcs(funcs)) => Some((at as usize, funcs)),
        _ => None,
    };
    let place = &mut tables[table.index()];
    let filled = place.as_mut().zip(known).and_then(|(table, (at, funcs))| {
        let end = at.checked_add(funcs.len())?;
        // Beyond the end there will be no instance.
        for (place, func) in table.funcs.get_mut(at..end)?.iter_mut().zip(funcs) {
            *place = Some(*func);
        }
        Some(())
    });
    if filled.is_none() {
        *place = None;
    }
}

/// Gives up the tables that a function may write.
fn forget_written(
    module: &Module,
    func: FuncIdx,
    tables: &mut [Option<FixedTable>],
) -> Result<(), wasmparser::BinaryReaderError> {
    let body = module.body(func).expect("it is defined");
    let features = wasmparser_features(module.features());
    let reader = wasmparser::BinaryReader::new_features(body.bytes, body.offset as u64, features);
    let body = wasmparser::FunctionBody::new(reader);
    for operator in body.get_operators_reader()? {
        let table = match operator? {
            Operator::TableSet { table }
            | Operator::TableGrow { table }
            | Operator::TableFill { table }
            | Operator::TableInit { table, .. }
            | Operator::TableCopy {
                dst_table: table, ..
            } => table,
            _ => continue,
        };
        tables[table as usize] = None;
    }
    Ok(())
}
