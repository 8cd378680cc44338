//! Vector operators with immediates (§3.3.3).

use super::Stop;
use super::codes::{Code, Kind};
use super::stack::Body;
use super::ty::Ty;

impl Body<'_> {
    pub(super) fn vector(&mut self, code: Code) -> Result<(), Stop> {
        match code.kind {
            Kind::Lane => self.lane(code),
            Kind::MemoryLane => self.memory_lane(code),
            Kind::I8x16Shuffle => self.shuffle(),
            _ => self.fixed_const(Ty::V128, 16),
        }
    }

    fn lane(&mut self, code: Code) -> Result<(), Stop> {
        if self.byte()? >= code.lanes() {
            return Err(Stop::Invalid);
        }
        self.plain(code)
    }

    fn memory_lane(&mut self, code: Code) -> Result<(), Stop> {
        let (align, address) = self.place()?;
        if align > code.align().into() || self.byte()? >= code.lanes() {
            return Err(Stop::Invalid);
        }
        self.access(code, address)
    }

    fn shuffle(&mut self) -> Result<(), Stop> {
        for _ in 0..16 {
            if self.byte()? >= 32 {
                return Err(Stop::Invalid);
            }
        }
        self.pop_slice(&[Ty::V128, Ty::V128])?;
        self.push(Ty::V128)
    }
}
