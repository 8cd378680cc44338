//! General registers: shifts and bits.

macro_rules! bits {
    ($next:ident $($rest:ident)*; $($rows:tt)*) => { $next! { $($rest)*; $($rows)*
        Rol    "rol"    NONE   shift(0);
        Ror    "ror"    NONE   shift(1);
        Shl    "shl"    NONE   shift(4);
        Shr    "shr"    NONE   shift(5);
        Sar    "sar"    NONE   shift(7);
        Shld   "shld"   NONE   double_shift(0xa4);
        Shrd   "shrd"   NONE   double_shift(0xac);

        Bt     "bt"     NONE   bit_test(0xa3, 4);
        Bts    "bts"    NONE   bit_test(0xab, 5);
        Btr    "btr"    NONE   bit_test(0xb3, 6);
        Btc    "btc"    NONE   bit_test(0xbb, 7);

        Bsf    "bsf"    NONE   [form(b"RM", [R, RM], P0F, 0xbc).sizes(DQ)];
        Bsr    "bsr"    NONE   [form(b"RM", [R, RM], P0F, 0xbd).sizes(DQ)];
        Popcnt "popcnt" POPCNT [form(b"RM", [R, RM], PF3_0F, 0xb8).sizes(DQ)];
        Lzcnt  "lzcnt"  LZCNT  [form(b"RM", [R, RM], PF3_0F, 0xbd).sizes(DQ)];
        Tzcnt  "tzcnt"  BMI1   [form(b"RM", [R, RM], PF3_0F, 0xbc).sizes(DQ)];
        Bswap  "bswap"  NONE   [form(b"O", [R], P0F, 0xc8).sizes(DQ)];

        Andn   "andn"   BMI1   [form(b"RVM", [R, R, RM], P0F38, 0xf2).sizes(DQ).vex()];
        Blsr   "blsr"   BMI1   [form(b"VM", [R, RM], P0F38, 0xf3).ext(1).sizes(DQ).vex()];
        Blsmsk "blsmsk" BMI1   [form(b"VM", [R, RM], P0F38, 0xf3).ext(2).sizes(DQ).vex()];
        Blsi   "blsi"   BMI1   [form(b"VM", [R, RM], P0F38, 0xf3).ext(3).sizes(DQ).vex()];
        Bextr  "bextr"  BMI1   [form(b"RMV", [R, RM, R], P0F38, 0xf7).sizes(DQ).vex()];
        Bzhi   "bzhi"   BMI2   [form(b"RMV", [R, RM, R], P0F38, 0xf5).sizes(DQ).vex()];
        Shlx   "shlx"   BMI2   [form(b"RMV", [R, RM, R], P66_0F38, 0xf7).sizes(DQ).vex()];
        Sarx   "sarx"   BMI2   [form(b"RMV", [R, RM, R], PF3_0F38, 0xf7).sizes(DQ).vex()];
        Shrx   "shrx"   BMI2   [form(b"RMV", [R, RM, R], PF2_0F38, 0xf7).sizes(DQ).vex()];
        Mulx   "mulx"   BMI2   [form(b"RVM", [R, R, RM], PF2_0F38, 0xf6).sizes(DQ).vex()];
        Pdep   "pdep"   BMI2   [form(b"RVM", [R, R, RM], PF2_0F38, 0xf5).sizes(DQ).vex()];
        Pext   "pext"   BMI2   [form(b"RVM", [R, R, RM], PF3_0F38, 0xf5).sizes(DQ).vex()];
        Rorx   "rorx"   BMI2   [form(b"RMI", [R, RM, U8], PF2_0F3A, 0xf0).sizes(DQ).vex()];
    } };
}
