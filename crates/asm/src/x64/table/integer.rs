//! General registers: moves, arithmetic, conditions.

macro_rules! integer {
    ($next:ident $($rest:ident)*; $($rows:tt)*) => { $next! { $($rest)*; $($rows)*
        Mov     "mov"    NONE [
            form(b"MR", [RM, R], ONE_BYTE, 0x88).sizes(BWDQ),
            form(b"RM", [R, M], ONE_BYTE, 0x8a).sizes(BWDQ),
            form(b"OI", [R, IZ], ONE_BYTE, 0xb0).sizes(B),
            form(b"OI", [R, IZ], ONE_BYTE, 0xb8).sizes(WD),
            form(b"OI", [R32, U32], ONE_BYTE, 0xb8).only(Q),
            form(b"MI", [RM, IZ], ONE_BYTE, 0xc6).sizes(BWDQ),
            form(b"OI", [R64, I64], ONE_BYTE, 0xb8).only(Q).w1(),
        ];
        Movabs  "mov"    NONE [form(b"OI", [R64, I64], ONE_BYTE, 0xb8).w1()];
        Movzx8  "movzx"  NONE [form(b"RM", [R32, RM8], P0F, 0xb6)];
        Movzx16 "movzx"  NONE [form(b"RM", [R32, RM16], P0F, 0xb7)];
        Movsx8  "movsx"  NONE [form(b"RM", [R, RM8], P0F, 0xbe).sizes(DQ)];
        Movsx16 "movsx"  NONE [form(b"RM", [R, RM16], P0F, 0xbf).sizes(DQ)];
        Movsxd  "movsxd" NONE [form(b"RM", [R64, RM32], ONE_BYTE, 0x63).w1()];
        Lea     "lea"    NONE [form(b"RM", [R, ADDRESS], ONE_BYTE, 0x8d).sizes(DQ)];
        Xchg    "xchg"   NONE [form(b"MR", [RM, R], ONE_BYTE, 0x86).sizes(BWDQ)];

        Add     "add"    NONE arithmetic(0);
        Or      "or"     NONE arithmetic(1);
        Adc     "adc"    NONE arithmetic(2);
        Sbb     "sbb"    NONE arithmetic(3);
        And     "and"    NONE arithmetic(4);
        Sub     "sub"    NONE arithmetic(5);
        Xor     "xor"    NONE arithmetic(6);
        Cmp     "cmp"    NONE arithmetic(7);
        Test    "test"   NONE [
            form(b"MR", [RM, R], ONE_BYTE, 0x84).sizes(BWDQ),
            form(b"-I", [AX, IZ], ONE_BYTE, 0xa8).sizes(BWDQ),
            form(b"MI", [RM, IZ], ONE_BYTE, 0xf6).sizes(BWDQ),
        ];

        Imul2   "imul"   NONE [form(b"RM", [R, RM], P0F, 0xaf).sizes(WDQ)];
        Imul3   "imul"   NONE [
            form(b"RMI", [R, RM, I8], ONE_BYTE, 0x6b).sizes(WDQ),
            form(b"RMI", [R, RM, IZ], ONE_BYTE, 0x69).sizes(WDQ),
        ];
        Not     "not"    NONE unary(0xf6, 2);
        Neg     "neg"    NONE unary(0xf6, 3);
        Mul1    "mul"    NONE unary(0xf6, 4);
        Imul1   "imul"   NONE unary(0xf6, 5);
        Div     "div"    NONE unary(0xf6, 6);
        Idiv    "idiv"   NONE unary(0xf6, 7);
        Inc     "inc"    NONE unary(0xfe, 0);
        Dec     "dec"    NONE unary(0xfe, 1);
        Cdq     "cdq"    NONE [form(b"", [], ONE_BYTE, 0x99)];
        Cqo     "cqo"    NONE [form(b"", [], ONE_BYTE, 0x99).w1()];
        Setcc   "set"    NONE [form(b"M", [RM8], P0F, 0x90).conditional()];
        Cmov    "cmov"   NONE [form(b"RM", [R, RM], P0F, 0x40).sizes(WDQ).conditional()];
    } };
}
