//! The pacing on virtual time against a token bucket: how long a number of writes takes, and how
//! often the service had to refuse.

#![expect(clippy::cast_precision_loss, reason = "small numbers of requests")]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use proptest::prelude::*;

use super::pace::{Epoch, Pace};
use super::window::{Pressure, Window};

/// A service that lets through so many per second.
#[derive(Debug, Clone, Copy)]
struct Service {
    /// Requests per second; `None` is without limits.
    rate: Option<f64>,
    /// What it lets through at once after a pause.
    burst: f64,
    latency: Duration,
    /// What it says when it refuses.
    retry_after: Option<Duration>,
    /// So many at once, and no more.
    at_once: usize,
}

impl Service {
    fn of(rate: f64, burst: f64, latency: u64) -> Self {
        let latency = Duration::from_millis(latency);
        Self { rate: Some(rate), burst, latency, retry_after: None, at_once: usize::MAX }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct InFlight {
    ends: Duration,
    sent: Duration,
    epoch: Epoch,
    refusal: Option<bool>,
}

#[derive(Debug)]
struct Outcome {
    /// From the first write to the last.
    took: Duration,
    refused: u32,
    /// The most that left within one second.
    most: usize,
}

const BACKOFF: Duration = Duration::from_secs(1);

/// Writes so many times, at most `parallelism` at once.
fn play(service: Service, writes: u32, parallelism: usize, ceiling: Option<f64>) -> Outcome {
    let (mut pace, mut window) = (Pace::new(ceiling), Window::new(parallelism));
    let (mut now, mut bucket, mut filled) = (Duration::ZERO, service.burst, Duration::ZERO);
    let (mut left, mut refused) = (writes, 0);
    let mut under_way: BinaryHeap<Reverse<InFlight>> = BinaryHeap::new();
    let mut sends = Vec::new();
    while left > 0 || !under_way.is_empty() {
        let departure = (left > 0 && under_way.len() < window.limit().min(parallelism))
            .then(|| pace.next(now).max(now));
        let arrival = under_way.peek().map(|Reverse(flight)| flight.ends);
        if let Some(at) = departure.filter(|at| arrival.is_none_or(|end| *at < end)) {
            now = at;
            let epoch = pace.sent(now);
            bucket += service.rate.unwrap_or_default() * now.saturating_sub(filled).as_secs_f64();
            (bucket, filled) = (bucket.min(service.burst), now);
            let crowded = under_way.len() >= service.at_once;
            let dry = service.rate.is_some() && bucket < 1.0;
            if !crowded && !dry {
                bucket -= 1.0;
            }
            let refusal = (crowded || dry).then_some(crowded);
            let ends = now + service.latency;
            under_way.push(Reverse(InFlight { ends, sent: now, epoch, refusal }));
            sends.push(now);
            left -= 1;
        } else if let Some(Reverse(flight)) = under_way.pop() {
            now = flight.ends;
            match flight.refusal {
                None => {
                    pace.admitted(flight.epoch);
                    window.admitted(now);
                }
                Some(crowded) => {
                    refused += 1;
                    left += 1;
                    if crowded {
                        window.refused(now, flight.sent, Pressure::Concurrency);
                        pace.hold(now, service.retry_after.unwrap_or(BACKOFF));
                    } else {
                        window.refused(now, flight.sent, Pressure::Load);
                        pace.refused(now, flight.epoch, service.retry_after, BACKOFF);
                    }
                }
            }
        }
    }
    let second = Duration::from_secs(1);
    let within = |(place, at): (usize, &Duration)| {
        sends.partition_point(|other| *other < *at + second) - place
    };
    let most = sends.iter().enumerate().map(within).max().unwrap_or_default();
    let took = now.saturating_sub(sends.first().copied().unwrap_or_default());
    Outcome { took, refused, most }
}

/// What no client can do better, a burst at the beginning aside.
fn ideal(service: Service, writes: u32, parallelism: usize) -> f64 {
    let by_latency = parallelism as f64 / service.latency.as_secs_f64();
    f64::from(writes) / service.rate.unwrap_or(f64::INFINITY).min(by_latency)
}

#[test]
fn a_token_bucket_is_used_to_the_full_and_seldom_refuses() {
    for rate in [50.0, 100.0, 200.0] {
        for retry_after in [None, Some(Duration::from_secs(1))] {
            for latency in [1, 20] {
                let service = Service { retry_after, ..Service::of(rate, rate, latency) };
                let outcome = play(service, 5000, 8, None);
                let ratio = outcome.took.as_secs_f64() / ideal(service, 5000, 8);
                assert!(ratio < 1.1, "{service:?}: {ratio} {outcome:?}");
                assert!(outcome.refused < 50, "{service:?}: {outcome:?}");
            }
        }
    }
}

#[test]
fn without_limits_nothing_is_held_back() {
    for parallelism in [1, 8, 64, 256] {
        let service = Service { rate: None, ..Service::of(0.0, 0.0, 20) };
        let outcome = play(service, 2048, parallelism, None);
        let lost = outcome.took.as_secs_f64() - ideal(service, 2048, parallelism);
        assert!(lost < 0.15, "{parallelism}: {outcome:?}");
        assert_eq!(outcome.refused, 0);
    }
}

#[test]
fn a_ceiling_of_concurrency_is_found_and_kept_to() {
    for (at_once, latency) in [(1, 5), (3, 20), (4, 20), (7, 100)] {
        let service = Service { rate: None, at_once, ..Service::of(0.0, 0.0, latency) };
        let outcome = play(service, 5000, 8, None);
        let ideal = ideal(service, 5000, at_once);
        let lost = outcome.took.as_secs_f64() - ideal;
        assert!(lost < 5.0 + ideal * 0.35, "{service:?}: {ideal} {outcome:?}");
        assert!(outcome.refused < 40, "{service:?}: {outcome:?}");
    }
}

#[test]
fn the_users_rate_is_never_exceeded() {
    for rate in [1.0, 7.0, 50.0] {
        let service = Service { rate: None, ..Service::of(0.0, 0.0, 5) };
        let outcome = play(service, 500, 8, Some(rate));
        assert!(outcome.most as f64 <= rate + 2.0, "{rate}: {outcome:?}");
        assert!(outcome.took.as_secs_f64() < 500.0 / rate * 1.01, "{rate}: {outcome:?}");
    }
}

/// A service whose rate changes under way.
#[test]
fn a_rate_that_rises_or_falls_is_followed() {
    let (mut pace, mut now, mut bucket) = (Pace::new(None), Duration::ZERO, 100.0_f64);
    let mut through = [0_u32; 3];
    let mut last = Duration::ZERO;
    while now < Duration::from_secs(360) {
        now = pace.next(now).max(now + Duration::from_millis(1));
        let part = (now.as_secs() / 120).min(2);
        let rate = [100.0, 25.0, 100.0][usize::try_from(part).unwrap_or(2)];
        bucket = (bucket + rate * now.saturating_sub(last).as_secs_f64()).min(rate);
        last = now;
        let epoch = pace.sent(now);
        if bucket >= 1.0 {
            bucket -= 1.0;
            pace.admitted(epoch);
            through[usize::try_from(part).unwrap_or(2)] += 1;
        } else {
            pace.refused(now, epoch, None, BACKOFF);
        }
    }
    let [before, fallen, risen] = through.map(f64::from);
    assert!(before > 0.9 * 12_000.0, "{before}");
    assert!(fallen > 0.85 * 3_000.0, "{fallen}");
    assert!(risen > 0.7 * 12_000.0, "{risen}");
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 16,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Any bucket that holds a second's worth or more, any latency, any parallelism: 25 seconds'
    /// worth of writes.
    #[test]
    fn any_bucket_is_used_to_nearly_the_full(
        rate in 5_u32..250,
        burst in 1.0_f64..4.0,
        latency in 1_u64..300,
        parallelism in 1_usize..64,
        retry_after in prop_oneof![Just(None), Just(Some(1))],
    ) {
        let retry_after = retry_after.map(Duration::from_secs);
        let service =
            Service { retry_after, ..Service::of(rate.into(), f64::from(rate) * burst, latency) };
        let outcome = play(service, rate * 25, parallelism, None);
        let ratio = outcome.took.as_secs_f64() / ideal(service, rate * 25, parallelism);
        prop_assert!(ratio < 1.25, "{ratio} {outcome:?}");
    }

    /// What follows so small a bucket closely is refused more often, and yet comes to an end.
    #[test]
    fn a_small_bucket_is_not_stormed(
        rate in 5.0_f64..400.0,
        burst in 1.0_f64..20.0,
        latency in 1_u64..100,
        parallelism in 1_usize..32,
    ) {
        let service = Service::of(rate, burst, latency);
        let outcome = play(service, 1000, parallelism, None);
        prop_assert!(outcome.refused < 200, "{outcome:?}");
        prop_assert!(outcome.took < Duration::from_secs(300), "{outcome:?}");
    }
}
