//! Vector registers: integers.

macro_rules! sse_int {
    ($next:ident $($rest:ident)*; $($rows:tt)*) => { $next! { $($rest)*; $($rows)*
        Paddb      "paddb"      NONE  [rvm(P66_0F, 0xfc, XM128)];
        Paddw      "paddw"      NONE  [rvm(P66_0F, 0xfd, XM128)];
        Paddd      "paddd"      NONE  [rvm(P66_0F, 0xfe, XM128)];
        Paddq      "paddq"      NONE  [rvm(P66_0F, 0xd4, XM128)];
        Psubb      "psubb"      NONE  [rvm(P66_0F, 0xf8, XM128)];
        Psubw      "psubw"      NONE  [rvm(P66_0F, 0xf9, XM128)];
        Psubd      "psubd"      NONE  [rvm(P66_0F, 0xfa, XM128)];
        Psubq      "psubq"      NONE  [rvm(P66_0F, 0xfb, XM128)];
        Paddsb     "paddsb"     NONE  [rvm(P66_0F, 0xec, XM128)];
        Paddsw     "paddsw"     NONE  [rvm(P66_0F, 0xed, XM128)];
        Paddusb    "paddusb"    NONE  [rvm(P66_0F, 0xdc, XM128)];
        Paddusw    "paddusw"    NONE  [rvm(P66_0F, 0xdd, XM128)];
        Psubsb     "psubsb"     NONE  [rvm(P66_0F, 0xe8, XM128)];
        Psubsw     "psubsw"     NONE  [rvm(P66_0F, 0xe9, XM128)];
        Psubusb    "psubusb"    NONE  [rvm(P66_0F, 0xd8, XM128)];
        Psubusw    "psubusw"    NONE  [rvm(P66_0F, 0xd9, XM128)];
        Phaddw     "phaddw"     SSSE3 [rvm(P66_0F38, 0x01, XM128)];
        Phaddd     "phaddd"     SSSE3 [rvm(P66_0F38, 0x02, XM128)];

        Pmullw     "pmullw"     NONE  [rvm(P66_0F, 0xd5, XM128)];
        Pmulhw     "pmulhw"     NONE  [rvm(P66_0F, 0xe5, XM128)];
        Pmulhuw    "pmulhuw"    NONE  [rvm(P66_0F, 0xe4, XM128)];
        Pmuludq    "pmuludq"    NONE  [rvm(P66_0F, 0xf4, XM128)];
        Pmaddwd    "pmaddwd"    NONE  [rvm(P66_0F, 0xf5, XM128)];
        Pmaddubsw  "pmaddubsw"  SSSE3 [rvm(P66_0F38, 0x04, XM128)];
        Pmulhrsw   "pmulhrsw"   SSSE3 [rvm(P66_0F38, 0x0b, XM128)];
        Pmuldq     "pmuldq"     SSE41 [rvm(P66_0F38, 0x28, XM128)];
        Pmulld     "pmulld"     SSE41 [rvm(P66_0F38, 0x40, XM128)];
        Pavgb      "pavgb"      NONE  [rvm(P66_0F, 0xe0, XM128)];
        Pavgw      "pavgw"      NONE  [rvm(P66_0F, 0xe3, XM128)];

        Pand       "pand"       NONE  [rvm(P66_0F, 0xdb, XM128)];
        Pandn      "pandn"      NONE  [rvm(P66_0F, 0xdf, XM128)];
        Por        "por"        NONE  [rvm(P66_0F, 0xeb, XM128)];
        Pxor       "pxor"       NONE  [rvm(P66_0F, 0xef, XM128)];
        Pcmpeqb    "pcmpeqb"    NONE  [rvm(P66_0F, 0x74, XM128)];
        Pcmpeqw    "pcmpeqw"    NONE  [rvm(P66_0F, 0x75, XM128)];
        Pcmpeqd    "pcmpeqd"    NONE  [rvm(P66_0F, 0x76, XM128)];
        Pcmpeqq    "pcmpeqq"    SSE41 [rvm(P66_0F38, 0x29, XM128)];
        Pcmpgtb    "pcmpgtb"    NONE  [rvm(P66_0F, 0x64, XM128)];
        Pcmpgtw    "pcmpgtw"    NONE  [rvm(P66_0F, 0x65, XM128)];
        Pcmpgtd    "pcmpgtd"    NONE  [rvm(P66_0F, 0x66, XM128)];
        Pcmpgtq    "pcmpgtq"    SSE42 [rvm(P66_0F38, 0x37, XM128)];
        Ptest      "ptest"      SSE41 [rm(P66_0F38, 0x17, XM128)];

        Pminub     "pminub"     NONE  [rvm(P66_0F, 0xda, XM128)];
        Pmaxub     "pmaxub"     NONE  [rvm(P66_0F, 0xde, XM128)];
        Pminsw     "pminsw"     NONE  [rvm(P66_0F, 0xea, XM128)];
        Pmaxsw     "pmaxsw"     NONE  [rvm(P66_0F, 0xee, XM128)];
        Pminsb     "pminsb"     SSE41 [rvm(P66_0F38, 0x38, XM128)];
        Pminsd     "pminsd"     SSE41 [rvm(P66_0F38, 0x39, XM128)];
        Pminuw     "pminuw"     SSE41 [rvm(P66_0F38, 0x3a, XM128)];
        Pminud     "pminud"     SSE41 [rvm(P66_0F38, 0x3b, XM128)];
        Pmaxsb     "pmaxsb"     SSE41 [rvm(P66_0F38, 0x3c, XM128)];
        Pmaxsd     "pmaxsd"     SSE41 [rvm(P66_0F38, 0x3d, XM128)];
        Pmaxuw     "pmaxuw"     SSE41 [rvm(P66_0F38, 0x3e, XM128)];
        Pmaxud     "pmaxud"     SSE41 [rvm(P66_0F38, 0x3f, XM128)];
        Pabsb      "pabsb"      SSSE3 [rm(P66_0F38, 0x1c, XM128)];
        Pabsw      "pabsw"      SSSE3 [rm(P66_0F38, 0x1d, XM128)];
        Pabsd      "pabsd"      SSSE3 [rm(P66_0F38, 0x1e, XM128)];

        Packsswb   "packsswb"   NONE  [rvm(P66_0F, 0x63, XM128)];
        Packssdw   "packssdw"   NONE  [rvm(P66_0F, 0x6b, XM128)];
        Packuswb   "packuswb"   NONE  [rvm(P66_0F, 0x67, XM128)];
        Packusdw   "packusdw"   SSE41 [rvm(P66_0F38, 0x2b, XM128)];
        Punpcklbw  "punpcklbw"  NONE  [rvm(P66_0F, 0x60, XM128)];
        Punpcklwd  "punpcklwd"  NONE  [rvm(P66_0F, 0x61, XM128)];
        Punpckldq  "punpckldq"  NONE  [rvm(P66_0F, 0x62, XM128)];
        Punpcklqdq "punpcklqdq" NONE  [rvm(P66_0F, 0x6c, XM128)];
        Punpckhbw  "punpckhbw"  NONE  [rvm(P66_0F, 0x68, XM128)];
        Punpckhwd  "punpckhwd"  NONE  [rvm(P66_0F, 0x69, XM128)];
        Punpckhdq  "punpckhdq"  NONE  [rvm(P66_0F, 0x6a, XM128)];
        Punpckhqdq "punpckhqdq" NONE  [rvm(P66_0F, 0x6d, XM128)];
        Pshufb     "pshufb"     SSSE3 [rvm(P66_0F38, 0x00, XM128)];
        Pshufd     "pshufd"     NONE  [rmi(P66_0F, 0x70, XM128)];
        Pshuflw    "pshuflw"    NONE  [rmi(PF2_0F, 0x70, XM128)];
        Pshufhw    "pshufhw"    NONE  [rmi(PF3_0F, 0x70, XM128)];
        Palignr    "palignr"    SSSE3 [rvmi(P66_0F3A, 0x0f, XM128)];
        Pblendw    "pblendw"    SSE41 [rvmi(P66_0F3A, 0x0e, XM128)];
        Pblendvb   "pblendvb"   SSE41 variable_blend(0x10, 0x4c, "vpblendvb");

        Psllw      "psllw"      NONE  vector_shift(0xf1, 0x71, 6);
        Pslld      "pslld"      NONE  vector_shift(0xf2, 0x72, 6);
        Psllq      "psllq"      NONE  vector_shift(0xf3, 0x73, 6);
        Psrlw      "psrlw"      NONE  vector_shift(0xd1, 0x71, 2);
        Psrld      "psrld"      NONE  vector_shift(0xd2, 0x72, 2);
        Psrlq      "psrlq"      NONE  vector_shift(0xd3, 0x73, 2);
        Psraw      "psraw"      NONE  vector_shift(0xe1, 0x71, 4);
        Psrad      "psrad"      NONE  vector_shift(0xe2, 0x72, 4);
        Pslldq     "pslldq"     NONE  [form(b"VMI", [X, X, U8], P66_0F, 0x73).ext(7).twin()];
        Psrldq     "psrldq"     NONE  [form(b"VMI", [X, X, U8], P66_0F, 0x73).ext(3).twin()];

        Pmovsxbw   "pmovsxbw"   SSE41 [rm(P66_0F38, 0x20, XM64)];
        Pmovsxbd   "pmovsxbd"   SSE41 [rm(P66_0F38, 0x21, XM32)];
        Pmovsxbq   "pmovsxbq"   SSE41 [rm(P66_0F38, 0x22, XM16)];
        Pmovsxwd   "pmovsxwd"   SSE41 [rm(P66_0F38, 0x23, XM64)];
        Pmovsxwq   "pmovsxwq"   SSE41 [rm(P66_0F38, 0x24, XM32)];
        Pmovsxdq   "pmovsxdq"   SSE41 [rm(P66_0F38, 0x25, XM64)];
        Pmovzxbw   "pmovzxbw"   SSE41 [rm(P66_0F38, 0x30, XM64)];
        Pmovzxbd   "pmovzxbd"   SSE41 [rm(P66_0F38, 0x31, XM32)];
        Pmovzxbq   "pmovzxbq"   SSE41 [rm(P66_0F38, 0x32, XM16)];
        Pmovzxwd   "pmovzxwd"   SSE41 [rm(P66_0F38, 0x33, XM64)];
        Pmovzxwq   "pmovzxwq"   SSE41 [rm(P66_0F38, 0x34, XM32)];
        Pmovzxdq   "pmovzxdq"   SSE41 [rm(P66_0F38, 0x35, XM64)];
    } };
}
