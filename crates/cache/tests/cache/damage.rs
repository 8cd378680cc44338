//! Files that are not as they were written.

use crate::harness::{PLENTY, Scene, key, payload};
use tierra_cache::{PAYLOAD_OFFSET, Reason};

const LEN: usize = 1000;

/// A cache with one entry, and its file.
fn scene() -> (Scene, Vec<u8>) {
    let scene = Scene::new(PLENTY);
    scene
        .cache
        .put(&key(1), &[&payload(1, LEN)])
        .expect("written");
    let file = std::fs::read(scene.file(&key(1))).expect("there");
    (scene, file)
}

/// What reading the entry says when its file has these bytes; afterwards it must be gone.
#[track_caller]
fn refusal(scene: &Scene, file: &[u8]) -> Reason {
    std::fs::write(scene.file(&key(1)), file).expect("written");
    let refused = scene.cache.get(&key(1)).expect_err("refused");
    assert!(refused.removed, "{refused}");
    assert_eq!(refused.path, scene.file(&key(1)));
    assert!(scene.cache.get(&key(1)).expect("a miss").is_none());
    refused.reason
}

#[test]
fn truncated() {
    let (scene, file) = scene();
    let page = PAYLOAD_OFFSET as usize;
    for len in [
        0,
        1,
        7,
        8,
        11,
        63,
        72,
        page - 1,
        page,
        page + 1,
        file.len() - 1,
    ] {
        let reason = refusal(&scene, &file[..len]);
        assert!(matches!(reason, Reason::Truncated), "{len}: {reason}");
    }
}

#[test]
fn longer() {
    let (scene, file) = scene();
    for more in [1, 4096] {
        let longer = [&file[..], &vec![0; more]].concat();
        let reason = refusal(&scene, &longer);
        assert!(matches!(reason, Reason::Damaged), "{reason}");
    }
}

#[test]
fn every_byte_counts() {
    let (scene, file) = scene();
    for at in 0..file.len() {
        let mut other = file.clone();
        other[at] ^= 1 << (at % 8);
        let reason = refusal(&scene, &other);
        let is_version = (8..12).contains(&at);
        match reason {
            Reason::OtherVersion(_) => assert!(is_version, "{at}"),
            Reason::Damaged => assert!(!is_version, "{at}"),
            other => panic!("{at}: {other}"),
        }
    }
}

#[test]
fn zeros() {
    let (scene, file) = scene();
    // As a crash of the machine may leave it.
    assert!(matches!(
        refusal(&scene, &vec![0; file.len()]),
        Reason::Damaged
    ));
    let mut half = file.clone();
    half[PAYLOAD_OFFSET as usize + LEN / 2..].fill(0);
    assert!(matches!(refusal(&scene, &half), Reason::Damaged));
}

#[test]
fn swapped() {
    let (scene, file) = scene();
    scene
        .cache
        .put(&key(2), &[&payload(2, LEN)])
        .expect("written");
    let other = std::fs::read(scene.file(&key(2))).expect("there");
    assert!(matches!(refusal(&scene, &other), Reason::OtherKey));
    std::fs::write(scene.file(&key(2)), file).expect("written");
    let refused = scene.cache.get(&key(2)).expect_err("refused");
    assert!(matches!(refused.reason, Reason::OtherKey), "{refused}");
}

#[test]
fn other_version() {
    let (scene, mut file) = scene();
    file[8..12].copy_from_slice(&7u32.to_le_bytes());
    let reason = refusal(&scene, &file);
    assert!(matches!(reason, Reason::OtherVersion(7)), "{reason}");
}

#[test]
fn endless() {
    let (scene, file) = scene();
    std::fs::write(scene.file(&key(1)), &file).expect("written");
    let sparse = std::fs::OpenOptions::new()
        .write(true)
        .open(scene.file(&key(1)));
    sparse
        .expect("there")
        .set_len(1 << 40)
        .expect("files may have holes");
    let refused = scene.cache.get(&key(1)).expect_err("refused");
    assert!(matches!(refused.reason, Reason::TooLarge), "{refused}");
}
