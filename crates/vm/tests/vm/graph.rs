//! Random graphs of objects, compared with a model after every few steps.

use crate::{Random, World};
use std::collections::HashMap;
use std::sync::Arc;
use tierra_core::index::*;
use tierra_vm::builtins::*;
use tierra_vm::gc::ObjectKind;
use tierra_vm::*;

const TEXT: &str = "(module
  (type $node (struct (field (mut i8)) (field (mut anyref)) (field (mut i64)) (field (mut funcref)) (field (mut anyref)) (field (mut v128))))
  (type $array (array (mut anyref)))
  (type $bytes (array (mut i8)))
  (func $a) (func $b) (func $c)
  (elem declare func $a $b $c))";

const NODE: TypeIdx = TypeIdx(0);
const ARRAY: TypeIdx = TypeIdx(1);
const BYTES: TypeIdx = TypeIdx(2);

/// What a reference should refer to.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Value {
    Null,
    I31(u32),
    Object(usize),
}

#[derive(Debug)]
enum Object {
    Node {
        number: u64,
        func: u64,
        fields: [Value; 2],
    },
    Array(Vec<Value>),
    Bytes(u8, u32),
    Host(Arc<u64>),
}

struct Test {
    w: World,
    random: Random,
    /// Objects that were ever made; the model does not collect.
    objects: Vec<Object>,
    /// Handles and what they should refer to.
    roots: Vec<(RootId, Value)>,
}

impl Test {
    fn pick(&mut self) -> (u64, Value) {
        match self.random.below(6) {
            0 => (0, Value::Null),
            1 => {
                let n = self.random.next() as u32 & 0x7fff_ffff;
                (GcRef::i31(n).slot(), Value::I31(n))
            }
            _ if self.roots.is_empty() => (0, Value::Null),
            _ => {
                let (root, value) = self.roots[self.random.below(self.roots.len())];
                (self.w.store.roots.get(root).slot(), value)
            }
        }
    }

    fn keep(&mut self, slot: u64, object: Object) {
        self.objects.push(object);
        let root = self.w.store.roots.add(GcRef::from_slot(slot));
        self.roots
            .push((root, Value::Object(self.objects.len() - 1)));
    }

    fn make(&mut self) {
        let vm = self.w.vm;
        let number = self.random.next();
        let ((a, av), (b, bv)) = (self.pick(), self.pick());
        // SAFETY: the operands are of the types' fields; picked references are up to date.
        unsafe {
            match self.random.below(5) {
                0 => {
                    let func = ref_func(vm, FuncIdx(self.random.below(3) as u32));
                    let fields = [number, a, number, func, b, number, !number];
                    let slot = struct_new(vm, NODE, fields.as_ptr()).unwrap();
                    self.keep(
                        slot,
                        Object::Node {
                            number,
                            func,
                            fields: [av, bv],
                        },
                    );
                }
                1 => {
                    let len = self.random.below(50);
                    let slot = array_new(vm, ARRAY, &a, len as u32).unwrap();
                    self.keep(slot, Object::Array(vec![av; len]));
                }
                2 => {
                    let slot = array_new_fixed(vm, ARRAY, [a, b, a].as_ptr(), 3).unwrap();
                    self.keep(slot, Object::Array(vec![av, bv, av]));
                }
                3 => {
                    let len = self.random.below(2000) as u32;
                    let slot = array_new(vm, BYTES, &number, len).unwrap();
                    self.keep(slot, Object::Bytes(number as u8, len));
                }
                _ => {
                    let value = Arc::new(number);
                    let slot = self.w.store.new_extern(value.clone()).unwrap().slot();
                    self.keep(slot, Object::Host(value));
                }
            }
        }
    }

    /// Changes an object, which makes cycles.
    fn change(&mut self) {
        let (slot, Value::Object(object)) = self.pick() else {
            return;
        };
        let (new, value) = self.pick();
        let vm = self.w.vm;
        // SAFETY: the object is of the type that the model says; nothing allocates here.
        unsafe {
            match &mut self.objects[object] {
                Object::Node { fields, .. } => {
                    let field = self.random.below(2);
                    fields[field] = value;
                    struct_set(vm, NODE, [1, 4][field], slot, &new).unwrap();
                }
                Object::Array(elements) if !elements.is_empty() => {
                    let at = self.random.below(elements.len());
                    let len = self.random.below(elements.len() - at) + 1;
                    elements[at..at + len].fill(value);
                    array_fill(vm, ARRAY, slot, at as u32, &new, len as u32).unwrap();
                }
                _ => {}
            }
        }
    }

    fn forget(&mut self) {
        if !self.roots.is_empty() {
            let (root, _) = self.roots.swap_remove(self.random.below(self.roots.len()));
            self.w.store.roots.remove(root);
        }
    }

    /// Walks the heap and the model in step.
    fn check(&mut self) {
        let mut found: HashMap<usize, u64> = HashMap::new();
        let mut queue: Vec<(u64, Value)> = self
            .roots
            .iter()
            .map(|(root, value)| (self.w.store.roots.get(*root).slot(), *value))
            .collect();
        let store = &self.w.store;
        let vm = self.w.vm;
        while let Some((slot, value)) = queue.pop() {
            // SAFETY: nothing allocates here.
            let kind = unsafe { store.object_kind(GcRef::from_slot(slot)) };
            let object = match value {
                Value::Null => {
                    assert_eq!(kind, ObjectKind::Null);
                    continue;
                }
                Value::I31(n) => {
                    assert_eq!(kind, ObjectKind::I31(n));
                    continue;
                }
                Value::Object(object) => object,
            };
            if let Some(known) = found.insert(object, slot) {
                assert_eq!(known, slot, "one object became two");
                continue;
            }
            let mut out = [0; 2];
            let out = out.as_mut_ptr();
            // SAFETY: as above; the kind is checked first.
            unsafe {
                match &self.objects[object] {
                    Object::Node {
                        number,
                        func,
                        fields,
                    } => {
                        assert_eq!(kind, ObjectKind::Struct(self.w.types.id(NODE)));
                        let get = |field| {
                            struct_get(vm, NODE, field, false, slot, out).unwrap();
                            *out
                        };
                        assert_eq!((get(0), get(2), get(3)), (*number & 0xff, *number, *func));
                        assert_eq!((get(5), *out.add(1)), (*number, !*number));
                        queue.push((get(1), fields[0]));
                        queue.push((get(4), fields[1]));
                    }
                    Object::Array(elements) => {
                        assert_eq!(kind, ObjectKind::Array(self.w.types.id(ARRAY)));
                        assert_eq!(array_len(vm, slot), Ok(elements.len() as u32));
                        for (i, value) in elements.iter().enumerate() {
                            array_get(vm, ARRAY, false, slot, i as u32, out).unwrap();
                            queue.push((*out, *value));
                        }
                    }
                    Object::Bytes(byte, len) => {
                        assert_eq!(kind, ObjectKind::Array(self.w.types.id(BYTES)));
                        assert_eq!(array_len(vm, slot), Ok(*len));
                        for i in 0..*len {
                            array_get(vm, BYTES, false, slot, i, out).unwrap();
                            assert_eq!(*out, u64::from(*byte));
                        }
                    }
                    Object::Host(value) => {
                        assert_eq!(kind, ObjectKind::Extern);
                        let host = store.extern_value(GcRef::from_slot(slot)).unwrap();
                        assert_eq!(host.downcast_ref::<u64>(), Some(&**value));
                    }
                }
            }
        }
        let offsets: std::collections::HashSet<u64> = found.values().copied().collect();
        assert_eq!(offsets.len(), found.len(), "two objects became one");
        self.check_hosts(&found);
    }

    /// After a collection, exactly the values that can be reached are kept.
    fn check_hosts(&mut self, found: &HashMap<usize, u64>) {
        self.w.store.collect().unwrap();
        for (i, object) in self.objects.iter().enumerate() {
            if let Object::Host(value) = object {
                assert_eq!(
                    Arc::strong_count(value),
                    1 + usize::from(found.contains_key(&i))
                );
            }
        }
    }
}

fn run(seed: u64, stress: bool, steps: usize) {
    let config = StoreConfig {
        gc_stress: stress,
        ..StoreConfig::default()
    };
    let w = World::new(TEXT, config);
    let mut test = Test {
        w,
        random: Random(seed),
        objects: Vec::new(),
        roots: Vec::new(),
    };
    for step in 0..steps {
        match test.random.below(10) {
            0..4 => test.make(),
            4..8 => test.change(),
            _ => test.forget(),
        }
        while test.roots.len() > 60 {
            test.forget();
        }
        if step % 97 == 0 {
            test.check();
        }
    }
    test.check();
}

#[test]
fn random_graphs_survive_a_collection_at_every_allocation() {
    (0..8).for_each(|seed| run(seed, true, 2_000));
}

#[test]
fn random_graphs_survive_ordinary_collections() {
    (100..104).for_each(|seed| run(seed, false, 10_000));
}
