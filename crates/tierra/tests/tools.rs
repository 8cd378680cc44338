//! What profilers and native debuggers are told, read as they do.
#![cfg(all(feature = "compiler", feature = "dwarf", not(target_vendor = "apple")))]

use gimli::{BaseAddresses, CfaRule, EhFrame, LittleEndian, UnwindContext, UnwindSection};
use object::{Object, ObjectSection, ObjectSymbol};
use std::sync::Mutex;
use tierra::{Caller, Config, Engine, Func, Instance, Module, Store, Tier};
use wast::core::{EncodeOptions, GenerateDwarf};
use wast::parser::{self, ParseBuffer};

const SOURCE: &str = r#"(module $tools
  (import "" "host" (func $host (param i32) (result i32)))
  (func $factor (export "factor") (param i32) (result i32)
    local.get 0
    i32.const 0
    i32.div_s)
  (func $outer (export "outer") (param i32) (result i32)
    local.get 0
    call $host
    (loop (br_if 0 (i32.eqz (local.get 0))))))"#;

/// Tests look at the one list, and the one file, of the process.
static ONE: Mutex<()> = Mutex::new(());

fn encode(dwarf: bool) -> Vec<u8> {
    let mut buffer = ParseBuffer::new(SOURCE).expect("it is text");
    buffer.track_instr_spans(true);
    let mut wat = parser::parse::<wast::Wat<'_>>(&buffer).expect("it is a module");
    let mut options = EncodeOptions::new();
    if dwarf {
        options.dwarf("source.wat".as_ref(), SOURCE, GenerateDwarf::Lines);
    }
    let wast::Wat::Module(module) = &mut wat else {
        panic!("it is no component")
    };
    options.encode_module(module).expect("it is valid")
}

fn engine(change: impl FnOnce(&mut Config) -> &mut Config) -> Engine {
    let mut config = Config::new();
    change(config.tier(Tier::Optimizing));
    Engine::new(&config).expect("compiled code runs here")
}

/// A piece of bytes, as numbers and text are read from it.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, bytes: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(bytes);
        self.0 = rest;
        taken
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take(4).try_into().expect("4 bytes"))
    }

    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.take(8).try_into().expect("8 bytes"))
    }

    fn text(&mut self) -> &'a str {
        let end = self.0.iter().position(|b| *b == 0).expect("texts end");
        let text = self.take(end + 1);
        std::str::from_utf8(&text[..end]).expect("it is text")
    }
}

/// A function in a jitdump.
#[derive(Debug)]
struct Dumped {
    name: String,
    address: u64,
    code: Vec<u8>,
    lines: Vec<(u64, u32, String)>,
}

fn read_dump(bytes: &[u8]) -> Vec<Dumped> {
    let mut file = Reader(bytes);
    assert_eq!([file.u32(), file.u32(), file.u32()], [0x4a69_5444, 1, 40]);
    assert_eq!([file.u32(), file.u32()], [62, 0]);
    assert_eq!(file.u32(), std::process::id());
    let mut time = file.u64();
    assert_eq!(file.u64(), 0);
    let mut functions: Vec<Dumped> = Vec::new();
    let mut debug_info = None;
    while !file.0.is_empty() {
        let (kind, size) = (file.u32(), file.u32());
        let now = file.u64();
        assert!(now >= time, "time does not go back");
        time = now;
        let mut record = Reader(file.take(size as usize - 16));
        match kind {
            0 => {
                assert_eq!(record.u32(), std::process::id());
                record.u32();
                let (address, same, size) = (record.u64(), record.u64(), record.u64());
                assert_eq!(address, same);
                assert_eq!(record.u64(), functions.len() as u64);
                let name = record.text().to_string();
                let code = record.take(size as usize).to_vec();
                let lines = match debug_info.take() {
                    Some((start, lines)) if start == address => lines,
                    Some(_) => panic!("debug information comes just before its function"),
                    None => Vec::new(),
                };
                functions.push(Dumped {
                    name,
                    address,
                    code,
                    lines,
                });
            }
            2 => {
                let (start, count) = (record.u64(), record.u64());
                let mut line = || {
                    let (address, line) = (record.u64(), record.u32());
                    assert_eq!(record.u32(), 0);
                    (address, line, record.text().to_string())
                };
                debug_info = Some((start, (0..count).map(|_| line()).collect()));
            }
            other => panic!("record {other}"),
        }
        assert!(record.0.is_empty(), "records are as long as they say");
    }
    functions
}

#[test]
fn jitdumps_have_names_code_and_lines() {
    let _one = ONE.lock();
    let engine = engine(|config| config.jitdump(true));
    let path = format!("/tmp/jit-{}.dump", std::process::id());
    let lines_of = |dump: &[Dumped], name: &str| {
        let function = dump.iter().find(|f| f.name == name).expect("it is there");
        let end = function.address + function.code.len() as u64;
        assert!(function.lines.is_sorted_by_key(|line| line.0));
        let within = |line: &(u64, u32, String)| (function.address..end).contains(&line.0);
        assert!(function.lines.iter().all(within));
        let rows = function.lines.iter();
        rows.map(|(_, line, file)| (*line, file.clone()))
            .collect::<Vec<_>>()
    };

    let plain = Module::new(&engine, encode(false)).expect("valid");
    let dump = read_dump(&std::fs::read(&path).expect("the dump is there"));
    let offsets = lines_of(&dump, "factor");
    assert!(!offsets.is_empty());
    for (offset, file) in offsets {
        assert_eq!(file, "tools.wasm");
        assert!((offset as usize) < plain.bytes().len());
    }

    let module = Module::new(&engine, encode(true)).expect("valid");
    let dump = read_dump(&std::fs::read(&path).expect("the dump is there"));
    let second = dump.len() / 2;
    let lines = lines_of(&dump[second..], "factor");
    assert!(lines.contains(&(6, "./source.wat".into())), "{lines:?}");
    assert!(lines_of(&dump[second..], "outer").contains(&(9, "./source.wat".into())));
    assert!(dump.iter().any(|f| f.name == "[tierra: entry]"));
    drop((plain, module));
    std::fs::remove_file(path).expect("it was there");
}

/// As debuggers know the list.
#[repr(C)]
struct Entry {
    next: *const Entry,
    previous: *const Entry,
    file: *const u8,
    size: u64,
}

#[repr(C)]
struct Descriptor {
    version: u32,
    action: u32,
    relevant: *const Entry,
    first: *const Entry,
}

unsafe extern "C" {
    #[link_name = "__jit_debug_descriptor"]
    static DESCRIPTOR: Descriptor;
}

/// The files of which a debugger knows.
fn registered() -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    // SAFETY: nobody else in this process changes the list now.
    unsafe {
        let descriptor = (&raw const DESCRIPTOR).read_volatile();
        assert_eq!(descriptor.version, 1);
        let (mut entry, mut previous) = (descriptor.first, std::ptr::null());
        while let Some(here) = entry.as_ref() {
            assert_eq!(here.previous, previous);
            files.push(std::slice::from_raw_parts(here.file, here.size as usize).to_vec());
            (previous, entry) = (entry, here.next);
        }
    }
    files
}

/// How a frame is found at an address: register and distance.
fn frame_at(file: &object::File<'_>, address: u64) -> (u16, i64) {
    let section = file.section_by_name(".eh_frame").expect("there are frames");
    let bases = BaseAddresses::default().set_eh_frame(section.address());
    let frames = EhFrame::new(section.data().expect("in the file"), LittleEndian);
    let mut context = UnwindContext::new();
    let row = frames
        .unwind_info_for_address(&bases, &mut context, address, EhFrame::cie_from_offset)
        .expect("every function has frames");
    match row.cfa() {
        CfaRule::RegisterAndOffset { register, offset } => (register.0, *offset),
        CfaRule::Expression(_) => panic!("there are none"),
    }
}

const RSP: u16 = 7;
const RBP: u16 = 6;

#[test]
fn debuggers_find_names_and_frames() {
    let _one = ONE.lock();
    assert!(registered().is_empty());
    let engine = engine(|config| config.native_debugger(true));
    let module = Module::new(&engine, encode(false)).expect("valid");
    let files = registered();
    assert_eq!(files.len(), 1);
    let file = object::File::parse(&*files[0]).expect("an object file");
    let text = file.section_by_name(".text").expect("there is code");
    assert!(text.address() != 0 && text.size() != 0);
    let symbol = |name: &str| {
        let symbols = file.symbols().filter(|s| s.name() == Ok(name));
        let symbols: Vec<_> = symbols.collect();
        assert_eq!(symbols.len(), 1, "{name}");
        // In an object file, symbols count from their section.
        (text.address() + symbols[0].address(), symbols[0].size())
    };
    let (outer, size) = symbol("outer");
    assert!(outer + size <= text.address() + text.size());
    assert_eq!(frame_at(&file, outer), (RSP, 8));
    assert_eq!(frame_at(&file, outer + 1), (RSP, 16));
    assert_eq!(frame_at(&file, outer + 4), (RBP, 16));
    assert_eq!(frame_at(&file, outer + size - 1), (RBP, 16));
    let (stubs, size) = symbol("[tierra: stubs]");
    assert_eq!(stubs, text.address());
    let deepest = (0..size).map(|i| frame_at(&file, stubs + i).1).max();
    // Where loops are polled: all registers.
    assert_eq!(deepest, Some(8 + 14 * 8 + 16 * 16 + 8));

    // The way out to a host function is known as soon as there is one.
    let mut store = Store::new(&engine, ());
    let host = Func::wrap(&mut store, |caller: Caller<'_, ()>, x: i32| {
        let _ = caller;
        let files = registered();
        assert_eq!(files.len(), 2);
        let way_out = object::File::parse(&*files[0]).expect("an object file");
        let names: Vec<_> = way_out.symbols().filter_map(|s| s.name().ok()).collect();
        assert!(names.contains(&"[tierra: leave]"), "{names:?}");
        assert!(names.contains(&"[tierra: stubs]"), "{names:?}");
        x
    });
    let instance = Instance::new(&mut store, &module, &[host.into()]).expect("it fits");
    let outer = instance.get_typed_func::<i32, i32>(&store, "outer");
    assert_eq!(
        outer
            .expect("it is there")
            .call(&mut store, 5)
            .expect("it ends"),
        5
    );
    drop((store, module));
    assert_eq!(registered().len(), 1);
    drop(engine);
    assert!(registered().is_empty());
}
