//! Modules compiled ahead of time: what loads does the same, what does not fit is refused.
#![cfg(feature = "compiler")]

use tierra::{Config, Engine, Error, Features, Instance, Module, Store, Tier};

const TEXT: &str = r#"(module
  (memory (export "memory") 1)
  (tag $t (param i32))
  (table funcref (elem $double))
  (type $u (func (param i32) (result i32)))
  (func $double (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
  (func (export "run") (param i32) (result i32)
    (block $h (result i32)
      (try_table (catch $t $h) (throw $t (call_indirect (type $u) (local.get 0) (i32.const 0))))
      unreachable))
  (func (export "peek") (param i32) (result i32) (i32.load (local.get 0))))"#;

fn config() -> Config {
    let mut config = Config::new();
    config.tier(Tier::Optimizing);
    config
}

fn engine(config: &Config) -> Engine {
    Engine::new(config).expect("compiled code runs here")
}

fn artifact() -> Vec<u8> {
    engine(&config()).precompile(TEXT).expect("valid")
}

fn load(engine: &Engine, bytes: &[u8]) -> tierra::Result<Module> {
    // SAFETY: made by this program, or refused for its checksum.
    unsafe { Module::deserialize(engine, bytes) }
}

fn check(engine: &Engine, module: &Module) {
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, module, &[]).expect("no imports");
    let run = instance
        .get_typed_func::<i32, i32>(&store, "run")
        .expect("exported");
    assert_eq!(run.call(&mut store, 21).expect("no trap"), 42);
    let peek = instance
        .get_typed_func::<i32, i32>(&store, "peek")
        .expect("exported");
    assert_eq!(peek.call(&mut store, 0).expect("in bounds"), 0);
    let error = peek.call(&mut store, -4).expect_err("out of bounds");
    assert_eq!(error.trap(), Some(tierra::Trap::MemoryOutOfBounds));
}

fn refused(result: tierra::Result<Module>) -> String {
    match result {
        Ok(_) => panic!("it was loaded"),
        Err(error) => Error::to_string(&error),
    }
}

#[test]
fn round_trips() {
    let engine = engine(&config());
    let precompiled = artifact();
    let module = load(&engine, &precompiled).expect("it fits");
    check(&engine, &module);
    // What was loaded can be written again, and is the same; so is what was compiled here.
    let again = module.serialize().expect("it has code");
    assert!(again == precompiled);
    let compiled = Module::new(&engine, TEXT).expect("valid");
    assert!(compiled.serialize().expect("it has code") == precompiled);
    check(&engine, &load(&engine, &again).expect("it fits"));

    let symbols = engine.precompile_with_symbols(TEXT).expect("valid");
    check(&engine, &load(&engine, &symbols).expect("it fits"));
    assert!(tierra::is_precompiled(&symbols) && symbols.starts_with(b"\x7fELF"));

    let path = std::env::temp_dir().join(format!("tierra-artifact-{}", std::process::id()));
    std::fs::write(&path, &symbols).expect("written");
    // SAFETY: nobody changes the file.
    let module = unsafe { Module::deserialize_file(&engine, &path) };
    check(&engine, &module.expect("it fits"));
    std::fs::remove_file(&path).expect("it exists");
}

/// A file's code is mapped over code memory; others get these addresses after it.
#[test]
fn code_of_files_makes_room_for_others() {
    let engine = engine(&config());
    let path = std::env::temp_dir().join(format!("tierra-room-{}", std::process::id()));
    std::fs::write(&path, artifact()).expect("written");
    // SAFETY: nobody changes the file; replacing it by another does not.
    let open = || unsafe { Module::deserialize_file(&engine, &path) }.expect("it fits");
    for _ in 0..20 {
        let (first, second) = (open(), open());
        check(&engine, &first);
        drop(first);
        let copied = load(&engine, &artifact()).expect("it fits");
        check(&engine, &copied);
        let compiled = Module::new(&engine, TEXT).expect("valid");
        drop(copied);
        check(&engine, &second);
        std::fs::remove_file(&path).expect("it exists");
        std::fs::write(&path, artifact()).expect("written");
        check(&engine, &compiled);
        check(&engine, &second);
        assert!(second.serialize().expect("it has code") == artifact());
    }
    std::fs::remove_file(&path).expect("it exists");
}

#[test]
fn what_does_not_fit_is_told() {
    let bytes = artifact();
    let fuel = engine(config().consume_fuel(true));
    let why = refused(load(&fuel, &bytes));
    assert!(why.contains("without fuel"), "{why}");
    let features = engine(config().feature(Features::SIMD, false));
    let why = refused(load(&features, &bytes));
    assert!(why.contains("`simd`"), "{why}");
    let interp = engine(Config::new().tier(Tier::Interp));
    let why = refused(load(&interp, &bytes));
    assert!(why.contains("a tier that compiles"), "{why}");
    let engine = engine(&config());
    for other in [
        &b""[..],
        b"\x7fELF",
        b"\0asm\x01\0\0\0",
        TEXT.as_bytes(),
        &[0; 4096],
    ] {
        let why = refused(load(&engine, other));
        assert!(why.contains("no compiled module"), "{why}");
    }
    let mut version = bytes;
    let at = version
        .windows(6)
        .position(|w| w == b"TIERRA")
        .expect("the magic")
        + 7;
    version[at] = b'9';
    let why = refused(load(&engine, &version));
    assert!(why.contains("made by version 9"), "{why}");
}

#[test]
fn code_for_another_processor_is_refused_by_name() {
    let all = "native,sse4.2,popcnt,lzcnt,bmi1,bmi2,avx2,fma,avx512f,avx512vl,avx512bw,avx512dq";
    let mut other = config();
    let made = engine(other.cpu(all)).precompile(TEXT).expect("valid");
    let here = engine(&config());
    match load(&here, &made) {
        // This machine has it all.
        Ok(module) => check(&here, &module),
        Err(error) => assert!(error.to_string().contains("avx512"), "{error}"),
    }
    let error = Engine::new(config().cpu("mmx")).expect_err("there is none");
    assert!(error.to_string().contains("`mmx`"), "{error}");
    let baseline = engine(config().cpu("baseline"))
        .precompile(TEXT)
        .expect("valid");
    check(
        &here,
        &load(&here, &baseline).expect("every machine has that"),
    );
}

#[test]
fn damage_is_found_wherever_it_is() {
    let engine = engine(&config());
    let bytes = artifact();
    let mut damaged = bytes.clone();
    for at in 0..bytes.len() {
        for flip in [1 << (at % 8), 0xff] {
            damaged[at] ^= flip;
            assert!(load(&engine, &damaged).is_err(), "byte {at} ^ {flip:#x}");
            damaged[at] ^= flip;
        }
    }
    for len in 0..bytes.len() {
        assert!(load(&engine, &bytes[..len]).is_err(), "{len} bytes");
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(load(&engine, &longer).is_err());
    check(&engine, &load(&engine, &bytes).expect("it fits"));
}

/// `TIERRA_ARTIFACT_OF=FILE.wasm cargo test --release -p tierra --test artifacts -- --nocapture`
/// prints how long an artifact takes to load.
#[test]
fn time_to_load() {
    let Some(file) = std::env::var_os("TIERRA_ARTIFACT_OF") else {
        return;
    };
    let engine = engine(&config());
    let module = std::fs::read(file).expect("a module");
    let start = std::time::Instant::now();
    let artifact = engine.precompile(module).expect("valid");
    println!(
        "compiled in {:?}: {} bytes",
        start.elapsed(),
        artifact.len()
    );
    let path = std::env::temp_dir().join(format!("tierra-artifact-of-{}", std::process::id()));
    std::fs::write(&path, &artifact).expect("written");
    for _ in 0..10 {
        let start = std::time::Instant::now();
        // SAFETY: nobody changes the file.
        let module = unsafe { Module::deserialize_file(&engine, &path) };
        println!("loaded in {:?}", start.elapsed());
        drop(module.expect("it fits"));
    }
    std::fs::remove_file(&path).expect("it exists");
}
