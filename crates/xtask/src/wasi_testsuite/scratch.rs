//! Private copies of directories: tests can't disturb each other or the checkout.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A copy of a directory, removed when it is dropped.
pub struct Copy(PathBuf);

impl Copy {
    pub fn of(folder: &Path) -> io::Result<Copy> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("tierra-wasi-testsuite-{}-{number}", std::process::id());
        let copy = Copy(std::env::temp_dir().join(name));
        copy_folder(folder, &copy.0)?;
        Ok(copy)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        // What an interrupted run of the suite's own runner left behind.
        if Path::new(&name)
            .extension()
            .is_some_and(|extension| extension == "cleanup")
        {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &to.join(name))?;
        } else {
            fs::copy(entry.path(), to.join(name))?;
        }
    }
    Ok(())
}
