//! Branches, calls, the stack.

macro_rules! control {
    ($next:ident $($rest:ident)*; $($rows:tt)*) => { $next! { $($rest)*; $($rows)*
        Push    "push"    NONE [
            form(b"O", [R64], ONE_BYTE, 0x50),
            form(b"I", [I8], ONE_BYTE, 0x6a).only(Q),
            form(b"I", [I32], ONE_BYTE, 0x68).only(Q),
            form(b"M", [M64], ONE_BYTE, 0xff).ext(6),
        ];
        Pop     "pop"     NONE [
            form(b"O", [R64], ONE_BYTE, 0x58),
            form(b"M", [M64], ONE_BYTE, 0x8f),
        ];
        Leave   "leave"   NONE [form(b"", [], ONE_BYTE, 0xc9)];
        Call    "call"    NONE [
            form(b"D", [TARGET], ONE_BYTE, 0xe8),
            form(b"M", [RM64], ONE_BYTE, 0xff).ext(2),
        ];
        Jmp     "jmp"     NONE [
            form(b"D", [TARGET], ONE_BYTE, 0xe9).short(0xeb),
            form(b"M", [RM64], ONE_BYTE, 0xff).ext(4),
        ];
        Jcc     "j"       NONE [form(b"D", [TARGET], P0F, 0x80).short(0x70).conditional()];
        Ret     "ret"     NONE [form(b"", [], ONE_BYTE, 0xc3)];
        RetN    "ret"     NONE [form(b"I", [U16], ONE_BYTE, 0xc2)];
        Ud2     "ud2"     NONE [form(b"", [], P0F, 0x0b)];
        Int3    "int3"    NONE [form(b"", [], ONE_BYTE, 0xcc)];
        Nop     "nop"     NONE [form(b"", [], ONE_BYTE, 0x90)];
        Endbr64 "endbr64" NONE [form(b"", [], PF3_0F, 0x1e).fixed(0xfa)];
    } };
}
