//! Samples: what they tell, and that nothing else notices them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tierra::*;

const COMPILED: [Tier; 3] = [Tier::Baseline, Tier::Optimizing, Tier::Auto];
const TIERS: [Tier; 4] = [Tier::Interp, Tier::Baseline, Tier::Optimizing, Tier::Auto];

const GUEST: &str = r#"(module
    (import "host" "ask" (func $ask))
    (import "host" "back" (func $back))
    (memory (export "memory") 1 1 shared)
    (tag $t (param i32))
    (type $cell (struct (field i32)))
    
    (type $f (func (param i32) (result i32)))
    (table funcref (elem $leaf))

    (func $inner (param $n i32) (result i32) (local $sum i32)
      (loop $l
        (local.set $sum (i32.add (local.get $sum) (i32.mul (local.get $n) (local.get $n))))
        (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (local.get $sum))
    (func $outer (export "outer") (param i32) (result i32)
      (call $inner (local.get 0)))

    (func $deep (export "deep") (param i32) (result i32)
      (if (result i32) (local.get 0)
        (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))
        (else (call $ask) (call $inner (i32.const 1000)))))

    (func (export "asks") (param i32) (result i32)
      (call $ask)
      (call $inner (i32.const 10)))
    (func (export "back") (param i32) (result i32)
      (call $back)
      (i32.const 1))

    (func (export "forever") (param i32) (result i32)
      (loop $l (br $l)) (unreachable))
    (func (export "wait") (param i32) (result i32)
      (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 50000000)))
    (func (export "trap") (param i32) (result i32)
      (drop (call $inner (i32.const 1000)))
      (i32.load (i32.const -1)))

    (func $leaf (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
    (func $tail (param $n i32) (param $sum i32) (result i32)
      (if (i32.eqz (local.get $n)) (then (return (local.get $sum))))
      (return_call $tail (i32.sub (local.get $n) (i32.const 1))
        (call_indirect (type $f) (local.get $sum) (i32.const 0))))
    (func $throws (param i32)
      (if (i32.and (local.get 0) (i32.const 1)) (then (throw $t (local.get 0)))))
    ;; A little of everything that leaves to Rust, or unwinds.
    (func (export "everything") (param $n i32) (result i32) (local $sum i32) (local $cell (ref null $cell))
      (loop $l
        (local.set $cell (struct.new $cell (local.get $n)))
        (local.set $sum (i32.add (local.get $sum)
          (block $h (result i32)
            (try_table (catch $t $h) (call $throws (local.get $n)))
            (i32.const 3))))
        (local.set $sum (call $tail (i32.const 20) (local.get $sum)))
        (local.set $sum (i32.add (local.get $sum) (struct.get $cell 0 (local.get $cell))))
        (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (local.get $sum)))"#;

struct Guest {
    store: Store<Option<InterruptHandle>>,
    instance: Instance,
}

impl Guest {
    fn new(config: &Config) -> Self {
        let engine = Engine::new(config).unwrap();
        let mut linker = Linker::new(&engine);
        // Asks as another thread may do while it runs.
        let ask = |caller: Caller<'_, Option<InterruptHandle>>| {
            caller.data().as_ref().unwrap().sample(7);
        };
        linker.func_wrap("host", "ask", ask).unwrap();
        let back = |mut caller: Caller<'_, Option<InterruptHandle>>| -> Result<()> {
            let outer = caller.get_export("outer").and_then(Extern::into_func);
            let outer = outer.unwrap().typed::<i32, i32>(&caller)?;
            outer.call(&mut caller, 30_000_000)?;
            Ok(())
        };
        linker.func_wrap("host", "back", back).unwrap();
        let mut store = Store::new(&engine, None);
        *store.data_mut() = Some(store.interrupt_handle());
        let module = Module::new(&engine, GUEST).unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        Self { store, instance }
    }

    fn of(tier: Tier) -> Self {
        Self::new(Config::new().tier(tier))
    }

    fn call(&mut self, name: &str, param: i32) -> Result<i32> {
        let func = self
            .instance
            .get_typed_func::<i32, i32>(&self.store, name)?;
        func.call(&mut self.store, param)
    }

    /// The same, with the samples for which it asks itself.
    fn asking(&mut self, name: &str, param: i32) -> (Result<i32>, Vec<Sample>) {
        let samples = self.listen();
        let result = self.call(name, param);
        (result, self.hear(&samples))
    }

    /// The same, while another thread asks where it stands.
    fn sampled(&mut self, name: &str, param: i32, period: Duration) -> (Result<i32>, Vec<Sample>) {
        let samples = self.listen();
        let handle = self.store.interrupt_handle();
        let ended = AtomicBool::new(false);
        let result = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !ended.load(Ordering::Relaxed) {
                    handle.sample(1);
                    std::thread::sleep(period);
                }
            });
            let result = self.call(name, param);
            ended.store(true, Ordering::Relaxed);
            result
        });
        (result, self.hear(&samples))
    }

    /// The samples of as many calls as it takes to get some.
    fn often(&mut self, name: &str, param: i32) -> Vec<Sample> {
        let mut all = Vec::new();
        while all.len() < 20 {
            let (result, samples) = self.sampled(name, param, MILLISECOND);
            result.unwrap();
            all.extend(samples);
        }
        all
    }

    fn listen(&mut self) -> Arc<Mutex<Vec<Sample>>> {
        let samples = Arc::new(Mutex::new(Vec::new()));
        let sink = samples.clone();
        self.store
            .set_sampler(move |sample| sink.lock().unwrap().push(sample));
        samples
    }

    fn hear(&mut self, samples: &Mutex<Vec<Sample>>) -> Vec<Sample> {
        self.store.clear_sampler();
        std::mem::take(&mut *samples.lock().unwrap())
    }
}

const MILLISECOND: Duration = Duration::from_millis(1);

/// The names of a sample's functions, innermost first.
fn names(sample: &Sample) -> Vec<String> {
    let frames = sample.backtrace().frames().iter();
    frames.map(Frame::display_name).collect()
}

/// The most frequent stack, by ticks.
fn most(samples: &[Sample]) -> Vec<String> {
    let mut counts = HashMap::new();
    for sample in samples {
        *counts.entry(names(sample)).or_insert(0) += sample.ticks();
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    most.expect("there are samples").0
}

#[test]
fn stacks_and_tiers() {
    for tier in TIERS {
        let mut guest = Guest::of(tier);
        let samples = guest.often("outer", 100_000_000);
        assert_eq!(most(&samples), ["inner", "outer"], "{tier:?}");
        assert!(samples.iter().all(|sample| !sample.in_host()), "{tier:?}");
        let tiers: Vec<Tier> = samples
            .iter()
            .flat_map(|sample| sample.backtrace().frames())
            .map(Frame::tier)
            .collect();
        match tier {
            // From the one to the other while it runs.
            Tier::Auto => {
                assert!(!tiers.contains(&Tier::Interp));
                assert!(tiers.contains(&Tier::Optimizing));
            }
            tier => assert!(tiers.iter().all(|t| *t == tier), "{tier:?}: {tiers:?}"),
        }
    }
}

#[test]
fn artifacts_know_their_tier() {
    for tier in [Tier::Baseline, Tier::Optimizing] {
        let mut guest = Guest::new(Config::new().tier(tier).through_artifacts(true));
        let samples = guest.often("outer", 50_000_000);
        let mut frames = samples
            .iter()
            .flat_map(|sample| sample.backtrace().frames());
        assert!(frames.all(|frame| frame.tier() == tier), "{tier:?}");
    }
}

#[test]
fn deep_stacks_are_cut() {
    for tier in TIERS {
        let mut guest = Guest::of(tier);
        for (depth, is_cut, frames) in [(5000, true, 500..=500), (100, false, 101..=102)] {
            let (result, samples) = guest.asking("deep", depth);
            result.unwrap();
            let [sample] = &samples[..] else {
                panic!("{tier:?}: {samples:?}");
            };
            assert_eq!(sample.is_cut(), is_cut, "{tier:?}");
            let found = sample.backtrace().frames().len();
            assert!(frames.contains(&found), "{tier:?}: {found}");
        }
    }
}

#[test]
fn time_of_the_host() {
    for tier in TIERS {
        let mut guest = Guest::of(tier);
        let (result, samples) = guest.asking("asks", 0);
        result.unwrap();
        assert_eq!(samples.len(), 1, "{tier:?}");
        assert!(samples[0].in_host(), "{tier:?}");
        assert_eq!(samples[0].ticks(), 7, "{tier:?}");
        assert_eq!(names(&samples[0]).last().unwrap(), "asks", "{tier:?}");
    }
}

#[test]
fn a_guest_that_the_host_calls_is_a_guest() {
    for tier in TIERS {
        let mut guest = Guest::of(tier);
        let samples = guest.often("back", 0);
        let is_whole = |sample: &Sample| names(sample) == ["inner", "outer", "back"];
        let of_guest: Vec<_> = samples.iter().filter(|sample| is_whole(sample)).collect();
        assert!(!of_guest.is_empty(), "{tier:?}: {samples:?}");
        let all = of_guest.iter().all(|sample| !sample.in_host());
        assert!(all, "{tier:?}: {samples:?}");
    }
}

#[test]
fn missed_ticks_add_up() {
    let mut guest = Guest::of(Tier::Interp);
    guest.store.interrupt_handle().sample(100);
    let samples = guest.listen();
    guest.store.interrupt_handle().sample(2);
    guest.store.interrupt_handle().sample(3);
    guest.call("outer", 10).unwrap();
    guest.call("outer", 10).unwrap();
    let samples = guest.hear(&samples);
    assert_eq!(samples.len(), 1, "what was asked before is forgotten");
    assert_eq!(samples[0].ticks(), 5);
}

#[test]
fn nobody_need_listen() {
    for tier in TIERS {
        let mut guest = Guest::of(tier);
        guest.store.interrupt_handle().sample(1);
        assert!(!guest.store.interrupt_handle().is_pending());
        let expected = guest.call("outer", 1000).unwrap();
        assert_eq!(guest.call("outer", 1000).unwrap(), expected);
    }
}

#[test]
fn deadlines_interrupts_and_waits_go_on() {
    for tier in TIERS {
        let mut guest = Guest::of(tier);
        let start = Instant::now();
        guest.store.set_deadline(Duration::from_millis(30));
        let (result, _) = guest.sampled("forever", 0, Duration::from_micros(50));
        assert_eq!(result.unwrap_err().trap(), Some(Trap::Interrupted));
        let took = start.elapsed();
        assert!(took >= Duration::from_millis(30) && took < Duration::from_secs(5));
        guest.store.clear_deadline();

        // The wait ends by its time, not by a sample.
        let (result, _) = guest.sampled("wait", 0, Duration::from_micros(50));
        assert_eq!(result.unwrap(), 2, "{tier:?}");

        let (result, _) = guest.sampled("trap", 0, Duration::from_micros(50));
        assert_eq!(result.unwrap_err().trap(), Some(Trap::MemoryOutOfBounds));

        let handle = guest.store.interrupt_handle();
        handle.end_process();
        let (result, _) = guest.sampled("forever", 0, Duration::from_micros(50));
        assert_eq!(result.unwrap_err().trap(), Some(Trap::ProcessEnded));
    }
}

#[test]
fn results_and_fuel_are_the_same() {
    let mut configs = Vec::new();
    for tier in TIERS {
        let mut config = Config::new();
        config.tier(tier).consume_fuel(true);
        configs.push((config, 100_000));
    }
    for (tier, seed) in COMPILED.into_iter().zip(1..) {
        let mut config = Config::new();
        config.tier(tier).mixed_tiers(Some(seed)).gc_stress(true);
        configs.push((config.consume_fuel(true).clone(), 5_000));
    }
    for (config, rounds) in configs {
        let mut guest = Guest::new(&config);
        let fuel = 1 << 40;
        guest.store.set_fuel(fuel).unwrap();
        let expected = guest.call("everything", rounds).unwrap();
        let used = fuel - guest.store.get_fuel().unwrap();
        // As fast as the other thread can ask, until it could often enough.
        let mut count = 0;
        while count < 20 {
            guest.store.set_fuel(fuel).unwrap();
            let (result, samples) = guest.sampled("everything", rounds, Duration::ZERO);
            assert_eq!(result.unwrap(), expected, "{config:?}");
            let used_now = fuel - guest.store.get_fuel().unwrap();
            assert_eq!(used_now, used, "{config:?}");
            for sample in &samples {
                let names = names(sample);
                let outermost = names.last();
                assert!(
                    outermost.is_none_or(|name| name == "everything"),
                    "{names:?}"
                );
            }
            count += samples.len();
        }
    }
}
