//! What goes in comes out.

use crate::harness::{PLENTY, Scene, key, payload, used_ago};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};
use tierra_cache::{Cache, Error, PAYLOAD_OFFSET};

#[test]
fn round_trip() {
    let scene = Scene::new(PLENTY);
    for (number, len) in [0, 1, 127, 128, 4095, 4096, 4097, 1 << 20]
        .into_iter()
        .enumerate()
    {
        let (key, bytes) = (key(number as u64), payload(number as u64, len));
        assert!(scene.cache.get(&key).expect("a miss").is_none());
        let (head, tail) = bytes.split_at(len / 3);
        scene.cache.put(&key, &[head, b"", tail]).expect("written");
        let entry = scene.cache.get(&key).expect("good").expect("there");
        assert_eq!(*entry, *bytes);
        assert_eq!(entry.into_bytes(), bytes);
    }
    let info = scene.cache.info().expect("readable");
    let bytes: usize = [0, 1, 127, 128, 4095, 4096, 4097, 1 << 20].iter().sum();
    assert_eq!(info.entries, 8);
    assert_eq!(info.bytes, bytes as u64 + 8 * PAYLOAD_OFFSET);
    assert_eq!(info.limit, PLENTY);
    assert_eq!(info.folder, scene.cache.folder());
}

#[test]
fn the_last_one_stays() {
    let scene = Scene::new(PLENTY);
    scene.cache.put(&key(1), &[b"first"]).expect("written");
    scene.cache.put(&key(1), &[b"other"]).expect("written");
    let entry = scene.cache.get(&key(1)).expect("good").expect("there");
    assert_eq!(&*entry, b"other");
    assert_eq!(scene.names().len(), 1);
}

#[test]
fn another_cache_in_the_folder_sees_it() {
    let scene = Scene::new(PLENTY);
    scene.cache.put(&key(1), &[b"bytes"]).expect("written");
    let other = Cache::open(scene.cache.folder(), 8192).expect("opened");
    assert_eq!(
        &*other.get(&key(1)).expect("good").expect("there"),
        b"bytes"
    );
}

#[test]
fn nobody_else_may_look() {
    let scene = Scene::new(PLENTY);
    scene.cache.put(&key(1), &[b"bytes"]).expect("written");
    for (path, mode) in [
        (scene.cache.folder().to_owned(), 0o700),
        (scene.file(&key(1)), 0o600),
    ] {
        let found = path.metadata().expect("there").permissions().mode();
        assert_eq!(found & 0o7777, mode, "{}", path.display());
    }
}

#[test]
fn uses_are_noted_once_a_minute() {
    let scene = Scene::new(PLENTY);
    scene.cache.put(&key(1), &[b"bytes"]).expect("written");
    let age = |scene: &Scene| {
        let used = scene.file(&key(1)).metadata().expect("there").modified();
        SystemTime::now()
            .duration_since(used.expect("known"))
            .unwrap_or_default()
    };
    for (ago, noted) in [(1000, true), (30, false), (-1000, true), (-30, false)] {
        used_ago(&scene.file(&key(1)), ago);
        let before = scene
            .file(&key(1))
            .metadata()
            .expect("there")
            .modified()
            .expect("known");
        scene.cache.get(&key(1)).expect("good").expect("there");
        let after = scene
            .file(&key(1))
            .metadata()
            .expect("there")
            .modified()
            .expect("known");
        assert_eq!(before != after, noted, "{ago}");
        assert!(!noted || age(&scene) < Duration::from_secs(10));
    }
}

#[test]
fn the_folder_is_cleared() {
    let scene = Scene::new(PLENTY);
    for number in 0..5 {
        scene.cache.put(&key(number), &[b"bytes"]).expect("written");
    }
    let strange = scene.cache.folder().join("notes.txt");
    std::fs::write(&strange, "not ours").expect("written");
    let left = scene.cache.folder().join(format!("{}.0123.tmp", key(9)));
    std::fs::write(&left, "half").expect("written");
    let removed = scene.cache.clear().expect("cleared");
    assert_eq!(
        (removed.entries, removed.bytes),
        (5, 5 * (PAYLOAD_OFFSET + 5))
    );
    assert_eq!(scene.names(), ["notes.txt"]);
    assert!(scene.cache.get(&key(1)).expect("a miss").is_none());
    scene.cache.put(&key(1), &[b"bytes"]).expect("written");
    assert_eq!(scene.cache.info().expect("readable").entries, 1);
}

#[test]
fn a_removed_folder_is_made_again() {
    let scene = Scene::new(PLENTY);
    scene.cache.put(&key(1), &[b"bytes"]).expect("written");
    std::fs::remove_dir_all(scene.cache.folder()).expect("removed");
    assert!(scene.cache.get(&key(1)).expect("a miss").is_none());
    assert_eq!(scene.cache.info().expect("readable").entries, 0);
    scene.cache.put(&key(1), &[b"bytes"]).expect("written");
    assert!(scene.cache.get(&key(1)).expect("good").is_some());
    assert_eq!(scene.cache.info().expect("readable").entries, 1);
}

#[test]
fn what_is_too_large_is_not_written() {
    let scene = Scene::new(10_000);
    let error = scene
        .cache
        .put(&key(1), &[&[0; 6000]])
        .expect_err("too large");
    assert!(
        matches!(
            error,
            Error::TooLarge {
                bytes: 10_096,
                limit: 10_000
            }
        ),
        "{error}"
    );
    scene.cache.put(&key(2), &[&[0; 5904]]).expect("it fits");
    assert!(scene.cache.get(&key(2)).expect("good").is_some());
    assert_eq!(scene.names().len(), 1);
    let none = Cache::open(scene.cache.folder(), 0).expect("opened");
    assert!(none.put(&key(1), &[b""]).is_err());
}

/// In a process of its own: the environment belongs to all threads.
#[test]
fn the_users_folder() {
    let ask = |xdg: Option<&str>, home: Option<&str>| {
        let mut command = std::process::Command::new(std::env::current_exe().expect("this"));
        command.args([
            "--exact",
            "rounds::says_the_users_folder",
            "--ignored",
            "--nocapture",
        ]);
        for (name, value) in [("XDG_CACHE_HOME", xdg), ("HOME", home)] {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let said = String::from_utf8(command.output().expect("it runs").stdout).expect("Unicode");
        let (_, folder) = said.split_once("folder: ").expect("it says so");
        folder.lines().next().expect("a line").to_owned()
    };
    let some = |path: &str| format!("{:?}", Some(PathBuf::from(path)));
    assert_eq!(ask(Some("/x"), Some("/home/me")), some("/x/tierra"));
    assert_eq!(ask(None, Some("/home/me")), some("/home/me/.cache/tierra"));
    assert_eq!(
        ask(Some("x"), Some("/home/me")),
        some("/home/me/.cache/tierra")
    );
    assert_eq!(ask(Some(""), Some("home")), "None");
    assert_eq!(ask(None, None), "None");
}

#[test]
#[ignore = "another test starts it"]
fn says_the_users_folder() {
    println!("folder: {:?}", Cache::default_dir());
}
