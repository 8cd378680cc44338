//! Child processes with a time limit.

use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// What a process did.
pub struct Finished {
    /// `None` if it ran out of time.
    pub status: Option<ExitStatus>,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub time: Duration,
}

/// Runs a process to its end or the limit. Its standard input stays open, and says nothing.
///
/// The end of both outputs is the end of the process: waiting for that, not looking again and
/// again, makes the time exact.
pub fn run(command: &mut Command, limit: Duration) -> io::Result<Finished> {
    let start = Instant::now();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let stdin = child.stdin.take();
    let (stdout, stderr) = (collect(child.stdout.take()), collect(child.stderr.take()));
    let left = || limit.saturating_sub(start.elapsed());
    let outputs = stdout
        .recv_timeout(left())
        .ok()
        .zip(stderr.recv_timeout(left()).ok());
    let (status, outputs) = match outputs {
        Some(outputs) => (wait(&mut child, start + limit)?, outputs),
        None => {
            child.kill()?;
            child.wait()?;
            // Killed, it has no output any more; what it had is partly lost.
            (None, Default::default())
        }
    };
    let time = start.elapsed();
    drop(stdin);
    let (stdout, stderr) = outputs;
    Ok(Finished {
        status,
        stdout,
        stderr,
        time,
    })
}

/// Waits for a process that has closed its outputs.
fn wait(child: &mut Child, until: Instant) -> io::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= until {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(Duration::from_micros(50));
    }
}

fn collect(stream: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            // What was read before an error is all there is.
            let _ = stream.read_to_end(&mut bytes);
        }
        // Nobody waits for it any more if the time was up.
        let _ = sender.send(bytes);
    });
    receiver
}
