use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};

use super::{
    cookie::{self, CookieName},
    open::{AGAIN, IDLE, LIFE, MOST, WAITS},
    *,
};

fn open(sessions: &Sessions) -> String {
    let entropy = Entropy::system();
    sessions.redeem(&sessions.link(&entropy), &entropy).unwrap()
}

#[test]
fn a_link_opens_one_session_once() {
    let (sessions, entropy) = (Sessions::default(), Entropy::system());
    let code = sessions.link(&entropy);
    let cookie = sessions.redeem(&code, &entropy).unwrap();
    assert!(sessions.redeem(&code, &entropy).is_none(), "spent");
    assert!(sessions.redeem("guessed", &entropy).is_none());
    assert!(sessions.find(&cookie).is_some());
    assert!(sessions.find(&code).is_none(), "a code is no cookie");
    assert!(sessions.find("").is_none());
}

#[test]
fn a_link_that_nobody_opens_ends_after_five_minutes() {
    let (mut links, begin) = (Links::default(), Instant::now());
    let (early, late) = (SessionKey::of("early"), SessionKey::of("late"));
    links.add(early, begin);
    links.add(late, begin);
    assert!(links.spend(early, begin + Duration::from_secs(5 * 60 - 1)));
    assert!(!links.spend(late, begin + Duration::from_secs(5 * 60)));
}

#[test]
fn a_session_ends_a_day_after_its_last_use_and_a_week_after_its_first() {
    let (mut open, begin) = (Open::default(), Instant::now());
    let (unused, used) = (SessionKey::of("unused"), SessionKey::of("used"));
    open.add(unused, String::new(), begin);
    open.add(used, String::new(), begin);
    let (mut now, step) = (begin, IDLE - Duration::from_secs(1));
    while now + step < begin + LIFE {
        now += step;
        assert!(open.touch(used, now), "{:?}", now - begin);
    }
    assert!(!open.touch(unused, now));
    assert!(!open.touch(used, begin + LIFE));
}

#[test]
fn sessions_are_bounded_and_the_one_unused_the_longest_makes_room() {
    let sessions = Sessions::default();
    let all: Vec<_> = (0..MOST).map(|_| open(&sessions)).collect();
    assert!(sessions.find(&all[0]).is_some(), "used just now");
    let one_more = open(&sessions);
    assert!(sessions.find(&all[1]).is_none());
    assert!(sessions.find(&all[0]).is_some() && sessions.find(&one_more).is_some());
}

#[test]
fn a_form_belongs_to_its_own_session() {
    let sessions = Sessions::default();
    let (one, other) = (open(&sessions), open(&sessions));
    let (one, other) = (sessions.find(&one).unwrap(), sessions.find(&other).unwrap());
    let token = sessions.form_token(one).unwrap();
    assert!(sessions.owns_form(one, &token));
    assert!(!sessions.owns_form(other, &token) && !sessions.owns_form(one, ""));
    sessions.close(one);
    assert!(!sessions.owns_form(one, &token) && sessions.form_token(one).is_none());
}

#[test]
fn a_word_is_told_once_by_the_page_that_it_is_for() {
    let (mut open, now) = (Open::default(), Instant::now());
    let key = SessionKey::of("one");
    open.add(key, "token".to_owned(), now);
    let tell = |open: &mut Open| open.tell(key, "/accounts".to_owned(), Notice::good("done"), now);
    let done = Some(Notice::good("done"));
    tell(&mut open);
    assert_eq!(open.told(key, "/servers", now), None, "another tab's page");
    let shown = now + WAITS - Duration::from_secs(1);
    assert_eq!(open.told(key, "/accounts", shown), done);
    let again = shown + AGAIN;
    assert_eq!(
        open.told(key, "/accounts", again - Duration::from_millis(1)),
        done,
        "the browser has asked twice"
    );
    assert_eq!(open.told(key, "/accounts", again), None, "it is loaded anew");
    tell(&mut open);
    assert_eq!(open.told(key, "/accounts", now + WAITS), None, "nobody came");
    open.tell(SessionKey::of("other"), "/accounts".to_owned(), Notice::good("done"), now);
    assert_eq!(open.told(SessionKey::of("other"), "/accounts", now), None);
}

#[test]
fn the_cookie_is_found_among_others_and_never_when_it_comes_twice() {
    let name = CookieName::of(7667);
    let found = |values: &[&'static str]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::COOKIE, HeaderValue::from_static(value));
        }
        cookie::find(&name, &headers).map(str::to_owned)
    };
    assert_eq!(found(&["a=b; keyferry-session-7667=x; c=d"]).as_deref(), Some("x"));
    assert_eq!(found(&["keyferry-session-7668=x"]), None, "another app's");
    assert_eq!(found(&["keyferry-session-7667=x; keyferry-session-7667=y"]), None);
    assert_eq!(found(&["keyferry-session-7667=x", "keyferry-session-7667=y"]), None);
    let set = cookie::set(&name, "x").unwrap();
    let set = set.to_str().unwrap();
    assert!(set.contains("; HttpOnly") && set.contains("; SameSite=Strict"), "{set}");
}

#[test]
fn a_session_prints_nothing_of_its_secrets() {
    let sessions = Sessions::default();
    let cookie = open(&sessions);
    let token = sessions.form_token(sessions.find(&cookie).unwrap()).unwrap();
    let printed = format!("{sessions:?}");
    assert!(!printed.contains(&token) && !printed.contains(&cookie), "{printed}");
}
