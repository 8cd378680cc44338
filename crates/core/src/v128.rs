//! The 128-bit vector value.

/// A `v128`: sixteen bytes, those of lane 0 first.
///
/// Bytes and not a `u128`: that would be passed as an integer, and the optimizer would take the
/// lanes apart by shifts instead of using vector instructions (five times the code).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(C, align(16))]
pub struct V128(pub [u8; 16]);

macro_rules! lanes {
    ($($from:ident $to:ident $ty:ty, $count:literal;)*) => {$(
        #[doc = concat!("A vector of ", stringify!($count), " `", stringify!($ty), "` lanes, lane 0 first.")]
        #[inline(always)]
        pub fn $from(lanes: [$ty; $count]) -> V128 {
            let mut bytes = [0u8; 16];
            let (chunks, _) = bytes.as_chunks_mut::<{ 16 / $count }>();
            let mut i = 0;
            while i < $count {
                chunks[i] = lanes[i].to_le_bytes();
                i += 1;
            }
            V128(bytes)
        }

        #[doc = concat!("The ", stringify!($count), " `", stringify!($ty), "` lanes, lane 0 first.")]
        #[inline(always)]
        pub fn $to(self) -> [$ty; $count] {
            let (chunks, _) = self.0.as_chunks::<{ 16 / $count }>();
            let mut lanes = [0 as $ty; $count];
            let mut i = 0;
            while i < $count {
                lanes[i] = <$ty>::from_le_bytes(chunks[i]);
                i += 1;
            }
            lanes
        }
    )*};
}

impl V128 {
    /// The vector with these bits, lane 0 in the least significant ones.
    #[inline(always)]
    pub const fn from_bits(bits: u128) -> V128 {
        V128(bits.to_le_bytes())
    }

    /// All 128 bits, lane 0 in the least significant ones.
    #[inline(always)]
    pub const fn to_bits(self) -> u128 {
        u128::from_le_bytes(self.0)
    }

    lanes! {
        from_u8x16 to_u8x16 u8, 16;
        from_i8x16 to_i8x16 i8, 16;
        from_u16x8 to_u16x8 u16, 8;
        from_i16x8 to_i16x8 i16, 8;
        from_u32x4 to_u32x4 u32, 4;
        from_i32x4 to_i32x4 i32, 4;
        from_u64x2 to_u64x2 u64, 2;
        from_i64x2 to_i64x2 i64, 2;
        from_f32x4 to_f32x4 f32, 4;
        from_f64x2 to_f64x2 f64, 2;
    }
}

impl core::fmt::Debug for V128 {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "v128(0x{:032x})", self.to_bits())
    }
}
