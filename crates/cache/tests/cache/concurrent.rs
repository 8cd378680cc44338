//! Threads and processes that use one folder at once.

use crate::harness::{PLENTY, Scene, key, payload};
use std::path::Path;
use std::process::{Command, Stdio};
use tierra_cache::{Cache, Error, PAYLOAD_OFFSET};

const KEYS: u64 = 12;

/// Bytes for a key: several versions of different length, each of which tells that it is one.
fn version(number: u64, version: u64) -> Vec<u8> {
    let mut bytes = payload(number * 100 + version, 500 + 1700 * version as usize);
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    bytes[8..16].copy_from_slice(&version.to_le_bytes());
    bytes
}

fn is_version(number: u64, bytes: &[u8]) -> bool {
    let word = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("8 bytes"));
    word(0) == number && word(8) < 5 && version(number, word(8)) == bytes
}

/// Reads and writes at random; returns how many reads found something.
fn work(cache: &Cache, seed: u64, rounds: u64) -> u64 {
    let numbers = payload(seed, 2 * rounds as usize);
    let mut found = 0;
    for pair in numbers.chunks(2) {
        let number = u64::from(pair[0]) % KEYS;
        if pair[1] % 3 == 0 {
            let bytes = version(number, u64::from(pair[1]) % 5);
            cache.put(&key(number), &[&bytes]).expect("written");
        } else if let Some(entry) = cache.get(&key(number)).expect("whole") {
            assert!(
                is_version(number, &entry),
                "not what was put under {number}"
            );
            found += 1;
        }
    }
    found
}

#[test]
fn many_threads() {
    let limit = 60_000;
    let scene = Scene::new(limit);
    let found: u64 = std::thread::scope(|scope| {
        let threads: Vec<_> = (1..9)
            .map(|seed| {
                let cache = scene.cache.clone();
                scope.spawn(move || work(&cache, seed, 400))
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("it ends well"))
            .sum()
    });
    assert!(found > 100, "{found}");
    settle(&scene, limit);
}

#[test]
fn several_processes() {
    let limit = 60_000;
    let scene = Scene::new(limit);
    let children: Vec<_> = (1..5)
        .map(|seed: u64| {
            child(
                "works_in_a_process",
                scene.cache.folder(),
                &seed.to_string(),
            )
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts")
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && said.contains("1 passed"),
            "{output:?}"
        );
    }
    settle(&scene, limit);
}

/// What is left is whole and within the limit.
fn settle(scene: &Scene, limit: u64) {
    scene
        .cache
        .put(&key(0), &[&version(0, 1)])
        .expect("written");
    let fresh = Cache::open(scene.cache.folder(), limit).expect("opened");
    fresh.put(&key(1), &[&version(1, 1)]).expect("written");
    let info = fresh.info().expect("readable");
    assert!(info.entries >= 2 && info.bytes <= limit, "{info:?}");
    let names = scene.names();
    assert!(
        names.iter().all(|name| name.ends_with(".entry")),
        "{names:?}"
    );
    for number in 0..KEYS {
        if let Some(entry) = fresh.get(&key(number)).expect("whole") {
            assert!(is_version(number, &entry));
        }
    }
}

fn child(test: &str, folder: &Path, argument: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this"));
    command
        .args([
            "--exact",
            &format!("concurrent::{test}"),
            "--ignored",
            "--nocapture",
        ])
        .env("CACHE_FOLDER", folder)
        .env("CACHE_ARGUMENT", argument);
    command
}

/// The folder and the number that the parent gives.
fn argument() -> (Cache, u64) {
    let folder = std::env::var_os("CACHE_FOLDER").expect("another test starts this one");
    let number = std::env::var("CACHE_ARGUMENT").expect("with a number");
    let cache = Cache::open(Path::new(&folder), 60_000).expect("opened");
    (cache, number.parse().expect("a number"))
}

#[test]
#[ignore = "another test starts it"]
fn works_in_a_process() {
    let (cache, seed) = argument();
    work(&cache, seed, 600);
}

#[test]
fn cleared_while_others_write() {
    let scene = Scene::new(PLENTY);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (1..5)
            .map(|seed| {
                let cache = scene.cache.clone();
                scope.spawn(move || work(&cache, seed, 300))
            })
            .collect();
        while threads.iter().any(|thread| !thread.is_finished()) {
            scene.cache.clear().expect("cleared");
        }
    });
    scene.cache.clear().expect("cleared");
    assert_eq!(scene.names(), [""; 0]);
}

#[test]
fn removed_while_others_write() {
    let scene = Scene::new(PLENTY);
    std::thread::scope(|scope| {
        let cache = scene.cache.clone();
        let writer = scope.spawn(move || {
            for number in 0..300 {
                // Between making the folder and writing it may be gone again.
                let _ = cache.put(&key(number), &[b"bytes"]);
                let _ = cache.get(&key(number)).expect("a miss, at most");
            }
        });
        while !writer.is_finished() {
            let _ = std::fs::remove_dir_all(scene.cache.folder());
        }
    });
    scene.cache.put(&key(1), &[b"bytes"]).expect("written");
    assert!(scene.cache.get(&key(1)).expect("good").is_some());
}

/// Where a file may not get longer than 8 kB, as where a disk is full.
#[test]
fn a_full_disk() {
    let scene = Scene::new(PLENTY);
    let program = std::env::current_exe().expect("this");
    let script = "trap '' XFSZ; ulimit -f 16; exec \"$0\" \"$@\"";
    let output = Command::new("sh")
        .args(["-c", script])
        .arg(program)
        .args([
            "--exact",
            "concurrent::fills_the_disk",
            "--ignored",
            "--nocapture",
        ])
        .env("CACHE_FOLDER", scene.cache.folder())
        .env("CACHE_ARGUMENT", "0")
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{output:?}"
    );
    assert_eq!(scene.names().len(), 1);
    assert!(scene.cache.get(&key(1)).expect("good").is_some());
}

#[test]
#[ignore = "another test starts it"]
fn fills_the_disk() {
    let (cache, _) = argument();
    cache.put(&key(1), &[b"bytes"]).expect("small enough");
    let error = cache.put(&key(2), &[&[0; 30_000]]).expect_err("too large");
    assert!(matches!(error, Error::Io { .. }), "{error}");
    assert!(cache.get(&key(2)).expect("a miss").is_none());
    let info = cache.info().expect("readable");
    assert_eq!((info.entries, info.bytes), (1, PAYLOAD_OFFSET + 5));
}
