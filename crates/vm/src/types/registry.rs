//! The registry of an engine: recursion groups to ids.

use super::{TypeInfo, TypeTable};
use crate::gc::layout::ObjectLayout;
use crate::sync::Lock;
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;
use hashbrown::{HashMap, HashSet};
use tierra_core::index::{TypeId, TypeIdx};
use tierra_core::types::*;
use tierra_module::Module;

/// A reference from inside a recursion group.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum GroupRef {
    /// To a type of another group.
    Id(TypeId),
    /// To a type of the group itself, by position.
    Own(u32),
}

/// What makes groups equal.
type Key = Arc<[SubType<GroupRef>]>;

/// Ids from here on are never given out: the heap uses them for objects without a type.
const MAX_IDS: usize = 0xffff_ff00;

struct Group {
    key: Key,
    ids: Box<[TypeId]>,
    /// How many [`ModuleTypes`] hold it, plus how often other groups name it.
    count: usize,
}

#[derive(Default)]
struct Inner {
    by_key: HashMap<Key, usize>,
    groups: Vec<Option<Group>>,
    free_groups: Vec<usize>,
    table: TypeTable,
    /// The group of every id in use.
    group_of: Vec<usize>,
    free_ids: VecDeque<TypeId>,
}

/// The types of an engine. Threads share it.
#[derive(Default)]
pub struct TypeRegistry {
    inner: Lock<Inner>,
}

/// The canonical types of a module, kept alive.
pub struct ModuleTypes {
    /// The id of every type of the module.
    pub ids: Box<[TypeId]>,
    /// What is known of these types and of all that they name.
    pub infos: Box<[Arc<TypeInfo>]>,
    groups: Box<[usize]>,
    registry: Arc<TypeRegistry>,
}

impl ModuleTypes {
    /// The canonical id of a type of the module.
    #[inline]
    pub fn id(&self, ty: TypeIdx) -> TypeId {
        self.ids[ty.index()]
    }
}

impl Drop for ModuleTypes {
    fn drop(&mut self) {
        let groups = core::mem::take(&mut self.groups);
        let dropped = self.registry.inner.lock().release(groups.into_vec());
        drop(dropped);
    }
}

impl TypeRegistry {
    /// An empty registry.
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// The canonical types of a module, in time linear in their size.
    pub fn register(self: &Arc<Self>, module: &Module) -> Arc<ModuleTypes> {
        let mut ids = Vec::with_capacity(module.types.len());
        let mut groups = Vec::with_capacity(module.rec_groups.len());
        let mut inner = self.inner.lock();
        for range in &module.rec_groups {
            let key = group_key(&module.types[range.clone()], range, &ids);
            let group = inner.intern(key);
            ids.extend_from_slice(&inner.group(group).ids);
            groups.push(group);
        }
        let mut seen = HashSet::with_capacity(ids.len());
        let infos = ids
            .iter()
            .filter(|id| seen.insert(**id))
            .map(|id| inner.info(*id))
            .collect();
        drop(inner);
        Arc::new(ModuleTypes {
            ids: ids.into(),
            infos,
            groups: groups.into(),
            registry: self.clone(),
        })
    }

    /// The canonical type of a function of the host: its only id is at index 0. Types that it
    /// names must be alive.
    pub fn register_func(self: &Arc<Self>, ty: &FuncType) -> Arc<ModuleTypes> {
        self.register_type(&SubType {
            is_final: true,
            supertype: None,
            composite: CompositeType::Func(ty.clone()),
        })
    }

    /// The canonical type of a type that stands alone in its group: its only id is at index 0.
    /// Types that it names must be alive.
    pub fn register_type(self: &Arc<Self>, ty: &SubType) -> Arc<ModuleTypes> {
        let mut inner = self.inner.lock();
        let group = inner.intern([ty.map(&mut GroupRef::Id)].into());
        let ids = inner.group(group).ids.clone();
        let infos = inner.closure(&ids);
        drop(inner);
        Arc::new(ModuleTypes {
            ids,
            infos,
            groups: [group].into(),
            registry: self.clone(),
        })
    }

    /// What is known of a type that is alive.
    pub fn info(&self, id: TypeId) -> Arc<TypeInfo> {
        self.inner.lock().info(id)
    }

    /// Looks at the types under the lock.
    pub fn with<R>(&self, look: impl FnOnce(&TypeTable) -> R) -> R {
        look(&self.inner.lock().table)
    }

    /// Whether `a` is `b` or a type below it.
    pub fn is_subtype(&self, a: TypeId, b: TypeId) -> bool {
        a == b || self.with(|t| t.is_subtype(a, b))
    }

    /// Whether `a` matches `b`.
    pub fn val_subtype(&self, a: ValType, b: ValType) -> bool {
        a == b || self.with(|t| t.val_subtype(a, b))
    }

    /// Whether something of type `given` may be imported as `wanted`.
    pub fn extern_matches(&self, given: &ExternType, wanted: &ExternType) -> bool {
        self.with(|t| t.extern_matches(given, wanted))
    }

    /// The number of types alive.
    pub fn len(&self) -> usize {
        let inner = self.inner.lock();
        inner.group_of.len() - inner.free_ids.len()
    }

    /// Whether no type is alive.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The key of a group at `range` of a module, of whose earlier types the ids are known.
fn group_key(types: &[SubType<TypeIdx>], range: &Range<usize>, ids: &[TypeId]) -> Key {
    let mut relative = |ty: TypeIdx| match ty.index().checked_sub(range.start) {
        Some(own) => GroupRef::Own(own as u32),
        None => GroupRef::Id(ids[ty.index()]),
    };
    types.iter().map(|t| t.map(&mut relative)).collect()
}

/// Calls `f` with every type that a type names.
fn each_named<C: Copy>(ty: &SubType<C>, f: &mut impl FnMut(C)) {
    ty.map(&mut |c| {
        f(c);
    });
}

impl Inner {
    fn group(&self, group: usize) -> &Group {
        self.groups[group].as_ref().expect("the group is alive")
    }

    fn info(&self, id: TypeId) -> Arc<TypeInfo> {
        self.table.get(id).expect("the type is alive").clone()
    }

    /// The group of this key, counted once more.
    fn intern(&mut self, key: Key) -> usize {
        let known = self.by_key.get(&key).copied();
        let group = known.unwrap_or_else(|| self.add_group(key));
        self.groups[group]
            .as_mut()
            .expect("the group is alive")
            .count += 1;
        group
    }

    fn add_group(&mut self, key: Key) -> usize {
        let index = self.free_groups.pop().unwrap_or_else(|| {
            self.groups.push(None);
            self.groups.len() - 1
        });
        let ids: Box<[TypeId]> = key.iter().map(|_| self.new_id(index)).collect();
        self.add_infos(&key, &ids);
        for ty in key.iter() {
            each_named(ty, &mut |r| {
                if let GroupRef::Id(id) = r {
                    let named = self.groups[self.group_of[id.index()]].as_mut();
                    named.expect("a type that is named is alive").count += 1;
                }
            });
        }
        self.by_key.insert(key.clone(), index);
        self.groups[index] = Some(Group { key, ids, count: 0 });
        index
    }

    fn new_id(&mut self, group: usize) -> TypeId {
        // The id that was free for longest comes first: a stale one shows itself sooner as unused.
        let id = self.free_ids.pop_front().unwrap_or_else(|| {
            assert!(
                self.group_of.len() < MAX_IDS,
                "the engine has too many types"
            );
            self.group_of.push(group);
            TypeId::from_index(self.group_of.len() - 1)
        });
        self.group_of[id.index()] = group;
        id
    }

    fn add_infos(&mut self, key: &Key, ids: &[TypeId]) {
        let subs: Vec<SubType> = key
            .iter()
            .map(|ty| {
                ty.map(&mut |r| match r {
                    GroupRef::Id(id) => id,
                    GroupRef::Own(own) => ids[own as usize],
                })
            })
            .collect();
        // References within the group: their kinds are known from the types themselves.
        let kinds: HashMap<TypeId, RefKind> = if subs.len() == 1 {
            HashMap::new()
        } else {
            ids.iter()
                .copied()
                .zip(subs.iter().map(composite_kind))
                .collect()
        };
        for (&id, sub) in ids.iter().zip(subs) {
            let own = (id, composite_kind(&sub));
            let kind = |heap: HeapType| match heap {
                HeapType::Concrete(c) if c == own.0 => own.1,
                HeapType::Concrete(c) => kinds
                    .get(&c)
                    .copied()
                    .unwrap_or_else(|| self.table.ref_kind(heap)),
                _ => self.table.ref_kind(heap),
            };
            let mut display: Vec<TypeId> = sub
                .supertype
                .map_or(Vec::new(), |s| self.table.info(s).display.to_vec());
            display.push(id);
            let layout = ObjectLayout::of(&sub.composite, &kind);
            let heap_params = match &sub.composite {
                CompositeType::Func(f) => heap_slots(&f.params, &kind),
                _ => Box::default(),
            };
            self.table.set(Arc::new(TypeInfo {
                id,
                sub,
                display: display.into(),
                layout,
                heap_params,
            }));
        }
    }

    /// What is known of these types and of all that they name.
    fn closure(&self, ids: &[TypeId]) -> Box<[Arc<TypeInfo>]> {
        let mut seen: HashSet<TypeId> = ids.iter().copied().collect();
        let mut found: Vec<Arc<TypeInfo>> = ids.iter().map(|id| self.info(*id)).collect();
        let mut next = 0;
        while let Some(info) = found.get(next).cloned() {
            next += 1;
            each_named(&info.sub, &mut |id| {
                if seen.insert(id) {
                    found.push(self.info(id));
                }
            });
        }
        found.into()
    }

    /// Counts these groups down, and what they named in turn; returns what is to be dropped
    /// outside of the lock.
    fn release(&mut self, mut groups: Vec<usize>) -> Vec<(Group, Vec<Arc<TypeInfo>>)> {
        let mut dropped = Vec::new();
        while let Some(index) = groups.pop() {
            let group = self.groups[index].as_mut().expect("the group is alive");
            group.count -= 1;
            if group.count > 0 {
                continue;
            }
            let group = self.groups[index].take().expect("it was just there");
            self.by_key.remove(&group.key);
            for ty in group.key.iter() {
                each_named(ty, &mut |r| {
                    if let GroupRef::Id(id) = r {
                        groups.push(self.group_of[id.index()]);
                    }
                });
            }
            self.free_groups.push(index);
            self.free_ids.extend(group.ids.iter());
            let infos = group
                .ids
                .iter()
                .filter_map(|id| self.table.remove(*id))
                .collect();
            dropped.push((group, infos));
        }
        dropped
    }
}

fn composite_kind(sub: &SubType) -> RefKind {
    match sub.composite {
        CompositeType::Func(_) => RefKind::Func,
        _ => RefKind::Heap,
    }
}

/// The positions, in slots, of the values that are references into the heap.
fn heap_slots(types: &[ValType], kind: &dyn Fn(HeapType) -> RefKind) -> Box<[u32]> {
    let mut slots = Vec::new();
    let mut at = 0;
    for ty in types {
        if matches!(ty, ValType::Ref(r) if kind(r.heap) == RefKind::Heap) {
            slots.push(at);
        }
        at += ty.slots() as u32;
    }
    slots.into()
}
