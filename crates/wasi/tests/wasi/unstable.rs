//! Where `wasi_unstable` differs.

use crate::world::*;
use tierra_wasi::*;

fn world() -> World {
    let mut w = World::new(Access::ReadWrite);
    std::fs::write(w.inside.join("file"), "0123456789").unwrap();
    w.thread.abi = Abi::Unstable;
    w
}

#[test]
fn attributes_have_a_32_bit_link_count() {
    let mut w = world();
    let t = &mut w.thread;
    let fd = t.open("file", 0, Rights::FILE).unwrap();
    t.put(OUT, &[0xee; 64]);
    call!(*t, fd_filestat_get(fd, OUT)).unwrap();
    assert_eq!(t.get(OUT + 16, 1), [4]);
    assert_eq!((t.u32(OUT + 20), t.u64(OUT + 24)), (1, 10));
    assert_eq!(t.get(OUT + 56, 8), [0xee; 8], "and are 56 bytes");
    t.stat("file", 0).unwrap();
    assert_eq!((t.u32(OUT + 20), t.u64(OUT + 24)), (1, 10));
}

#[test]
fn whence_counts_from_the_current_position_first() {
    let mut w = world();
    let t = &mut w.thread;
    let fd = t.open("file", 0, Rights::FILE).unwrap();
    let mut seek = |delta: i64, whence: i32| {
        call!(*t, fd_seek(fd, delta, whence, OUT)).unwrap();
        t.u64(OUT)
    };
    assert_eq!(seek(4, 2), 4);
    assert_eq!(seek(4, 0), 8);
    assert_eq!(seek(-1, 1), 9);
}

#[test]
fn clock_subscriptions_have_an_identifier() {
    let mut w = world();
    let t = &mut w.thread;
    let mut record = [0u8; 56];
    record[0] = 5;
    record[16] = 0xff;
    record[24] = 1;
    record[32] = 1;
    let mut second = [0u8; 56];
    (second[0], second[8], second[16]) = (6, 2, 1);
    t.put(BUFFER, &[record, second].concat());
    let events = BUFFER + 4096;
    call!(*t, poll_oneoff(BUFFER, events, 2, OUT)).unwrap();
    let n = t.u32(OUT);
    let last = events + (n as i32 - 1) * 32;
    assert_eq!((t.u64(last), t.get(last + 10, 1)[0]), (6, 2));
}
