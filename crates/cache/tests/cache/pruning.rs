//! Which entries go, and when.

use crate::harness::{PLENTY, Scene, key, payload, used_ago};
use tierra_cache::{Cache, PAYLOAD_OFFSET};

/// Bytes of a file whose payload has this many less a page.
const FILE: u64 = 10_000;

fn put(cache: &Cache, number: u64) {
    let bytes = payload(number, (FILE - PAYLOAD_OFFSET) as usize);
    cache.put(&key(number), &[&bytes]).expect("written");
}

/// Which of the first keys are there.
fn present(scene: &Scene, numbers: std::ops::Range<u64>) -> Vec<u64> {
    numbers
        .filter(|number| scene.file(&key(*number)).exists())
        .collect()
}

#[test]
fn the_oldest_go_first() {
    let scene = Scene::new(10 * FILE);
    for number in 0..10 {
        put(&scene.cache, number);
        // The order of names is another one than that of times.
        used_ago(
            &scene.file(&key(number)),
            1000 - 100 * ((number as i64 * 7) % 10),
        );
    }
    assert_eq!(present(&scene, 0..10).len(), 10, "all fit");
    // Reading is a use: number 0 was the oldest.
    assert!(scene.cache.get(&key(0)).expect("good").is_some());
    put(&scene.cache, 10);
    // Room for eight and three quarters: three go, in the order of 0, 3, 6, 9, … but for 0.
    assert_eq!(present(&scene, 0..11), [0, 1, 2, 4, 5, 7, 8, 10]);
}

#[test]
fn times_to_come_are_none() {
    let scene = Scene::new(10 * FILE);
    for number in 0..10 {
        put(&scene.cache, number);
        used_ago(
            &scene.file(&key(number)),
            if number == 4 { -100_000 } else { 10 },
        );
    }
    put(&scene.cache, 10);
    assert!(!present(&scene, 0..11).contains(&4));
}

#[test]
fn the_limit_holds() {
    let scene = Scene::new(10 * FILE);
    for number in 0..100 {
        put(&scene.cache, number);
        let info = scene.cache.info().expect("readable");
        assert!(info.bytes <= info.limit, "{info:?}");
        let newest = scene.cache.get(&key(number)).expect("good");
        assert!(newest.is_some(), "{number}");
    }
}

#[test]
fn one_entry_may_take_all() {
    let scene = Scene::new(FILE);
    for number in 0..3 {
        put(&scene.cache, number);
        assert_eq!(present(&scene, 0..3), [number]);
    }
}

#[test]
fn a_smaller_limit_counts_from_the_next_entry_on() {
    let scene = Scene::new(PLENTY);
    for number in 0..20 {
        put(&scene.cache, number);
    }
    let smaller = Cache::open(scene.cache.folder(), 5 * FILE).expect("opened");
    put(&smaller, 20);
    let info = smaller.info().expect("readable");
    assert!(info.bytes <= info.limit && info.entries >= 4, "{info:?}");
}

#[test]
fn what_crashes_leave_goes_after_an_hour() {
    let scene = Scene::new(PLENTY);
    let temporary = |number| scene.cache.folder().join(format!("{}.17.tmp", key(number)));
    for (number, age) in [(1, 4000), (2, 3000)] {
        std::fs::write(temporary(number), "half").expect("written");
        used_ago(&temporary(number), age);
    }
    put(&scene.cache, 3);
    assert!(!temporary(1).exists());
    assert!(temporary(2).exists());
    assert_eq!(scene.cache.info().expect("readable").entries, 1);
}

#[test]
fn only_our_names_count() {
    let scene = Scene::new(3 * FILE);
    let strange =
        ["notes", "a.entry", ".tmp", "é.entry"].map(|name| scene.cache.folder().join(name));
    for path in &strange {
        std::fs::write(path, vec![0; 4 * FILE as usize]).expect("written");
        used_ago(path, 100_000);
    }
    for number in 0..9 {
        put(&scene.cache, number);
    }
    assert!(strange.iter().all(|path| path.exists()));
    assert!(present(&scene, 0..9).len() >= 2);
}
