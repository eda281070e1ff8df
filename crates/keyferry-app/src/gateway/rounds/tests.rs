use super::*;

fn ours(server: &str) -> Ours {
    let request = serde_json::json!({ "name": "ask" });
    Ours { caller: Caller::Program, scope: Scope::All, server: server.parse().unwrap(), request }
}

/// A call that asks nothing, and what tells that it was given up.
fn call(server: &str) -> (Call, CancellationToken) {
    let gone = CancellationToken::new();
    let (_, outcome) = oneshot::channel();
    let (_, questions) = mpsc::channel(1);
    let call = Call {
        ours: ours(server),
        outcome,
        questions,
        open: BTreeMap::new(),
        asked: 0,
        reports: Reports::default(),
        _given_up: gone.clone().drop_guard(),
    };
    (call, gone)
}

#[test]
fn a_call_whose_client_does_not_come_back_is_given_up() {
    let (rounds, begun) = (Rounds::default(), Instant::now());
    let (call, gone) = call("alpha");
    rounds.hold("name".to_owned(), call, begun);
    rounds.sweep(begun + PATIENCE - Duration::from_secs(1));
    assert!(!gone.is_cancelled());
    assert!(rounds.take("name", &ours("alpha"), begun + PATIENCE).is_none(), "it is too late");
    rounds.sweep(begun + PATIENCE);
    assert!(gone.is_cancelled());
}

#[test]
fn of_too_many_calls_the_one_that_was_held_longest_is_given_up() {
    let (rounds, begun) = (Rounds::default(), Instant::now());
    let mut given_up = Vec::new();
    for number in 0..=MOST {
        let (call, gone) = call("alpha");
        let since = begun + Duration::from_millis(number.try_into().unwrap());
        rounds.hold(number.to_string(), call, since);
        given_up.push(gone);
    }
    let given_up: Vec<_> = given_up.iter().map(CancellationToken::is_cancelled).collect();
    assert_eq!(given_up.iter().filter(|given_up| **given_up).count(), 1);
    assert!(given_up[0]);
    assert!(rounds.take(&MOST.to_string(), &ours("alpha"), begun).is_some());
}

#[test]
fn who_brings_the_name_of_anothers_call_ends_nothing() {
    let (rounds, now) = (Rounds::default(), Instant::now());
    let (call, gone) = call("alpha");
    rounds.hold("name".to_owned(), call, now);
    assert!(rounds.take("name", &ours("beta"), now).is_none());
    assert!(rounds.take("other", &ours("alpha"), now).is_none());
    assert!(!gone.is_cancelled());
    assert!(rounds.take("name", &ours("alpha"), now).is_some());
    assert!(rounds.take("name", &ours("alpha"), now).is_none(), "a name is good for one round");
}
