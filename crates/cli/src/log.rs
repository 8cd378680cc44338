//! `--log`: events on the standard error, with the time since the start.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::time::uptime;

/// Prints events of this level and above.
pub fn start(level: LevelFilter) {
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_timer(uptime())
        .with_target(false)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_writer(std::io::stderr)
        .init();
}
