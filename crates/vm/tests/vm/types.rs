//! Canonical types.

use crate::module;
use std::fmt::Write;
use std::sync::Arc;
use tierra_core::index::{TypeId, TypeIdx};
use tierra_core::types::*;
use tierra_vm::{ModuleTypes, OwnedStore, StoreConfig, TypeRegistry};

fn register(registry: &Arc<TypeRegistry>, text: &str) -> Arc<ModuleTypes> {
    registry.register(&module(text))
}

fn concrete(id: TypeId) -> HeapType {
    HeapType::Concrete(id)
}

#[test]
fn equal_groups_of_different_modules_share_ids() {
    let registry = TypeRegistry::new();
    let a = register(
        &registry,
        "(module (type $f (func (param i32))) (rec (type $s (struct (field (ref $t)))) (type $t (struct (field (ref $s) (ref $f))))))",
    );
    let b = register(
        &registry,
        "(module (type (func (result i64))) (type $f (func (param i32))) (rec (type $s (struct (field (ref $t)))) (type $t (struct (field (ref $s) (ref $f))))))",
    );
    assert_eq!(a.ids[..], b.ids[1..]);
    // The same structure outside of a group, or in another order, is another type.
    let c = register(
        &registry,
        "(module (type $f (func (param i32))) (rec (type $t (struct (field (ref $s) (ref $f)))) (type $s (struct (field (ref $t))))))",
    );
    assert_eq!(c.ids[0], a.ids[0]);
    assert!(!a.ids.contains(&c.ids[1]) && !a.ids.contains(&c.ids[2]));
}

#[test]
fn two_groups_of_one_module_that_are_equal_are_one() {
    let registry = TypeRegistry::new();
    let types = register(
        &registry,
        "(module (type (struct)) (type (struct)) (rec (type (struct)) (type (struct))))",
    );
    assert_eq!(types.ids[0], types.ids[1]);
    assert_ne!(types.ids[2], types.ids[3]);
    assert_ne!(types.ids[0], types.ids[2]);
    drop(types);
    assert!(registry.is_empty());
}

#[test]
fn a_thousand_modules_share_ids_and_leave_nothing() {
    let registry = TypeRegistry::new();
    let m = module(
        "(module (type $a (sub (struct (field i32)))) (type (sub $a (struct (field i32 (ref $a))))))",
    );
    let all: Vec<_> = (0..1000).map(|_| registry.register(&m)).collect();
    assert_eq!(registry.len(), 2);
    assert!(all.iter().all(|t| t.ids == all[0].ids));
    drop(all);
    assert!(registry.is_empty());
}

#[test]
fn ids_are_used_again_but_not_while_others_name_them() {
    let registry = TypeRegistry::new();
    let types = register(&registry, "(module (type $s (struct)) (type (array i8)))");
    let host = registry.register_func(&FuncType::new(
        [ValType::Ref(RefType::nullable(concrete(types.ids[0])))],
        [],
    ));
    let named = types.ids[0];
    drop(types);
    assert_eq!(registry.len(), 2);
    assert!(matches!(
        registry.info(named).sub.composite,
        CompositeType::Struct(_)
    ));
    assert_eq!(host.infos.len(), 2);
    assert_eq!(host.infos[0].heap_params[..], [0]);
    drop(host);
    assert!(registry.is_empty());
    let mut highest = 0;
    for _ in 0..100 {
        let types = register(&registry, "(module (type (struct)) (type (array i8)))");
        highest = types.ids.iter().map(|id| id.0).max().unwrap().max(highest);
    }
    assert!(highest < 10);
}

#[test]
fn a_stale_id_of_a_store_is_replaced() {
    let registry = TypeRegistry::new();
    let mut store = OwnedStore::new(registry.clone(), StoreConfig::default());
    for text in [
        "(module (type (struct)))",
        "(module (type (array i8)))",
        "(module (type (func)))",
    ] {
        let types = register(&registry, text);
        store.add_types(&types);
        assert_eq!(
            store.type_info(types.ids[0]).sub,
            registry.info(types.ids[0]).sub
        );
    }
}

#[test]
fn long_chains_are_linear_and_are_dropped_without_recursion() {
    let mut text = String::from("(module (type $t0 (struct))");
    for i in 1..50_000 {
        let _ = write!(text, "(type $t{i} (struct (field (ref $t{}))))", i - 1);
    }
    text.push(')');
    let registry = TypeRegistry::new();
    let types = register(&registry, &text);
    assert_eq!(registry.len(), 50_000);
    drop(types);
    assert!(registry.is_empty());
}

#[test]
fn subtyping_follows_displays_and_hierarchies() {
    let registry = TypeRegistry::new();
    let types = register(
        &registry,
        "(module
           (type $a (sub (struct (field i32))))
           (type $b (sub $a (struct (field i32 i64))))
           (type $c (sub $b (struct (field i32 i64 f32))))
           (type $d (sub $a (struct (field i32 f64))))
           (type $array (array i8))
           (type $f (func)))",
    );
    let [a, b, c, d, array, f] = types.ids[..] else {
        panic!()
    };
    assert!(registry.is_subtype(c, a) && registry.is_subtype(c, b) && registry.is_subtype(b, b));
    assert!(!registry.is_subtype(a, b) && !registry.is_subtype(d, b) && !registry.is_subtype(c, d));
    assert_eq!(registry.info(c).display[..], [a, b, c]);
    let below = |x, y| registry.with(|t| t.heap_subtype(x, y));
    for struct_type in [a, b, c, d] {
        let t = concrete(struct_type);
        assert!(below(t, HeapType::Struct) && below(t, HeapType::Eq) && below(t, HeapType::Any));
        assert!(
            !below(t, HeapType::Array) && !below(t, HeapType::Func) && !below(t, HeapType::Extern)
        );
        assert!(
            below(HeapType::None, t) && !below(HeapType::NoFunc, t) && !below(HeapType::Struct, t)
        );
    }
    assert!(below(concrete(array), HeapType::Array) && below(concrete(array), HeapType::Eq));
    assert!(below(concrete(f), HeapType::Func) && below(HeapType::NoFunc, concrete(f)));
    assert!(!below(concrete(f), HeapType::Any) && !below(HeapType::None, concrete(f)));
    assert!(below(HeapType::I31, HeapType::Eq) && !below(HeapType::Eq, HeapType::I31));
    assert!(below(HeapType::NoExn, HeapType::Exn) && below(HeapType::NoExtern, HeapType::Extern));
    let null = ValType::Ref(RefType::nullable(HeapType::Eq));
    let full = ValType::Ref(RefType::non_null(concrete(c)));
    assert!(registry.val_subtype(full, null) && !registry.val_subtype(null, full));
    assert!(!registry.val_subtype(ValType::I32, ValType::I64));
}

#[test]
fn imports_match_as_the_specification_says() {
    let registry = TypeRegistry::new();
    let types = register(
        &registry,
        "(module (type $a (sub (func))) (type $b (sub $a (func))) (type (func (param i32))))",
    );
    let id = |i| types.id(TypeIdx(i));
    let matches = |a: ExternType, b: ExternType| registry.extern_matches(&a, &b);
    assert!(matches(ExternType::Func(id(1)), ExternType::Func(id(0))));
    assert!(!matches(ExternType::Func(id(0)), ExternType::Func(id(1))));
    assert!(!matches(ExternType::Tag(id(1)), ExternType::Tag(id(0))));
    assert!(!matches(ExternType::Func(id(0)), ExternType::Tag(id(0))));

    let limits = |min, max, is_64| Limits { min, max, is_64 };
    let memory = |limits, shared, page_size_log2| {
        ExternType::Memory(MemoryType {
            limits,
            shared,
            page_size_log2,
        })
    };
    let wanted = memory(limits(1, Some(3), false), false, 16);
    assert!(matches(
        memory(limits(2, Some(3), false), false, 16),
        wanted
    ));
    for given in [
        memory(limits(0, Some(3), false), false, 16),
        memory(limits(2, Some(4), false), false, 16),
        memory(limits(2, None, false), false, 16),
        memory(limits(2, Some(3), true), false, 16),
        memory(limits(2, Some(3), false), true, 16),
        memory(limits(2, Some(3), false), false, 0),
    ] {
        assert!(!matches(given, wanted), "{given:?}");
    }

    let reference = |heap| ValType::Ref(RefType::nullable(heap));
    let global = |content, mutable| ExternType::Global(GlobalType { content, mutable });
    let (sub, sup) = (reference(concrete(id(0))), reference(HeapType::Func));
    assert!(matches(global(sub, false), global(sup, false)));
    assert!(!matches(global(sub, true), global(sup, true)));
    assert!(!matches(global(sub, true), global(sub, false)));
    assert!(matches(global(sub, true), global(sub, true)));

    let table = |heap| {
        ExternType::Table(TableType {
            limits: limits(0, None, false),
            element: RefType::nullable(heap),
        })
    };
    assert!(matches(table(HeapType::Func), table(HeapType::Func)));
    assert!(!matches(table(concrete(id(0))), table(HeapType::Func)));
}
