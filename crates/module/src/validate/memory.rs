//! Memories and tables (§3.3.6, §3.3.7).

use super::Stop;
use super::codes::Code;
use super::reader;
use super::stack::Body;
use super::ty::Ty;
use tierra_core::Features;

/// The bits of an alignment that are one; the rest of the number are flags.
const ALIGNMENT: u32 = 0x3f;
/// The flag that the index of a memory follows.
const HAS_MEMORY: u32 = 0x40;

impl Body<'_> {
    /// The place of an access: alignment and the type of the address.
    pub(super) fn place(&mut self) -> Result<(u32, Ty), Stop> {
        let flags = self.u32()?;
        let memory = match flags & !ALIGNMENT {
            0 => 0,
            HAS_MEMORY if self.cx.has(Features::MULTI_MEMORY) => self.u32()?,
            _ => return Err(Stop::Invalid),
        };
        let offset = if self.cx.has(Features::MEMORY64) {
            let (offset, next) = reader::u64(self.code, self.at).ok_or(Stop::Invalid)?;
            self.at = next;
            offset
        } else {
            self.u32()?.into()
        };
        let address = self.cx.memory(memory)?;
        if address == Ty::I32 && offset > u32::MAX.into() {
            return Err(Stop::Invalid);
        }
        Ok((flags & ALIGNMENT, address))
    }

    /// Takes the operands and the address of an access, and gives its result.
    pub(super) fn access(&mut self, code: Code, address: Ty) -> Result<(), Stop> {
        for operand in code.operands().rev() {
            self.pop(operand)?;
        }
        self.pop(address)?;
        match code.result() {
            Ty::BOTTOM => Ok(()),
            result => self.push(result),
        }
    }

    pub(super) fn load_store(&mut self, code: Code) -> Result<(), Stop> {
        let (align, address) = self.place()?;
        if align > code.align().into() {
            return Err(Stop::Invalid);
        }
        self.access(code, address)
    }

    pub(super) fn atomic(&mut self, code: Code) -> Result<(), Stop> {
        let (align, address) = self.place()?;
        if align != code.align().into() {
            return Err(Stop::Invalid);
        }
        self.access(code, address)
    }

    pub(super) fn zero(&mut self) -> Result<(), Stop> {
        if self.byte()? == 0 {
            Ok(())
        } else {
            Err(Stop::Invalid)
        }
    }

    /// The memory of `memory.size` and `memory.grow`: without several memories a byte, not a
    /// number.
    fn memory_or_zero(&mut self) -> Result<Ty, Stop> {
        if self.cx.has(Features::MULTI_MEMORY) {
            self.memory()
        } else {
            self.zero()?;
            self.cx.memory(0)
        }
    }

    /// The type of addresses of the memory whose index is next.
    fn memory(&mut self) -> Result<Ty, Stop> {
        let memory = self.u32()?;
        self.cx.memory(memory)
    }

    pub(super) fn memory_size(&mut self) -> Result<(), Stop> {
        let address = self.memory_or_zero()?;
        self.push(address)
    }

    pub(super) fn memory_grow(&mut self) -> Result<(), Stop> {
        let address = self.memory_or_zero()?;
        self.pop(address)?;
        self.push(address)
    }

    /// The index of a data segment.
    pub(super) fn data(&mut self) -> Result<(), Stop> {
        let data = self.u32()?;
        match self.cx.data_count {
            Some(count) if data < count => Ok(()),
            _ => Err(Stop::Invalid),
        }
    }

    pub(super) fn memory_init(&mut self) -> Result<(), Stop> {
        self.data()?;
        let address = self.memory()?;
        self.pop_slice(&[address, Ty::I32, Ty::I32])
    }

    pub(super) fn memory_copy(&mut self) -> Result<(), Stop> {
        let to = self.memory()?;
        let from = self.memory()?;
        self.pop_slice(&[to, from, shorter(to, from)])
    }

    pub(super) fn memory_fill(&mut self) -> Result<(), Stop> {
        let address = self.memory()?;
        self.pop_slice(&[address, Ty::I32, address])
    }

    /// The types of index and elements of the table whose index is next.
    fn table(&mut self) -> Result<(Ty, Ty), Stop> {
        let table = self.u32()?;
        self.cx.table(table)
    }

    /// The type of the element segment whose index is next.
    pub(super) fn elem(&mut self) -> Result<Ty, Stop> {
        let elem = self.u32()?;
        self.cx.elem(elem)
    }

    pub(super) fn table_get(&mut self) -> Result<(), Stop> {
        let (index, element) = self.table()?;
        self.pop(index)?;
        self.push(element)
    }

    pub(super) fn table_set(&mut self) -> Result<(), Stop> {
        let (index, element) = self.table()?;
        self.pop_slice(&[index, element])
    }

    pub(super) fn table_size(&mut self) -> Result<(), Stop> {
        let (index, _) = self.table()?;
        self.push(index)
    }

    pub(super) fn table_grow(&mut self) -> Result<(), Stop> {
        let (index, element) = self.table()?;
        self.pop_slice(&[element, index])?;
        self.push(index)
    }

    pub(super) fn table_fill(&mut self) -> Result<(), Stop> {
        let (index, element) = self.table()?;
        self.pop_slice(&[index, element, index])
    }

    pub(super) fn table_copy(&mut self) -> Result<(), Stop> {
        let (to, to_element) = self.table()?;
        let (from, from_element) = self.table()?;
        self.cx.matches(from_element, to_element)?;
        self.pop_slice(&[to, from, shorter(to, from)])
    }

    pub(super) fn table_init(&mut self) -> Result<(), Stop> {
        let segment = self.elem()?;
        let (index, element) = self.table()?;
        self.cx.matches(segment, element)?;
        self.pop_slice(&[index, Ty::I32, Ty::I32])
    }
}

/// The type of a length in two memories or tables: `i32` if one of them has it.
fn shorter(a: Ty, b: Ty) -> Ty {
    if a == Ty::I32 { a } else { b }
}
