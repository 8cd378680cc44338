//! What other threads see.

macro_rules! atomic {
    ($next:ident $($rest:ident)*; $($rows:tt)*) => { $next! { $($rest)*; $($rows)*
        Xadd           "xadd"            NONE exchange(0xc0);
        LockXadd       "lock xadd"       NONE locked(0xc0);
        Cmpxchg        "cmpxchg"         NONE exchange(0xb0);
        LockCmpxchg    "lock cmpxchg"    NONE locked(0xb0);
        LockCmpxchg16b "lock cmpxchg16b" NONE [form(b"M", [M128], P0F, 0xc7).ext(1).w1().lock()];

        LockAdd        "lock add"        NONE locked_arithmetic(0);
        LockOr         "lock or"         NONE locked_arithmetic(1);
        LockAnd        "lock and"        NONE locked_arithmetic(4);
        LockSub        "lock sub"        NONE locked_arithmetic(5);
        LockXor        "lock xor"        NONE locked_arithmetic(6);

        Mfence         "mfence"          NONE [form(b"", [], P0F, 0xae).fixed(0xf0)];
        Lfence         "lfence"          NONE [form(b"", [], P0F, 0xae).fixed(0xe8)];
        Pause          "pause"           NONE [form(b"", [], F3, 0x90)];
    } };
}
