//! Vector registers: moves, lanes, the order of floats.

macro_rules! sse_move {
    ($next:ident $($rest:ident)*; $($rows:tt)*) => { $next! { $($rest)*; $($rows)*
        Movaps    "movaps"    NONE  [
            rm(P0F, 0x28, XM128),
            form(b"MR", [M128, X], P0F, 0x29).twin(),
        ];
        Movups    "movups"    NONE  [
            rm(P0F, 0x10, XM128),
            form(b"MR", [M128, X], P0F, 0x11).twin(),
        ];
        Movdqa    "movdqa"    NONE  [
            rm(P66_0F, 0x6f, XM128),
            form(b"MR", [M128, X], P66_0F, 0x7f).twin(),
        ];
        Movdqu    "movdqu"    NONE  [
            rm(PF3_0F, 0x6f, XM128),
            form(b"MR", [M128, X], PF3_0F, 0x7f).twin(),
        ];
        Movss     "movss"     NONE  [
            rm(P0F, 0x28, X).named("movaps"),
            rm(PF3_0F, 0x10, M32),
            form(b"MR", [M32, X], PF3_0F, 0x11).twin(),
        ];
        Movsd     "movsd"     NONE  [
            rm(P0F, 0x28, X).named("movaps"),
            rm(PF2_0F, 0x10, M64),
            form(b"MR", [M64, X], PF2_0F, 0x11).twin(),
        ];
        Movd      "movd"      NONE  [
            rm(P66_0F, 0x6e, RM32),
            form(b"MR", [RM32, X], P66_0F, 0x7e).twin(),
        ];
        Movq      "movq"      NONE  [
            rm(PF3_0F, 0x7e, XM64),
            form(b"MR", [M64, X], P66_0F, 0xd6).twin(),
            rm(P66_0F, 0x6e, R64).w1(),
            form(b"MR", [R64, X], P66_0F, 0x7e).twin().w1(),
        ];
        Movlps    "movlps"    NONE  [
            rvm(P0F, 0x12, M64),
            form(b"MR", [M64, X], P0F, 0x13).twin(),
        ];
        Movhps    "movhps"    NONE  [
            rvm(P0F, 0x16, M64),
            form(b"MR", [M64, X], P0F, 0x17).twin(),
        ];
        Movlpd    "movlpd"    NONE  [
            rvm(P66_0F, 0x12, M64),
            form(b"MR", [M64, X], P66_0F, 0x13).twin(),
        ];
        Movhpd    "movhpd"    NONE  [
            rvm(P66_0F, 0x16, M64),
            form(b"MR", [M64, X], P66_0F, 0x17).twin(),
        ];
        Movhlps   "movhlps"   NONE  [rvm(P0F, 0x12, X)];
        Movlhps   "movlhps"   NONE  [rvm(P0F, 0x16, X)];
        Movddup   "movddup"   SSE3  [rm(PF2_0F, 0x12, XM64)];
        Movmskps  "movmskps"  NONE  [form(b"RM", [R32, X], P0F, 0x50).twin()];
        Movmskpd  "movmskpd"  NONE  [form(b"RM", [R32, X], P66_0F, 0x50).twin()];
        Pmovmskb  "pmovmskb"  NONE  [form(b"RM", [R32, X], P66_0F, 0xd7).twin()];

        Unpcklps  "unpcklps"  NONE  [rvm(P0F, 0x14, XM128)];
        Unpckhps  "unpckhps"  NONE  [rvm(P0F, 0x15, XM128)];
        Unpcklpd  "unpcklpd"  NONE  [rvm(P66_0F, 0x14, XM128)];
        Unpckhpd  "unpckhpd"  NONE  [rvm(P66_0F, 0x15, XM128)];
        Shufps    "shufps"    NONE  [rvmi(P0F, 0xc6, XM128)];
        Shufpd    "shufpd"    NONE  [rvmi(P66_0F, 0xc6, XM128)];
        Insertps  "insertps"  SSE41 [rvmi(P66_0F3A, 0x21, XM32)];
        Extractps "extractps" SSE41 [mri(P66_0F3A, 0x17, RM32)];

        Pinsrb    "pinsrb"    SSE41 [rvmi(P66_0F3A, 0x20, R32M8)];
        Pinsrw    "pinsrw"    NONE  [rvmi(P66_0F, 0xc4, R32M16)];
        Pinsrd    "pinsrd"    SSE41 [rvmi(P66_0F3A, 0x22, RM32)];
        Pinsrq    "pinsrq"    SSE41 [rvmi(P66_0F3A, 0x22, RM64).w1()];
        Pextrb    "pextrb"    SSE41 [mri(P66_0F3A, 0x14, R32M8)];
        Pextrw    "pextrw"    NONE  [
            form(b"RMI", [R32, X, U8], P66_0F, 0xc5).twin(),
            mri(P66_0F3A, 0x15, R32M16).needs(Features::SSE41),
        ];
        Pextrd    "pextrd"    SSE41 [mri(P66_0F3A, 0x16, RM32)];
        Pextrq    "pextrq"    SSE41 [mri(P66_0F3A, 0x16, RM64).w1()];
    } };
}
