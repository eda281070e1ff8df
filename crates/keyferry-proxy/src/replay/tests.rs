use futures_util::FutureExt;
use http::StatusCode;
use keyferry_core::flow::{error::ErrorCode, reply::TokenReply};

use super::{under_way::MOST_KEEPERS, *};
use crate::fault::Fault;

const CANARIES: [&str; 4] = ["canary-access", "canary-refresh", "canary-id", "canary-fact"];

fn replay() -> Replay {
    Replay::new(&Limits::default(), Clock::system(), Arc::new(Metrics::new(false)))
}

fn key(byte: u8) -> IdempotencyKey {
    IdempotencyKey::from_entropy([byte; 32])
}

fn begin(
    replay: &Replay,
    caller: &str,
    key: Option<&IdempotencyKey>,
    identity: u8,
) -> Result<Turn, ProxyError> {
    let caller = Caller::of_test(caller);
    replay.begin(Asked { caller: &caller, key, identity: Identity::of_test(identity), shared: true })
}

fn lead(turn: Result<Turn, ProxyError>) -> Lead {
    let Ok(Turn::Lead(lead)) = turn else { panic!("it was not the first") };
    lead
}

fn waiting(turn: Result<Turn, ProxyError>) -> Waiting {
    let Ok(Turn::Wait(waiting)) = turn else { panic!("nothing equal was under way") };
    waiting
}

fn kept(turn: Result<Turn, ProxyError>) -> Answer {
    let Ok(Turn::Kept(answer, _)) = turn else { panic!("it was not kept") };
    answer
}

fn access_token(answer: &Answer) -> &str {
    answer.as_ref().unwrap().tokens.access_token.expose_secret()
}

fn tokens() -> Answer {
    let [access, refresh, id, fact] = CANARIES;
    let json = format!(
        r#"{{"access_token":"{access}","refresh_token":"{refresh}","id_token":"{id}","expires_in":9}}"#
    );
    let mut tokens = TokenReply::parse(200, json.as_bytes()).unwrap();
    let fact = keyferry_core::secret::SecretText::new(fact).unwrap();
    tokens.metadata.insert("team".parse().unwrap(), fact);
    Ok(Granted { tokens, life: Some(9) })
}

#[test]
fn nothing_that_is_kept_holds_a_token_or_the_key_to_it() {
    let replay = replay();
    let own = key(1);
    lead(begin(&replay, "ada", Some(&own), 1)).settle(tokens());
    let table = lock(&replay.table);
    let stored = table.kept.everything();
    assert!(stored.len() > 200, "something is stored");
    let holds = |text: &[u8]| stored.windows(text.len()).any(|window| window == text);
    for canary in CANARIES {
        assert!(!holds(canary.as_bytes()), "{canary}");
    }
    assert!(!holds(own.expose_secret().as_bytes()) && !holds(own.expose_bytes().as_slice()));
    assert!(table.under_way.is_empty(), "what seals is gone");
    drop(table);
    assert_eq!(access_token(&kept(begin(&replay, "ada", Some(&own), 1))), CANARIES[0]);
}

#[test]
fn a_key_opens_the_answer_to_its_own_request_and_caller_alone() {
    let replay = replay();
    lead(begin(&replay, "ada", Some(&key(1)), 1)).settle(tokens());
    assert_eq!(begin(&replay, "ada", Some(&key(1)), 2).err(), Some(ProxyError::KeyReused));
    lead(begin(&replay, "bob", Some(&key(1)), 1));
    lead(begin(&replay, "ada", Some(&key(2)), 1));
    lead(begin(&replay, "ada", None, 1));
    assert!(kept(begin(&replay, "ada", Some(&key(1)), 1)).is_ok());
}

#[test]
fn a_key_belongs_to_its_request_before_that_is_answered() {
    let replay = replay();
    let _first = lead(begin(&replay, "ada", Some(&key(1)), 1));
    assert_eq!(begin(&replay, "ada", Some(&key(1)), 2).err(), Some(ProxyError::KeyReused));
}

#[test]
fn equal_requests_share_one_exchange_and_each_key_keeps_its_answer() {
    let replay = replay();
    let first = lead(begin(&replay, "ada", None, 1));
    let keys: Vec<_> = (0..4).map(key).collect();
    let all: Vec<_> = keys
        .iter()
        .chain(&keys)
        .map(|key| waiting(begin(&replay, "ada", Some(key), 1)))
        .chain([waiting(begin(&replay, "ada", None, 1))])
        .collect();
    first.settle(tokens());
    for one in all {
        assert_eq!(access_token(&one.answer().now_or_never().unwrap()), CANARIES[0]);
    }
    assert_eq!(lock(&replay.table).kept.len(), keys.len());
    for key in &keys {
        assert!(kept(begin(&replay, "ada", Some(key), 1)).is_ok());
    }
    lead(begin(&replay, "ada", None, 1));
}

#[test]
fn however_many_keys_join_one_exchange_only_the_first_keep_its_answer() {
    let replay = replay();
    let first = lead(begin(&replay, "ada", Some(&key(0)), 1));
    let keys: Vec<_> = (0..30).map(key).collect();
    let all: Vec<_> = keys.iter().map(|key| waiting(begin(&replay, "ada", Some(key), 1))).collect();
    // One that was refused a place before is so again, and waits all the same.
    let again = waiting(begin(&replay, "ada", keys.last(), 1));
    first.settle(tokens());
    for one in all.into_iter().chain([again]) {
        assert_eq!(access_token(&one.answer().now_or_never().unwrap()), CANARIES[0]);
    }
    assert_eq!(lock(&replay.table).kept.len(), MOST_KEEPERS);
    for key in keys.iter().take(MOST_KEEPERS) {
        assert!(kept(begin(&replay, "ada", Some(key), 1)).is_ok());
    }
    assert!(lock(&replay.table).under_way.is_empty());
    lead(begin(&replay, "ada", keys.get(MOST_KEEPERS), 1));
}

#[test]
fn a_code_without_a_key_shares_nothing() {
    let replay = replay();
    let ask = |key: Option<&IdempotencyKey>| {
        let caller = Caller::of_test("ada");
        replay.begin(Asked { caller: &caller, key, identity: Identity::of_test(1), shared: false })
    };
    let _all = [lead(ask(None)), lead(ask(None)), lead(ask(Some(&key(1)))), lead(ask(Some(&key(2))))];
    waiting(ask(Some(&key(1))));
}

#[test]
fn a_failure_that_may_pass_is_told_to_all_who_wait_and_kept_for_none() {
    let replay = replay();
    let first = lead(begin(&replay, "ada", Some(&key(1)), 1));
    let second = waiting(begin(&replay, "ada", Some(&key(1)), 1));
    first.settle(Err(ProxyError::Upstream(Fault::TimedOut)));
    let told = second.answer().now_or_never().unwrap();
    assert_eq!(told.as_ref().as_ref().err(), Some(&ProxyError::Upstream(Fault::TimedOut)));
    let refused = ProxyError::Upstream(Fault::Refused {
        code: ErrorCode::InvalidGrant,
        status: StatusCode::BAD_REQUEST,
        retry_after: None,
    });
    lead(begin(&replay, "ada", Some(&key(1)), 1)).settle(Err(refused.clone()));
    assert_eq!(kept(begin(&replay, "ada", Some(&key(1)), 1)).err(), Some(refused));
}

#[test]
fn an_exchange_that_ends_in_a_defect_leaves_nobody_waiting() {
    let replay = replay();
    let first = lead(begin(&replay, "ada", Some(&key(1)), 1));
    let second = waiting(begin(&replay, "ada", Some(&key(1)), 1));
    drop(first);
    let told = second.answer().now_or_never().unwrap();
    assert_eq!(told.as_ref().as_ref().err(), Some(&ProxyError::Internal));
    assert!(lock(&replay.table).under_way.is_empty());
    lead(begin(&replay, "ada", Some(&key(1)), 1));
}
