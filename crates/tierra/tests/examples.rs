//! Every example runs.

macro_rules! examples {
    ($($name:ident $path:literal;)*) => {$(
        #[path = $path]
        #[allow(dead_code)]
        mod $name;

        #[test]
        fn $name() {
            self::$name::main().unwrap();
        }
    )*};
}

examples! {
    calls "../examples/calls.rs";
    fuel "../examples/fuel.rs";
    hello "../examples/hello.rs";
    host_function "../examples/host_function.rs";
    limits "../examples/limits.rs";
    linking "../examples/linking.rs";
    memory "../examples/memory.rs";
    threads "../examples/threads.rs";
    timeout "../examples/timeout.rs";
    traps "../examples/traps.rs";
    wasi "../examples/wasi.rs";
}
