//! What holds for any text that is presented as a refresh token: it opens as what was sealed, for whom it was sealed, and else not at
//! all. The first byte says where it is altered, the rest is the text.

use jiff::Timestamp;
use keyferry_core::{id::ProviderName, secret::RefreshToken};

use crate::{
    admission::Caller,
    config::{SealingByClient, SealingKey, SealingKeys},
    seal::{Owner, Sealer, Unsealable},
};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const OFF: SealingByClient = SealingByClient { seals: false, bare_until: None };

#[doc(hidden)]
pub fn check(bytes: &[u8]) {
    let Some((at, text)) = bytes.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let Ok(token) = RefreshToken::new(text) else { return };
    let (acme, ada) = ("acme".parse().expect("a name"), Caller::of_test("ada"));
    let owner = Owner { provider: &acme, caller: &ada };
    presented(owner, &token);
    let Some(sealed) = sealer(1, None).seal(owner, token.clone()) else {
        assert!(text.len() > 20_000, "a token of {} bytes could not be sealed", text.len());
        return;
    };
    let opened = sealer(1, None).open(owner, sealed.clone(), NOW).expect("what was sealed opens");
    assert_eq!(opened.token.expose_secret(), text);
    // The key's id is no secret, and may be what was presented.
    let (_, body) = sealed.expose_secret().rsplit_once('.').expect("a body");
    assert!(text.len() < 12 || !body.contains(text), "a token can be seen through its seal");
    theirs_alone(&acme, &ada, &sealed);
    altered(owner, &sealed, usize::from(*at));
    let rotated = sealer(2, Some(1)).open(owner, sealed.clone(), NOW).expect("the key before still opens");
    assert!(rotated.to_seal && rotated.token.expose_secret() == text);
    let gone = sealer(3, Some(2)).open(owner, sealed.clone(), NOW);
    assert_eq!(gone.unwrap_err(), Unsealable::UnknownKey);
    let off = Sealer::new(None, OFF).open(owner, sealed, NOW);
    assert_eq!(off.unwrap_err(), Unsealable::UnknownKey, "a sealed token would go to the provider");
}

/// A text as it came, which was hardly sealed here.
fn presented(owner: Owner<'_>, token: &RefreshToken) {
    let text = token.expose_secret();
    let Ok(opened) = sealer(1, None).open(owner, token.clone(), NOW) else { return };
    assert!(text.starts_with("kfr1.") && text.len() > opened.token.expose_secret().len());
    theirs_alone(owner.provider, owner.caller, token);
    altered(owner, token, text.len() - 1);
}

/// Neither another caller nor another provider has any use for it.
fn theirs_alone(provider: &ProviderName, caller: &Caller, sealed: &RefreshToken) {
    let other = "acm".parse().expect("a name");
    for owner in [
        Owner { provider, caller: &Caller::of_test("eada") },
        Owner { provider: &other, caller },
        Owner { provider: &other, caller: &Caller::of_test("eada") },
    ] {
        let opened = sealer(1, None).open(owner, sealed.clone(), NOW);
        assert_eq!(opened.unwrap_err(), Unsealable::NotTheirs);
    }
}

/// With another character somewhere it opens no more, nor when it is cut there.
fn altered(owner: Owner<'_>, sealed: &RefreshToken, at: usize) {
    let mut bytes = sealed.expose_secret().as_bytes().to_vec();
    let at = at % bytes.len();
    let cut = RefreshToken::new(&sealed.expose_secret()[..at]);
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    let other = RefreshToken::new(String::from_utf8(bytes).expect("still ASCII")).expect("still a token");
    for token in [Some(other), cut.ok()].into_iter().flatten() {
        assert!(sealer(1, None).open(owner, token, NOW).is_err(), "altered at {at}, it still opens");
    }
}

fn sealer(current: u8, previous: Option<u8>) -> Sealer {
    let key = |byte| SealingKey::new([byte; 32]);
    Sealer::new(
        Some(&SealingKeys { current: key(current), previous: previous.map(key), bare_until: None }),
        OFF,
    )
}
