//! Vector registers: floats.

macro_rules! sse_float {
    ($next:ident $($rest:ident)*; $($rows:tt)*) => { $next! { $($rest)*; $($rows)*
        Addss     "addss"     NONE  [rvm(PF3_0F, 0x58, XM32)];
        Addsd     "addsd"     NONE  [rvm(PF2_0F, 0x58, XM64)];
        Addps     "addps"     NONE  [rvm(P0F, 0x58, XM128)];
        Addpd     "addpd"     NONE  [rvm(P66_0F, 0x58, XM128)];
        Subss     "subss"     NONE  [rvm(PF3_0F, 0x5c, XM32)];
        Subsd     "subsd"     NONE  [rvm(PF2_0F, 0x5c, XM64)];
        Subps     "subps"     NONE  [rvm(P0F, 0x5c, XM128)];
        Subpd     "subpd"     NONE  [rvm(P66_0F, 0x5c, XM128)];
        Mulss     "mulss"     NONE  [rvm(PF3_0F, 0x59, XM32)];
        Mulsd     "mulsd"     NONE  [rvm(PF2_0F, 0x59, XM64)];
        Mulps     "mulps"     NONE  [rvm(P0F, 0x59, XM128)];
        Mulpd     "mulpd"     NONE  [rvm(P66_0F, 0x59, XM128)];
        Divss     "divss"     NONE  [rvm(PF3_0F, 0x5e, XM32)];
        Divsd     "divsd"     NONE  [rvm(PF2_0F, 0x5e, XM64)];
        Divps     "divps"     NONE  [rvm(P0F, 0x5e, XM128)];
        Divpd     "divpd"     NONE  [rvm(P66_0F, 0x5e, XM128)];
        Minss     "minss"     NONE  [rvm(PF3_0F, 0x5d, XM32)];
        Minsd     "minsd"     NONE  [rvm(PF2_0F, 0x5d, XM64)];
        Minps     "minps"     NONE  [rvm(P0F, 0x5d, XM128)];
        Minpd     "minpd"     NONE  [rvm(P66_0F, 0x5d, XM128)];
        Maxss     "maxss"     NONE  [rvm(PF3_0F, 0x5f, XM32)];
        Maxsd     "maxsd"     NONE  [rvm(PF2_0F, 0x5f, XM64)];
        Maxps     "maxps"     NONE  [rvm(P0F, 0x5f, XM128)];
        Maxpd     "maxpd"     NONE  [rvm(P66_0F, 0x5f, XM128)];
        Sqrtss    "sqrtss"    NONE  [rvm(PF3_0F, 0x51, XM32)];
        Sqrtsd    "sqrtsd"    NONE  [rvm(PF2_0F, 0x51, XM64)];
        Sqrtps    "sqrtps"    NONE  [rm(P0F, 0x51, XM128)];
        Sqrtpd    "sqrtpd"    NONE  [rm(P66_0F, 0x51, XM128)];

        Andps     "andps"     NONE  [rvm(P0F, 0x54, XM128)];
        Andpd     "andpd"     NONE  [rvm(P66_0F, 0x54, XM128)];
        Andnps    "andnps"    NONE  [rvm(P0F, 0x55, XM128)];
        Andnpd    "andnpd"    NONE  [rvm(P66_0F, 0x55, XM128)];
        Orps      "orps"      NONE  [rvm(P0F, 0x56, XM128)];
        Orpd      "orpd"      NONE  [rvm(P66_0F, 0x56, XM128)];
        Xorps     "xorps"     NONE  [rvm(P0F, 0x57, XM128)];
        Xorpd     "xorpd"     NONE  [rvm(P66_0F, 0x57, XM128)];

        Ucomiss   "ucomiss"   NONE  [rm(P0F, 0x2e, XM32)];
        Ucomisd   "ucomisd"   NONE  [rm(P66_0F, 0x2e, XM64)];
        Comiss    "comiss"    NONE  [rm(P0F, 0x2f, XM32)];
        Comisd    "comisd"    NONE  [rm(P66_0F, 0x2f, XM64)];
        Cmpss     "cmpss"     NONE  [rvmi(PF3_0F, 0xc2, XM32)];
        Cmpsd     "cmpsd"     NONE  [rvmi(PF2_0F, 0xc2, XM64)];
        Cmpps     "cmpps"     NONE  [rvmi(P0F, 0xc2, XM128)];
        Cmppd     "cmppd"     NONE  [rvmi(P66_0F, 0xc2, XM128)];
        Roundss   "roundss"   SSE41 [rvmi(P66_0F3A, 0x0a, XM32)];
        Roundsd   "roundsd"   SSE41 [rvmi(P66_0F3A, 0x0b, XM64)];
        Roundps   "roundps"   SSE41 [rmi(P66_0F3A, 0x08, XM128)];
        Roundpd   "roundpd"   SSE41 [rmi(P66_0F3A, 0x09, XM128)];

        Cvtsi2ss  "cvtsi2ss"  NONE  [rvm(PF3_0F, 0x2a, RM).sizes(DQ)];
        Cvtsi2sd  "cvtsi2sd"  NONE  [rvm(PF2_0F, 0x2a, RM).sizes(DQ)];
        Cvttss2si "cvttss2si" NONE  [form(b"RM", [R, XM32], PF3_0F, 0x2c).sizes(DQ).twin()];
        Cvttsd2si "cvttsd2si" NONE  [form(b"RM", [R, XM64], PF2_0F, 0x2c).sizes(DQ).twin()];
        Cvtss2sd  "cvtss2sd"  NONE  [rvm(PF3_0F, 0x5a, XM32)];
        Cvtsd2ss  "cvtsd2ss"  NONE  [rvm(PF2_0F, 0x5a, XM64)];
        Cvtps2pd  "cvtps2pd"  NONE  [rm(P0F, 0x5a, XM64)];
        Cvtpd2ps  "cvtpd2ps"  NONE  [rm(P66_0F, 0x5a, XM128)];
        Cvtdq2ps  "cvtdq2ps"  NONE  [rm(P0F, 0x5b, XM128)];
        Cvttps2dq "cvttps2dq" NONE  [rm(PF3_0F, 0x5b, XM128)];
        Cvtdq2pd  "cvtdq2pd"  NONE  [rm(PF3_0F, 0xe6, XM64)];
        Cvttpd2dq "cvttpd2dq" NONE  [rm(P66_0F, 0xe6, XM128)];

        Blendps   "blendps"   SSE41 [rvmi(P66_0F3A, 0x0c, XM128)];
        Blendpd   "blendpd"   SSE41 [rvmi(P66_0F3A, 0x0d, XM128)];
        Blendvps  "blendvps"  SSE41 variable_blend(0x14, 0x4a, "vblendvps");
        Blendvpd  "blendvpd"  SSE41 variable_blend(0x15, 0x4b, "vblendvpd");
    } };
}
