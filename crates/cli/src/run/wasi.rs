//! The process: what the program gets of the host.

use crate::failure::Failure;
use crate::options::{RunOptions, WasiOptions};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};
use tierra_wasi::{Access, Wasi, WasiBuilder};

/// How far a fixed clock moves when it is read.
const CLOCK_STEP: Duration = Duration::from_millis(1);

/// The process of a run. A function that is called by name gets no arguments: they are its
/// parameters.
pub fn process(options: &RunOptions, called: bool) -> Result<Arc<Wasi>, Failure> {
    let wasi = &options.wasi;
    let mut builder = Wasi::builder().inherit_stdio().arg(name(options));
    if !called {
        builder = builder.args(options.args());
    }
    builder = environment(builder, wasi)?;
    for (list, option, access) in [
        (&wasi.dir, "--dir", Access::ReadWrite),
        (&wasi.ro_dir, "--ro-dir", Access::ReadOnly),
    ] {
        for item in list {
            builder = directory(builder, item, option, access)?;
        }
    }
    for address in &wasi.tcp_listen {
        builder = builder.preopen_listener(listen(address)?);
    }
    if let Some(seconds) = wasi.fixed_clock {
        let start = UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
        let start =
            start.ok_or_else(|| Failure::user("`--fixed-clock` is too far in the future"))?;
        builder = builder.fixed_clock(start, CLOCK_STEP);
    }
    if let Some(seed) = wasi.random_seed {
        builder = builder.random_seed(seed);
    }
    builder.build().map_err(|error| {
        Failure::user(format!(
            "the program's arguments or environment can't be passed on: {error}"
        ))
        .hint("neither may hold a NUL, and names of variables no `=`")
    })
}

/// What the program sees as its own name.
fn name(options: &RunOptions) -> String {
    options.wasi.argv0.clone().unwrap_or_else(|| {
        let file = Path::new(options.file()).file_name();
        file.map_or_else(
            || options.file().into(),
            |name| name.to_string_lossy().into_owned(),
        )
    })
}

fn environment(mut builder: WasiBuilder, wasi: &WasiOptions) -> Result<WasiBuilder, Failure> {
    if wasi.inherit_env {
        builder = builder.inherit_env();
    }
    for item in &wasi.env {
        builder = match item.split_once('=') {
            Some((name, value)) => builder.env(name, value),
            None => builder.env(item, inherited(item)?),
        };
    }
    Ok(builder)
}

fn inherited(name: &str) -> Result<String, Failure> {
    std::env::var(name).map_err(|error| {
        Failure::user(format!("`--env {name}` can't be passed on: {error}"))
            .hint(format!("give it a value with `--env {name}=VALUE`"))
    })
}

fn directory(
    builder: WasiBuilder,
    item: &str,
    option: &str,
    access: Access,
) -> Result<WasiBuilder, Failure> {
    let (host, guest) = item.split_once("::").unwrap_or((item, item));
    builder.preopen_dir(host, guest, access).map_err(|error| {
        Failure::user(format!(
            "`{option} {item}`: cannot open the directory `{host}`: {error}"
        ))
        .hint(format!(
            "write `{option} HOST::GUEST`, or `{option} DIR` for the same name"
        ))
    })
}

fn listen(address: &str) -> Result<TcpListener, Failure> {
    let listener = TcpListener::bind(address).map_err(|error| {
        Failure::user(format!("`--tcp-listen {address}`: {error}"))
            .hint("write an address and a port, as in `127.0.0.1:8080`; port 0 takes a free one")
    })?;
    if let Ok(local) = listener.local_addr() {
        tracing::info!(address = %local, "listening");
    }
    Ok(listener)
}
