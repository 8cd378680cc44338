//! Structures, arrays and exceptions through the builtins, collecting at every allocation.

use crate::World;
use tierra_core::Trap;
use tierra_core::index::*;
use tierra_core::types::*;
use tierra_vm::builtins::*;
use tierra_vm::*;

const TEXT: &str = "(module
  (type $packed (struct (field (mut i8)) (field (mut i16)) (field (mut i32)) (field (mut i64)) (field (mut v128)) (field (mut anyref)) (field (mut funcref)) (field (mut f32))))
  (type $bytes (array (mut i8)))
  (type $refs (array (mut anyref)))
  (type $funcs (array (mut funcref)))
  (type $vectors (array (mut v128)))
  (type $words (array (mut i16)))
  (type $super (sub (struct (field i32))))
  (type $sub (sub $super (struct (field i32) (field i64))))
  (type $empty (struct))
  (type $args (func (param i32 anyref v128 funcref externref)))
  (tag $tag (type $args))
  (tag $none)
  (func $f) (func $g (param i32))
  (elem func $f $g)
  (elem i31ref (ref.i31 (i32.const 1)) (ref.i31 (i32.const 2)))
  (data \"\\01\\02\\03\\84\\05\"))";

const PACKED: TypeIdx = TypeIdx(0);
const BYTES: TypeIdx = TypeIdx(1);
const REFS: TypeIdx = TypeIdx(2);
const FUNCS: TypeIdx = TypeIdx(3);
const VECTORS: TypeIdx = TypeIdx(4);
const WORDS: TypeIdx = TypeIdx(5);
const SUPER: TypeIdx = TypeIdx(6);
const SUB: TypeIdx = TypeIdx(7);
const EMPTY: TypeIdx = TypeIdx(8);

/// # Safety
/// The object is a structure of this type.
unsafe fn field(w: &World, ty: TypeIdx, field: u32, signed: bool, object: u64) -> [u64; 2] {
    let mut out = [0; 2];
    // SAFETY: the caller's.
    unsafe { struct_get(w.vm, ty, field, signed, object, out.as_mut_ptr()).unwrap() };
    out
}

/// # Safety
/// The object is an array of this type.
unsafe fn element(
    w: &World,
    ty: TypeIdx,
    index: u32,
    signed: bool,
    array: u64,
) -> Result<[u64; 2], Trap> {
    let mut out = [0; 2];
    // SAFETY: the caller's.
    unsafe { array_get(w.vm, ty, signed, array, index, out.as_mut_ptr())? };
    Ok(out)
}

#[test]
fn structures_hold_every_kind_of_field() {
    let w = World::stress(TEXT);
    // SAFETY: references are used before the next allocation, or passed to it.
    unsafe {
        let inner = array_new_default(w.vm, BYTES, 3).unwrap();
        let g = ref_func(w.vm, FuncIdx(1));
        let fields = [
            0x1ff,
            0x1_fffe,
            0xdead_beef,
            u64::MAX - 1,
            3,
            4,
            inner,
            g,
            0x3f80_0000,
        ];
        let object = struct_new(w.vm, PACKED, fields.as_ptr()).unwrap();
        assert_eq!(field(&w, PACKED, 0, false, object)[0], 0xff);
        assert_eq!(field(&w, PACKED, 0, true, object)[0], 0xffff_ffff);
        assert_eq!(field(&w, PACKED, 1, false, object)[0], 0xfffe);
        assert_eq!(field(&w, PACKED, 1, true, object)[0], 0xffff_fffe);
        assert_eq!(field(&w, PACKED, 2, false, object)[0], 0xdead_beef);
        assert_eq!(field(&w, PACKED, 3, false, object)[0], u64::MAX - 1);
        assert_eq!(field(&w, PACKED, 4, false, object), [3, 4]);
        assert_eq!(
            array_len(w.vm, field(&w, PACKED, 5, false, object)[0]),
            Ok(3)
        );
        assert_eq!(field(&w, PACKED, 6, false, object)[0], g);
        assert_eq!(field(&w, PACKED, 7, false, object)[0], 0x3f80_0000);
        struct_set(w.vm, PACKED, 4, object, [8, 9].as_ptr()).unwrap();
        struct_set(w.vm, PACKED, 6, object, &0).unwrap();
        struct_set(w.vm, PACKED, 0, object, &0x7f).unwrap();
        assert_eq!(field(&w, PACKED, 4, false, object), [8, 9]);
        assert_eq!(field(&w, PACKED, 6, false, object)[0], 0);
        assert_eq!(field(&w, PACKED, 0, true, object)[0], 0x7f);
        assert_eq!(field(&w, PACKED, 1, true, object)[0], 0xffff_fffe);

        let zero = struct_new_default(w.vm, PACKED).unwrap();
        for i in 0..8 {
            assert_eq!(field(&w, PACKED, i, true, zero), [0, 0]);
        }
        let mut out = 0;
        assert_eq!(
            struct_get(w.vm, PACKED, 0, false, 0, &mut out),
            Err(Trap::NullStructReference)
        );
        assert_eq!(
            struct_set(w.vm, PACKED, 0, 0, &0),
            Err(Trap::NullStructReference)
        );
        let empty = struct_new(w.vm, EMPTY, std::ptr::null()).unwrap();
        assert!(empty != 0 && struct_new_default(w.vm, EMPTY).unwrap() != 0);
    }
}

#[test]
fn layouts_are_those_that_translators_compute() {
    let w = World::stress(TEXT);
    let module = &w.data().module;
    let CompositeType::Struct(fields) = &module.types[PACKED.index()].composite else {
        panic!()
    };
    let layout = gc::layout::struct_layout(fields);
    assert_eq!(layout.offsets[..], [8, 10, 12, 16, 24, 40, 44, 48]);
    assert_eq!(layout.size, 56);
    // SAFETY: the object is used before the next allocation.
    unsafe {
        let object = struct_new_default(w.vm, PACKED).unwrap();
        struct_set(w.vm, PACKED, 3, object, &0x1234).unwrap();
        let base = (*(*w.vm).exec).heap_base.get();
        assert_eq!(*base.add(object as usize + 16).cast::<u64>(), 0x1234);
        assert_eq!(
            *base.add(object as usize).cast::<u32>(),
            w.types.id(PACKED).0
        );
        let array = array_new(w.vm, WORDS, &0x8001, 5).unwrap();
        let base = (*(*w.vm).exec).heap_base.get();
        assert_eq!(*base.add(array as usize + 4).cast::<u32>(), 5);
        assert_eq!(*base.add(array as usize + 8 + 2 * 4).cast::<u16>(), 0x8001);
    }
}

#[test]
fn arrays_of_every_kind() {
    let w = World::stress(TEXT);
    // SAFETY: references are used before the next allocation, or passed to it.
    unsafe {
        let words = array_new(w.vm, WORDS, &0xffff, 1000).unwrap();
        assert_eq!(
            element(&w, WORDS, 999, true, words).unwrap()[0],
            0xffff_ffff
        );
        assert_eq!(
            element(&w, WORDS, 1000, true, words),
            Err(Trap::ArrayOutOfBounds)
        );
        let vectors = array_new(w.vm, VECTORS, [1, 2].as_ptr(), 3).unwrap();
        assert_eq!(element(&w, VECTORS, 2, false, vectors), Ok([1, 2]));
        let vectors = array_new_fixed(w.vm, VECTORS, [1, 2, 3, 4].as_ptr(), 2).unwrap();
        assert_eq!(element(&w, VECTORS, 1, false, vectors), Ok([3, 4]));

        let g = ref_func(w.vm, FuncIdx(1));
        let funcs = array_new(w.vm, FUNCS, &g, 2).unwrap();
        assert_eq!(element(&w, FUNCS, 1, false, funcs).unwrap()[0], g);

        let inner = array_new(w.vm, BYTES, &7, 9).unwrap();
        let refs = array_new(w.vm, REFS, &inner, 3).unwrap();
        let inner = element(&w, REFS, 0, false, refs).unwrap()[0];
        assert_eq!(element(&w, REFS, 2, false, refs).unwrap()[0], inner);
        assert_eq!(element(&w, BYTES, 8, false, inner).unwrap()[0], 7);
        let refs = array_new_fixed(
            w.vm,
            REFS,
            [inner, 0, GcRef::i31(5).slot(), inner].as_ptr(),
            4,
        )
        .unwrap();
        let all: Vec<u64> = (0..4)
            .map(|i| element(&w, REFS, i, false, refs).unwrap()[0])
            .collect();
        assert_eq!(all[1..3], [0, GcRef::i31(5).slot()]);
        assert_eq!((all[0], array_len(w.vm, all[0])), (all[3], Ok(9)));

        array_set(w.vm, REFS, refs, 1, &GcRef::i31(6).slot()).unwrap();
        assert_eq!(
            array_set(w.vm, REFS, refs, 4, &0),
            Err(Trap::ArrayOutOfBounds)
        );
        assert_eq!(
            array_set(w.vm, REFS, 0, 4, &0),
            Err(Trap::NullArrayReference)
        );
        assert_eq!(array_len(w.vm, 0), Err(Trap::NullArrayReference));
        assert_eq!(
            array_new_default(w.vm, REFS, 0).map(|a| array_len(w.vm, a)),
            Ok(Ok(0))
        );
    }
}

#[test]
fn bulk_instructions_of_arrays() {
    let w = World::stress(TEXT);
    w.data().set_elem(
        ElemIdx(1),
        Box::new([GcRef::i31(1).slot(), GcRef::i31(2).slot()]),
    );
    let oob = Err(Trap::ArrayOutOfBounds);
    // SAFETY: references are used before the next allocation, or passed to it.
    unsafe {
        let bytes = |a: u64| -> Vec<u64> {
            (0..array_len(w.vm, a).unwrap())
                .map(|i| element(&w, BYTES, i, false, a).unwrap()[0])
                .collect()
        };
        let data = DataIdx(0);
        let a = array_new_data(w.vm, BYTES, data, 1, 4).unwrap();
        assert_eq!(bytes(a), [2, 3, 0x84, 5]);
        array_copy(w.vm, BYTES, BYTES, a, 1, a, 0, 3).unwrap();
        assert_eq!(bytes(a), [2, 2, 3, 0x84]);
        array_fill(w.vm, BYTES, a, 2, &0x109, 2).unwrap();
        assert_eq!(bytes(a), [2, 2, 9, 9]);
        assert_eq!(array_fill(w.vm, BYTES, a, 3, &0, 2), oob);
        assert_eq!(array_fill(w.vm, BYTES, a, 4, &0, 0), Ok(()));
        assert_eq!(array_fill(w.vm, BYTES, a, 5, &0, 0), oob);
        assert_eq!(array_fill(w.vm, BYTES, a, 1, &0, u32::MAX), oob);
        assert_eq!(
            array_fill(w.vm, BYTES, 0, 1, &0, 0),
            Err(Trap::NullArrayReference)
        );
        assert_eq!(array_copy(w.vm, BYTES, BYTES, a, 2, a, 0, 3), oob);
        assert_eq!(array_copy(w.vm, BYTES, BYTES, a, 0, a, 2, 3), oob);
        assert_eq!(
            array_copy(w.vm, BYTES, BYTES, a, 0, 0, 0, 0),
            Err(Trap::NullArrayReference)
        );
        array_init_data(w.vm, BYTES, data, a, 2, 0, 2).unwrap();
        assert_eq!(bytes(a), [2, 2, 1, 2]);
        assert_eq!(array_init_data(w.vm, BYTES, data, a, 3, 0, 2), oob);
        assert_eq!(
            array_init_data(w.vm, BYTES, data, a, 0, 4, 2),
            Err(Trap::MemoryOutOfBounds)
        );
        let words = array_new_data(w.vm, WORDS, data, 1, 2).unwrap();
        assert_eq!(element(&w, WORDS, 1, true, words).unwrap()[0], 0x0584);
        assert_eq!(
            array_new_data(w.vm, WORDS, data, 2, 2),
            Err(Trap::MemoryOutOfBounds)
        );
        data_drop(w.vm, data);
        assert_eq!(
            array_new_data(w.vm, WORDS, data, 0, 1),
            Err(Trap::MemoryOutOfBounds)
        );

        let (f, g) = (ref_func(w.vm, FuncIdx(0)), ref_func(w.vm, FuncIdx(1)));
        let funcs = array_new_elem(w.vm, FUNCS, ElemIdx(0), 0, 2).unwrap();
        assert_eq!(element(&w, FUNCS, 0, false, funcs).unwrap()[0], f);
        array_init_elem(w.vm, FUNCS, ElemIdx(0), funcs, 0, 1, 1).unwrap();
        assert_eq!(element(&w, FUNCS, 0, false, funcs).unwrap()[0], g);
        assert_eq!(
            array_init_elem(w.vm, FUNCS, ElemIdx(0), funcs, 0, 1, 2),
            Err(Trap::TableOutOfBounds)
        );
        assert_eq!(
            array_init_elem(w.vm, FUNCS, ElemIdx(0), funcs, 1, 0, 2),
            oob
        );
        let refs = array_new_elem(w.vm, REFS, ElemIdx(1), 1, 1).unwrap();
        assert_eq!(
            element(&w, REFS, 0, false, refs).unwrap()[0],
            GcRef::i31(2).slot()
        );
        assert_eq!(
            array_new_elem(w.vm, REFS, ElemIdx(1), 1, 2),
            Err(Trap::TableOutOfBounds)
        );
        elem_drop(w.vm, ElemIdx(1));
        assert_eq!(
            array_new_elem(w.vm, REFS, ElemIdx(1), 0, 1),
            Err(Trap::TableOutOfBounds)
        );
    }
}

#[test]
fn exceptions_carry_their_payload() {
    let mut w = World::stress(TEXT);
    let boxed = w.store.new_extern(std::sync::Arc::new("host")).unwrap();
    let scope = w.store.roots.enter();
    let boxed = w.store.roots.push(boxed);
    // SAFETY: references are used before the next allocation, or kept in roots.
    unsafe {
        let inner = array_new(w.vm, BYTES, &7, 9).unwrap();
        let g = ref_func(w.vm, FuncIdx(1));
        let payload = [1, inner, 2, 3, g, w.store.roots.at(boxed).slot()];
        let exn = exn_new(w.vm, TagIdx(0), payload.as_ptr()).unwrap();
        w.store.roots.leave(scope);
        w.store.pending = Pending::Throw(GcRef::from_slot(exn));
        let none = exn_new(w.vm, TagIdx(1), std::ptr::null()).unwrap();
        assert_eq!(exn_tag(w.vm, none), *(*w.vm).tags.add(1));
        w.store.collect().unwrap();
        let Pending::Throw(exn) = w.store.pending else {
            panic!()
        };
        assert_eq!(exn_tag(w.vm, exn.slot()), *(*w.vm).tags);
        let mut out = [0; 6];
        exn_fields(w.vm, exn.slot(), out.as_mut_ptr());
        assert_eq!((out[0], out[2], out[3], out[4]), (1, 2, 3, g));
        assert_eq!(element(&w, BYTES, 8, false, out[1]).unwrap()[0], 7);
        let host = w.store.extern_value(GcRef::from_slot(out[5])).unwrap();
        assert_eq!(host.downcast_ref::<&str>(), Some(&"host"));
        assert_eq!(w.store.object_kind(exn), gc::ObjectKind::Exn);
    }
}

#[test]
fn tests_of_references() {
    let mut w = World::new(TEXT, StoreConfig::default());
    let host = w.store.new_extern(std::sync::Arc::new(0)).unwrap().slot();
    // SAFETY: without stress, so few allocations don't collect.
    unsafe {
        let array = array_new_default(w.vm, BYTES, 1).unwrap();
        let sub = struct_new_default(w.vm, SUB).unwrap();
        let sup = struct_new_default(w.vm, SUPER).unwrap();
        let i31 = GcRef::i31(9).slot();
        use HeapType::*;
        let test = |value, heap| {
            let is = ref_test(w.vm, value, RefType::non_null(heap), RefKind::Heap);
            assert_eq!(
                is,
                ref_test(w.vm, value, RefType::nullable(heap), RefKind::Heap)
            );
            is
        };
        let all = [
            Any,
            Eq,
            I31,
            Struct,
            Array,
            None,
            Extern,
            NoExtern,
            Concrete(SUPER),
            Concrete(SUB),
            Concrete(BYTES),
        ];
        let row = |value| all.map(|heap| u8::from(test(value, heap)));
        assert_eq!(row(i31), [1, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0]);
        assert_eq!(row(sup), [1, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0]);
        assert_eq!(row(sub), [1, 1, 0, 1, 0, 0, 1, 0, 1, 1, 0]);
        assert_eq!(row(array), [1, 1, 0, 0, 1, 0, 1, 0, 0, 0, 1]);
        assert_eq!(row(host), [1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
        for heap in all {
            assert!(ref_test(w.vm, 0, RefType::nullable(heap), RefKind::Heap));
            assert!(!ref_test(w.vm, 0, RefType::non_null(heap), RefKind::Heap));
        }
        let exn = exn_new(w.vm, TagIdx(1), std::ptr::null()).unwrap();
        assert!(test(exn, Exn) && !test(exn, NoExn));

        let g = ref_func(w.vm, FuncIdx(1));
        let ty = w.data().module.funcs[1];
        let test = |value, to| ref_test(w.vm, value, to, RefKind::Func);
        assert!(test(g, RefType::non_null(Func)) && test(g, RefType::non_null(Concrete(ty))));
        assert!(!test(g, RefType::nullable(NoFunc)));
        assert!(!test(
            g,
            RefType::nullable(Concrete(w.data().module.funcs[0]))
        ));
        assert!(test(0, RefType::nullable(NoFunc)) && !test(0, RefType::non_null(Func)));
        let (sub, sup) = (w.types.id(SUB), w.types.id(SUPER));
        assert!(
            is_subtype(w.vm, sub, sup)
                && !is_subtype(w.vm, sup, sub)
                && !is_subtype(w.vm, NO_TYPE, sup)
        );
        assert_eq!(func_from_heap(w.vm, func_to_heap(w.vm, g)), g);
        assert_eq!((func_to_heap(w.vm, 0), func_from_heap(w.vm, 0)), (0, 0));
    }
}
