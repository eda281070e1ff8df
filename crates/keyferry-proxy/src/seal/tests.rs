use super::*;

fn keys(current: u8, previous: Option<u8>) -> Sealer {
    let key = |byte| SealingKey::new([byte; 32]);
    Sealer::new(
        Some(&SealingKeys { current: key(current), previous: previous.map(key), bare_until: None }),
        OFF,
    )
}

fn token(text: &str) -> RefreshToken {
    RefreshToken::new(text).unwrap()
}

struct Someone(ProviderName, Caller);

impl Someone {
    fn new(provider: &str, caller: &str) -> Self {
        Self(provider.parse().unwrap(), Caller::of_test(caller))
    }

    fn owner(&self) -> Owner<'_> {
        Owner { provider: &self.0, caller: &self.1 }
    }
}

fn sealed(sealer: &Sealer, owner: &Someone, text: &str) -> String {
    sealer.seal(owner.owner(), token(text)).unwrap().expose_secret().to_owned()
}

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const OFF: SealingByClient = SealingByClient { seals: false, bare_until: None };

fn open(sealer: &Sealer, owner: &Someone, text: &str) -> Result<String, Unsealable> {
    sealer.open(owner.owner(), token(text), NOW).map(|opened| opened.token.expose_secret().to_owned())
}

#[test]
fn a_sealed_token_opens_for_its_provider_and_caller_alone() {
    let sealer = keys(1, None);
    let ada = Someone::new("jira", "ada");
    let text = sealed(&sealer, &ada, "canary-token");
    assert!(text.starts_with("kfr1.") && !text.contains("canary"));
    assert_eq!(open(&sealer, &ada, &text).unwrap(), "canary-token");
    // The last pair would run together with the first if the parts were not led by their lengths.
    for (provider, caller) in [("jira", "bob"), ("github", "ada"), ("jira", ""), ("jiraa", "da")] {
        let other = Someone::new(provider, caller);
        assert_eq!(open(&sealer, &other, &text), Err(Unsealable::NotTheirs), "{provider} {caller}");
    }
}

#[test]
fn every_altered_byte_is_noticed() {
    let sealer = keys(1, None);
    let ada = Someone::new("jira", "ada");
    let text = sealed(&sealer, &ada, "t");
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        assert!(open(&sealer, &ada, std::str::from_utf8(&bytes).unwrap()).is_err(), "{at}");
        if at > 0 {
            assert!(open(&sealer, &ada, &text[..at]).is_err(), "{at}");
        }
    }
}

#[test]
fn two_seals_of_one_token_have_nothing_in_common() {
    let sealer = keys(1, None);
    let ada = Someone::new("jira", "ada");
    assert_ne!(sealed(&sealer, &ada, "t"), sealed(&sealer, &ada, "t"));
}

#[test]
fn a_token_of_the_key_before_still_opens_and_one_of_an_older_key_blames_the_key() {
    let ada = Someone::new("jira", "ada");
    let old = sealed(&keys(1, None), &ada, "t");
    assert_eq!(open(&keys(2, Some(1)), &ada, &old).unwrap(), "t");
    assert_eq!(open(&keys(3, Some(2)), &ada, &old), Err(Unsealable::UnknownKey));
    assert_eq!(open(&Sealer::new(None, OFF), &ada, &old), Err(Unsealable::UnknownKey));
}

#[test]
fn a_bare_token_passes_only_where_nothing_is_sealed() {
    let ada = Someone::new("jira", "ada");
    assert_eq!(open(&keys(1, None), &ada, "bare"), Err(Unsealable::NotTheirs));
    assert_eq!(open(&Sealer::new(None, OFF), &ada, "bare").unwrap(), "bare");
    assert_eq!(sealed(&Sealer::new(None, OFF), &ada, "bare"), "bare");
}

#[test]
fn a_token_from_before_there_was_a_key_is_taken_for_a_while_and_sealed() {
    let key = SealingKey::new([1; 32]);
    let ada = Someone::new("acme", "ada");
    let until = NOW + jiff::SignedDuration::from_secs(10);
    let sealer =
        Sealer::new(Some(&SealingKeys { current: key, previous: None, bare_until: Some(until) }), OFF);
    let opened = sealer.open(ada.owner(), token("bare"), NOW).unwrap();
    assert!(opened.to_seal && opened.token.expose_secret() == "bare");
    assert_eq!(sealer.open(ada.owner(), token("bare"), until).unwrap_err(), Unsealable::NotTheirs);
    assert_eq!(sealer.open(ada.owner(), token("kfr1.x.y"), NOW).unwrap_err(), Unsealable::UnknownKey);
}

#[test]
fn a_token_under_the_key_before_is_sealed_anew() {
    let ada = Someone::new("acme", "ada");
    let old = keys(1, None).seal(ada.owner(), token("t")).unwrap();
    let opened = keys(2, Some(1)).open(ada.owner(), old.clone(), NOW).unwrap();
    assert!(opened.to_seal);
    assert!(!keys(1, None).open(ada.owner(), old, NOW).unwrap().to_seal);
}
