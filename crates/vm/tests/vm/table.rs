//! Tables.

use crate::World;
use tierra_core::Trap;
use tierra_core::index::*;
use tierra_vm::builtins::*;
use tierra_vm::*;

const FUNCS: TableIdx = TableIdx(0);
const EXTERNS: TableIdx = TableIdx(1);
const OOB: Result<(), Trap> = Err(Trap::TableOutOfBounds);

fn world() -> World {
    World::new(
        "(module (table 4 10 funcref) (table 4 externref) (table 2 funcref)
           (func $f) (func $g (param i32)) (elem func $f $g) (elem declare func $f $g)
           (elem externref (ref.null extern) (ref.null extern)))",
        StoreConfig::default(),
    )
}

#[test]
fn entries_are_copies_of_function_references() {
    let w = world();
    // SAFETY: the instance lives; the values are of the table's type.
    unsafe {
        let g = ref_func(w.vm, FuncIdx(1));
        assert_eq!(table_get(w.vm, FUNCS, 3), Ok(0));
        table_set(w.vm, FUNCS, 3, g).unwrap();
        assert_eq!(table_get(w.vm, FUNCS, 3), Ok(g));
        let def = *(*w.vm).tables;
        let entries = (*def).base.cast::<TableFunc>();
        let entry = *entries.add(3);
        assert_eq!(
            (entry.funcref as u64, entry.instance, (*def).len),
            (g, w.vm, 4)
        );
        assert_eq!(entry.type_id, w.types.id(w.data().module.funcs[1]));
        assert_eq!((*entries).type_id, NO_TYPE);
        table_set(w.vm, FUNCS, 3, 0).unwrap();
        assert_eq!((*entries.add(3)).type_id, NO_TYPE);
        assert_eq!(table_get(w.vm, FUNCS, 4), Err(Trap::TableOutOfBounds));
        assert_eq!(table_set(w.vm, FUNCS, 4, g), OOB);
    }
}

#[test]
fn growth_and_fill() {
    let w = world();
    // SAFETY: the instance lives; the values are of the tables' types.
    unsafe {
        let f = ref_func(w.vm, FuncIdx(0));
        assert_eq!(table_grow(w.vm, FUNCS, 2, f), 4);
        assert_eq!(
            (table_get(w.vm, FUNCS, 5), table_get(w.vm, FUNCS, 3)),
            (Ok(f), Ok(0))
        );
        assert_eq!(table_grow(w.vm, FUNCS, 5, f), u64::MAX);
        assert_eq!(table_grow(w.vm, FUNCS, 4, f), 6);
        assert_eq!(
            (table_size(w.vm, FUNCS), table_grow(w.vm, FUNCS, 0, f)),
            (10, 10)
        );
        assert_eq!(table_grow(w.vm, EXTERNS, 20_000_000, 0), u64::MAX);
        assert_eq!(table_grow(w.vm, EXTERNS, u64::MAX, 0), u64::MAX);
        let i31 = GcRef::i31(7).slot();
        assert_eq!(table_grow(w.vm, EXTERNS, 1000, i31), 4);
        assert_eq!(table_get(w.vm, EXTERNS, 1003), Ok(i31));
        table_fill(w.vm, EXTERNS, 0, i31, 4).unwrap();
        assert_eq!(table_get(w.vm, EXTERNS, 3), Ok(i31));
        table_fill(w.vm, FUNCS, 9, 0, 1).unwrap();
        assert_eq!(table_get(w.vm, FUNCS, 9), Ok(0));
        assert_eq!(table_fill(w.vm, FUNCS, 9, f, 2), OOB);
        assert_eq!(table_get(w.vm, FUNCS, 9), Ok(0));
        assert_eq!(table_fill(w.vm, FUNCS, 10, f, 0), Ok(()));
        assert_eq!(table_fill(w.vm, FUNCS, 11, f, 0), OOB);
        assert_eq!(table_fill(w.vm, FUNCS, 1, f, u64::MAX), OOB);
    }
}

#[test]
fn copy_and_init() {
    let w = world();
    // SAFETY: the instance lives; the segments are of the tables' types.
    unsafe {
        let (f, g) = (ref_func(w.vm, FuncIdx(0)), ref_func(w.vm, FuncIdx(1)));
        let segment = ElemIdx(0);
        table_init(w.vm, FUNCS, segment, 1, 0, 2).unwrap();
        assert_eq!(table_init(w.vm, FUNCS, segment, 3, 0, 2), OOB);
        assert_eq!(table_init(w.vm, FUNCS, segment, 0, 1, 2), OOB);
        table_copy(w.vm, FUNCS, FUNCS, 2, 1, 2).unwrap();
        let all = |table: TableIdx| {
            (0..table_size(w.vm, table))
                .map(|i| table_get(w.vm, table, i).unwrap())
                .collect::<Vec<_>>()
        };
        assert_eq!(all(FUNCS), [0, f, f, g]);
        table_copy(w.vm, TableIdx(2), FUNCS, 0, 2, 2).unwrap();
        assert_eq!(all(TableIdx(2)), [f, g]);
        assert_eq!(table_copy(w.vm, TableIdx(2), FUNCS, 1, 0, 2), OOB);
        assert_eq!(table_copy(w.vm, FUNCS, TableIdx(2), 0, 1, 2), OOB);
        elem_drop(w.vm, segment);
        assert_eq!(table_init(w.vm, FUNCS, segment, 0, 0, 1), OOB);
        assert_eq!(table_init(w.vm, FUNCS, segment, 0, 0, 0), Ok(()));
        w.data()
            .set_elem(ElemIdx(2), Box::new([0, GcRef::i31(1).slot()]));
        table_init(w.vm, EXTERNS, ElemIdx(2), 0, 0, 2).unwrap();
        assert_eq!(all(EXTERNS)[..2], [0, GcRef::i31(1).slot()]);
    }
}
