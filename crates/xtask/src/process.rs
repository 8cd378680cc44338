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
    pub usage: Usage,
}

/// What a process used; zero where the system does not tell.
#[derive(Clone, Copy, Default)]
pub struct Usage {
    /// The processor's time in the program, of all threads.
    pub user: Duration,
    /// The same with that in the system: the sum is exact, the parts are estimates of a system
    /// that looks every few milliseconds.
    pub cpu: Duration,
    /// The most memory that it had, in bytes.
    pub peak: u64,
}

impl Finished {
    /// Its output, if it succeeded.
    pub fn success(self) -> Result<Finished, String> {
        match self.status {
            Some(status) if status.success() => Ok(self),
            Some(status) => {
                let said = String::from_utf8_lossy(&self.stderr);
                Err(format!(
                    "{status}: {}",
                    said.lines().next().unwrap_or_default()
                ))
            }
            None => Err(format!("it took longer than {:?}", self.time)),
        }
    }
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
    let (ended, outputs) = match outputs {
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
        status: ended.map(|(status, _)| status),
        stdout,
        stderr,
        time,
        usage: ended.map(|(_, usage)| usage).unwrap_or_default(),
    })
}

/// Waits for a process that has closed its outputs.
fn wait(child: &mut Child, until: Instant) -> io::Result<Option<(ExitStatus, Usage)>> {
    loop {
        if let Some(ended) = reap(child)? {
            return Ok(Some(ended));
        }
        if Instant::now() >= until {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(Duration::from_micros(50));
    }
}

/// Takes what is left of a process that has ended.
#[cfg(unix)]
fn reap(child: &mut Child) -> io::Result<Option<(ExitStatus, Usage)>> {
    use std::os::unix::process::ExitStatusExt;
    let pid = i32::try_from(child.id()).expect("process ids are positive numbers of 32 bits");
    let mut status = 0;
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    #[expect(
        unsafe_code,
        reason = "the standard library does not tell what a child used"
    )]
    // SAFETY: both pointers are to locals of the types that the system call fills in.
    let waited = unsafe { libc::wait4(pid, &mut status, libc::WNOHANG, usage.as_mut_ptr()) };
    match waited {
        0 => return Ok(None),
        -1 => return Err(io::Error::last_os_error()),
        _ => {}
    }
    #[expect(unsafe_code, reason = "as above")]
    // SAFETY: zeros are a valid value, and what the system wrote is one.
    let usage = unsafe { usage.assume_init() };
    let duration = |time: libc::timeval| {
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        let micros = u64::try_from(time.tv_usec).unwrap_or(0);
        Duration::from_secs(seconds) + Duration::from_micros(micros)
    };
    // Kilobytes, but on Apple's systems.
    let unit = if cfg!(target_vendor = "apple") {
        1
    } else {
        1024
    };
    let usage = Usage {
        user: duration(usage.ru_utime),
        cpu: duration(usage.ru_utime) + duration(usage.ru_stime),
        peak: u64::try_from(usage.ru_maxrss).unwrap_or(0) * unit,
    };
    Ok(Some((ExitStatus::from_raw(status), usage)))
}

#[cfg(not(unix))]
fn reap(child: &mut Child) -> io::Result<Option<(ExitStatus, Usage)>> {
    let status = child.try_wait()?;
    Ok(status.map(|status| (status, Usage::default())))
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
