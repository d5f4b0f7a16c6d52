//! The queue and the holds, on tokio's paused clock.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;

const WRITE: EndpointClass = EndpointClass::ExchangeWrite;
const PATIENT: Patience =
    Patience { started: None, total: Duration::from_secs(900), least: Duration::from_secs(1) };

fn limiter(exchange_write: usize, exchange_writes_per_second: Option<u32>) -> Arc<Limiter> {
    let limits = Limits { exchange_write, exchange_writes_per_second, ..Limits::default() };
    Arc::new(Limiter::new(limits))
}

async fn next(limiter: &Limiter, class: EndpointClass) -> Permit {
    limiter.acquire(class, limiter.ticket(), PATIENT).await.unwrap()
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_retry_after_holds_its_class_back_and_no_other() {
    let limiter = limiter(8, None);
    let first = next(&limiter, WRITE).await;
    let began = Instant::now();
    limiter.refused(WRITE, first.sent(), Pressure::Load, Some(SECOND * 7), SECOND);
    drop(first);
    drop(next(&limiter, EndpointClass::ExchangeRead).await);
    assert_eq!(began.elapsed(), Duration::ZERO);
    drop(next(&limiter, WRITE).await);
    assert!(began.elapsed() >= Duration::from_secs(7), "{:?}", began.elapsed());
    assert!(began.elapsed() < Duration::from_millis(7010), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_hold_that_is_longer_than_the_request_can_wait_is_told_at_once() {
    let limiter = limiter(8, None);
    limiter.hold(WRITE, Duration::from_secs(3600));
    limiter.hold(WRITE, Duration::from_secs(2));
    let held = limiter.acquire(WRITE, limiter.ticket(), PATIENT).await;
    assert_eq!(held.unwrap_err(), Duration::from_secs(3600));
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_comes_too_late_for_an_answer_is_not_taken() {
    let limiter = limiter(1, None);
    let ticket = limiter.ticket();
    let running = next(&limiter, WRITE).await;
    let patience =
        Patience { started: Some(Instant::now()), total: SECOND * 10, least: SECOND * 2 };
    let free_after = |wait| async move {
        tokio::time::sleep(wait).await;
        drop(running);
    };
    let (late, ()) = tokio::join!(limiter.acquire(WRITE, ticket, patience), free_after(SECOND * 9));
    assert_eq!(late.unwrap_err(), SECOND * 2);
    assert_eq!(limiter.exchange_write.state().under_way, 0);
}

#[tokio::test(start_paused = true)]
async fn who_has_used_up_the_time_without_being_held_back_is_not_told_to_be() {
    let limiter = limiter(1, None);
    let patience =
        Patience { started: Some(Instant::now()), total: SECOND * 10, least: SECOND * 2 };
    tokio::time::sleep(SECOND * 9).await;
    assert!(limiter.acquire(WRITE, limiter.ticket(), patience).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn requests_leave_in_the_order_in_which_they_asked_and_a_refused_one_keeps_its_place() {
    let limiter = limiter(1, None);
    let first = limiter.ticket();
    let running = limiter.acquire(WRITE, first, PATIENT).await.unwrap();
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = tokio::task::JoinSet::new();
    for number in 1..=5 {
        let (limiter, order, ticket) = (Arc::clone(&limiter), Arc::clone(&order), limiter.ticket());
        tasks.spawn(async move {
            let permit = limiter.acquire(WRITE, ticket, PATIENT).await.unwrap();
            order.lock().unwrap().push(number);
            tokio::task::yield_now().await;
            drop(permit);
        });
    }
    tokio::task::yield_now().await;
    limiter.refused(WRITE, running.sent(), Pressure::Load, Some(SECOND), SECOND);
    drop(running);
    let again = limiter.acquire(WRITE, first, PATIENT).await.unwrap();
    order.lock().unwrap().push(0);
    drop(again);
    while tasks.join_next().await.is_some() {}
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_waiting_leaves_the_queue_to_the_others() {
    let limiter = limiter(1, None);
    let running = next(&limiter, WRITE).await;
    let gone = limiter.acquire(WRITE, limiter.ticket(), PATIENT);
    assert!(timeout(Duration::from_secs(1), gone).await.is_err());
    drop(running);
    drop(next(&limiter, WRITE).await);
    assert!(limiter.exchange_write.state().waiting.is_empty());
    assert_eq!(limiter.exchange_write.state().under_way, 0);
}

#[tokio::test(start_paused = true)]
async fn the_users_rate_is_kept_from_the_first_write_on() {
    let limiter = limiter(8, Some(20));
    let began = Instant::now();
    for _ in 0..100 {
        let permit = next(&limiter, WRITE).await;
        limiter.admitted(WRITE, permit.sent());
    }
    let took = began.elapsed().as_secs_f64();
    assert!((4.7..5.1).contains(&took), "{took}");
}

#[tokio::test(start_paused = true)]
async fn an_allowance_that_is_used_up_is_waited_for() {
    let limiter = limiter(8, None);
    let permit = next(&limiter, WRITE).await;
    let began = Instant::now();
    let wait = Duration::from_secs(30);
    let published = Published::Left { left: 0, of: Some(30_000), wait };
    limiter.publish(WRITE, permit.sent(), published);
    drop(next(&limiter, WRITE).await);
    assert!(began.elapsed() >= wait);
}
