//! What others may have made, or may change.

use crate::harness::{PLENTY, Scene, key};
use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;
use tierra_cache::{Cache, Error, Problem, Reason};

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
}

/// What is wrong with a folder.
#[track_caller]
fn problem(dir: &Path) -> Problem {
    let error = Cache::open(dir, PLENTY).expect_err("refused");
    assert!(error.to_string().contains("choose another"), "{error}");
    match error {
        Error::Folder { problem, .. } => problem,
        other => panic!("{other}"),
    }
}

/// A cache with one entry.
fn scene() -> Scene {
    let scene = Scene::new(PLENTY);
    scene.cache.put(&key(1), &[b"bytes"]).expect("written");
    scene
}

/// Why the entry is refused; afterwards it must be gone, and can be written again.
#[track_caller]
fn refusal(scene: &Scene) -> Reason {
    let refused = scene.cache.get(&key(1)).expect_err("refused");
    assert!(refused.removed, "{refused}");
    assert!(scene.cache.get(&key(1)).expect("a miss").is_none());
    scene.cache.put(&key(1), &[b"bytes"]).expect("written");
    assert!(scene.cache.get(&key(1)).expect("good").is_some());
    refused.reason
}

#[test]
fn folders_that_others_may_write() {
    let scene = scene();
    for mode in [0o777, 0o770, 0o702, 0o1777] {
        chmod(scene.cache.folder(), mode);
        assert_eq!(problem(scene.cache.folder()), Problem::Writable(mode));
        // Also one that was opened before.
        let refused = scene.cache.get(&key(1)).expect_err("refused");
        assert!(
            matches!(refused.reason, Reason::Folder(Problem::Writable(_))),
            "{refused}"
        );
        assert!(!refused.removed);
        assert!(scene.cache.put(&key(1), &[b"other"]).is_err());
        assert!(scene.cache.info().is_err());
        assert!(scene.cache.clear().is_err());
    }
    chmod(scene.cache.folder(), 0o755);
    assert!(scene.cache.get(&key(1)).expect("good").is_some());
}

#[test]
fn folders_of_others() {
    let dir = tempfile::tempdir().expect("a folder");
    // Only the superuser can give it away; everybody else is another user of the root folder.
    let other = match chown(dir.path(), Some(12345), None) {
        Ok(()) => (dir.path(), 12345),
        Err(_) => (Path::new("/"), 0),
    };
    assert_eq!(problem(other.0), Problem::OtherUser(other.1));
}

#[test]
fn no_folders() {
    let dir = tempfile::tempdir().expect("a folder");
    let target = dir.path().join("target");
    std::fs::create_dir(&target).expect("made");
    let link = dir.path().join("link");
    symlink(&target, &link).expect("made");
    assert_eq!(problem(&link), Problem::OtherKind);
    // … but the way there may have links.
    assert!(Cache::open(&link.join("cache"), PLENTY).is_ok());
    let nowhere = dir.path().join("nowhere");
    symlink(dir.path().join("gone"), &nowhere).expect("made");
    assert_eq!(problem(&nowhere), Problem::OtherKind);
    let file = dir.path().join("file");
    std::fs::write(&file, "").expect("written");
    assert_eq!(problem(&file), Problem::OtherKind);
    for dir in [&*file.join("cache"), Path::new("/proc/nowhere/cache")] {
        let error = Cache::open(dir, PLENTY).expect_err("impossible");
        assert!(matches!(error, Error::Io { .. }), "{error}");
    }
}

#[test]
fn files_that_others_may_write() {
    let scene = scene();
    for mode in [0o666, 0o620, 0o602] {
        chmod(&scene.file(&key(1)), mode);
        let reason = refusal(&scene);
        assert!(
            matches!(reason, Reason::File(Problem::Writable(m)) if m == mode),
            "{reason}"
        );
    }
    chmod(&scene.file(&key(1)), 0o644);
    assert!(scene.cache.get(&key(1)).expect("good").is_some());
}

#[test]
fn files_of_others() {
    let scene = scene();
    if chown(scene.file(&key(1)), Some(12345), None).is_ok() {
        let reason = refusal(&scene);
        assert!(
            matches!(reason, Reason::File(Problem::OtherUser(12345))),
            "{reason}"
        );
    }
}

#[test]
fn files_that_may_not_be_read() {
    let scene = scene();
    chmod(&scene.file(&key(1)), 0);
    // The superuser may.
    if std::fs::read(scene.file(&key(1))).is_err() {
        assert!(matches!(refusal(&scene), Reason::Io(_)));
    }
}

#[test]
fn links_in_place_of_an_entry() {
    let scene = scene();
    let target = scene.outside().join("target");
    std::fs::rename(scene.file(&key(1)), &target).expect("moved");
    symlink(&target, scene.file(&key(1))).expect("made");
    let reason = refusal(&scene);
    assert!(
        matches!(reason, Reason::File(Problem::OtherKind)),
        "{reason}"
    );
    assert!(target.exists());
    // Writing replaces a link, and leaves what it leads to alone.
    std::fs::remove_file(scene.file(&key(1))).expect("removed");
    std::fs::write(&target, "mine").expect("written");
    symlink(&target, scene.file(&key(1))).expect("made");
    scene.cache.put(&key(1), &[b"bytes"]).expect("written");
    assert_eq!(std::fs::read(&target).expect("there"), b"mine");
    assert!(scene.cache.get(&key(1)).expect("good").is_some());
}

#[test]
fn a_second_name_of_an_entry() {
    let scene = scene();
    std::fs::hard_link(scene.file(&key(1)), scene.outside().join("other")).expect("made");
    let reason = refusal(&scene);
    assert!(matches!(reason, Reason::File(Problem::Links)), "{reason}");
}

#[test]
fn other_things_in_place_of_an_entry() {
    let scene = scene();
    let file = scene.file(&key(1));
    std::fs::remove_file(&file).expect("removed");
    std::fs::create_dir(&file).expect("made");
    assert!(matches!(refusal(&scene), Reason::File(Problem::OtherKind)));
    std::fs::remove_file(&file).expect("removed");
    let _socket = std::os::unix::net::UnixListener::bind(&file).expect("made");
    assert!(matches!(refusal(&scene), Reason::File(Problem::OtherKind)));
    std::fs::remove_file(&file).expect("removed");
    let made = std::process::Command::new("mkfifo").arg(&file).status();
    if made.is_ok_and(|status| status.success()) {
        // Nobody writes to it: opening must not wait.
        assert!(matches!(refusal(&scene), Reason::File(Problem::OtherKind)));
    }
}

#[test]
fn a_full_folder_in_place_of_an_entry() {
    let scene = scene();
    let file = scene.file(&key(1));
    std::fs::remove_file(&file).expect("removed");
    std::fs::create_dir_all(file.join("sub")).expect("made");
    let refused = scene.cache.get(&key(1)).expect_err("refused");
    assert!(!refused.removed, "{refused}");
    let error = scene.cache.put(&key(1), &[b"bytes"]).expect_err("no place");
    assert!(matches!(error, Error::Io { .. }), "{error}");
    assert_eq!(scene.names().len(), 1, "nothing is left of the attempt");
    // Others don't mind.
    scene.cache.put(&key(2), &[b"bytes"]).expect("written");
    assert!(scene.cache.get(&key(2)).expect("good").is_some());
}
