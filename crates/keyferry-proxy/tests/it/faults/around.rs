//! What happens to the proxy as a whole: its process, its files, its clock, its store. Each has a test of its own, which the page names.

use std::fmt::Write as _;

use crate::support::named::tests;

/// What happens, what comes of it, what tells so beside the log, and the tests that bring it about.
const AROUND: [(&str, &str, &str, &[&str]); 25] = [
    (
        "the caller hangs up while its exchange is under way",
        "the exchange is completed, once: the code or token is spent by then, and whoever asks again with the same `Idempotency-Key` gets the answer",
        "`keyferry_proxy_exchanges_total`",
        &[
            "an_exchange_ends_once_although_its_caller_has_gone",
            "an_exchange_that_ended_after_its_caller_had_gone_is_kept_for_it",
        ],
    ),
    (
        "SIGTERM under load",
        "every request that it took is answered, each exchange is one answer, exit code 0. Later connections are refused; one that comes just as listening ends is cut before it is read",
        "`/ready` is 503",
        &["a_proxy_that_is_told_to_end_under_load_answers_all_that_it_took"],
    ),
    (
        "SIGTERM, with time to drain",
        "it serves on for that time, and asks callers by `Connection: close` to leave",
        "`/ready` is 503",
        &[
            "a_proxy_that_drains_says_so_and_serves_on_for_a_while",
            "a_proxy_that_is_told_to_end_under_load_answers_all_that_it_took",
        ],
    ),
    (
        "one of three replicas is replaced after the other, under load",
        "0 exchanges fail, and each code is sent once. It is taken out of the web server first, or, with time to drain, while it says that it ends",
        "`/ready` is 503",
        &[
            "one_replica_after_the_other_is_replaced_under_load_and_no_exchange_fails",
            "of_processes_that_are_replaced_one_after_the_other_under_load_none_fails_an_exchange",
        ],
    ),
    (
        "`kill -9` of one of three replicas under load",
        "what was under way there fails, 502 by the web server, and nothing else does",
        "",
        &["of_a_replica_that_is_killed_only_what_was_under_way_there_fails"],
    ),
    (
        "one caller asks three replicas at two and a half times its rate",
        "what passes is burst and rate × time to 5 in 100; the rest is 429",
        "`keyferry_proxy_requests_total{outcome=\"too_many\"}`",
        &["one_caller_gets_of_three_replicas_together_what_its_rate_allows"],
    ),
    (
        "a limit of open files that is too low",
        "it is raised as far as the system lets it; where that is not enough, the proxy takes fewer connections and says how many",
        "",
        &[
            "a_proxy_raises_its_limit_of_files_and_says_when_that_is_too_low",
            "with_few_files_a_proxy_takes_fewer_connections_and_still_reaches_providers",
        ],
    ),
    (
        "no file is left",
        "connections wait, exchanges are 503 `temporarily_unavailable` with Retry-After, no provider rests for it, and no processor time is spent; all goes on when there are files",
        "`keyferry_proxy_exchanges_total{outcome=\"no_files\"}`",
        &["a_proxy_without_a_file_left_says_so_and_goes_on_when_there_are_some"],
    ),
    (
        "10,000 idle connections beside 500 exchanges a second",
        "0 exchanges fail",
        "`keyferry_proxy_connections`",
        &["ten_thousand_idle_connections_take_nothing_from_those_who_ask"],
    ),
    (
        "more connections than it takes by default",
        "one address has 1,536, and further ones of it are closed; beyond 2,048 in all who comes waits until one ends",
        "`keyferry_proxy_connections`",
        &["a_proxy_that_is_full_by_default_turns_one_address_away_and_has_the_others_wait"],
    ),
    (
        "callers have as many connections, requests and slow bodies of the longest kind held as it takes by default",
        "what is beyond them is 503 or closed, and the memory beside the program's file stays below 96 MiB; it serves on afterwards",
        "`keyferry_proxy_requests_total{outcome=\"full\"}`",
        &["a_proxy_of_which_callers_have_all_held_that_it_takes_stays_small"],
    ),
    (
        "bodies come in parts of a byte",
        "they take the room of bodies",
        "",
        &["bodies_in_parts_of_a_byte_take_the_room_of_bodies"],
    ),
    (
        "1,500 connections with slow bodies of the longest kind, in a container of 128 MiB, or of 64 MiB with `KEYFERRY_PROXY_CONNECTIONS=400`",
        "what is too much is 503 or closed, and the process lives",
        "`keyferry_proxy_connections`",
        &["a_proxy_in_a_small_container_turns_away_what_is_too_much_and_lives"],
    ),
    (
        "the clock is set forward or back by hours, under load",
        "0 exchanges fail, `expires_in` is as the provider said, sealed tokens open; kept answers end early when it is set forward, never late",
        "",
        &[
            "a_clock_that_is_set_by_hours_under_load_fails_nobody",
            "neither_a_clock_that_is_set_back_nor_one_that_sleeps_makes_a_moment_younger",
        ],
    ),
    (
        "likewise, for limits and rests",
        "they run by a clock that nobody sets",
        "",
        &["a_clock_that_is_set_by_hours_changes_no_limit_and_no_rest"],
    ),
    (
        "the store's clock is set back",
        "what was counted is forgotten; nobody is kept out until the clock is where it was",
        "",
        &["a_store_whose_clock_was_set_back_keeps_nobody_out"],
    ),
    (
        "the store is killed, and comes back",
        "each proxy counts for itself meanwhile, nobody is refused for it, and limits are shared again afterwards; one warning",
        "`keyferry_proxy_store_up`, `keyferry_proxy_store_failures_total`",
        &[
            "a_store_that_is_away_stops_nobody_and_each_proxy_counts_for_itself",
            "a_proxy_starts_and_serves_without_its_store",
        ],
    ),
    (
        "the store hangs",
        "likewise; one request a second waits for it, 250 ms for an answer or 500 ms for a connection",
        "`keyferry_proxy_store_up`, `keyferry_proxy_store_failures_total`",
        &["a_store_that_hangs_holds_up_one_request_a_second_for_its_deadline_and_no_other"],
    ),
    (
        "the store is out of memory, or a replica that only reads",
        "as if it were away",
        "`keyferry_proxy_store_up`, `keyferry_proxy_store_failures_total`",
        &["a_store_that_is_there_and_can_not_count_is_as_good_as_away"],
    ),
    (
        "a connection of HTTP/2 to a provider goes silent",
        "it is given up after 9 s, and the exchanges on it are 502 `temporarily_unavailable`; the next one goes over a new one",
        "`keyferry_proxy_exchanges_total{outcome=\"provider_broken\"}`",
        &["a_connection_that_went_silent_is_given_up_with_the_exchanges_that_were_under_way"],
    ),
    (
        "likewise, for some seconds",
        "it goes on where it was, and nobody notices but by the time",
        "",
        &["a_connection_that_stood_still_for_some_seconds_goes_on"],
    ),
    (
        "a provider ends a stream or a connection of HTTP/2",
        "what it may have read is not sent again; other streams go on",
        "`keyferry_proxy_exchanges_total{outcome=\"provider_broken\"}`",
        &[
            "what_a_stream_or_a_connection_that_ends_had_of_a_request_is_not_sent_again",
            "one_stream_that_is_reset_takes_no_other_with_it",
        ],
    ),
    (
        "a provider can't be reached ten times in a row",
        "it rests: 503 `temporarily_unavailable` with Retry-After at once, and others are served",
        "`keyferry_proxy_requests_total{outcome=\"provider_resting\"}`",
        &["a_provider_that_can_not_be_reached_is_left_in_peace"],
    ),
    (
        "nobody answers for a provider's name, which 256 callers ask for at once",
        "each is 502 `temporarily_unavailable` within its deadline; one lookup is under way for all of them, other providers are served meanwhile, and the end of the process does not wait for it",
        "`keyferry_proxy_exchanges_total{outcome=\"provider_unreachable\"}`",
        &["a_provider_whose_name_is_never_answered_for_holds_up_only_those_who_ask_for_it"],
    ),
    (
        "a defect in a handler",
        "500 `server_error` for that request alone",
        "`keyferry_proxy_panics_total`",
        &["a_panic_costs_one_request_and_is_counted"],
    ),
];

/// Writes the page's part about them. Its tests are there, under these names.
pub(super) fn write(page: &mut String) {
    let known = tests(&["crates/keyferry-proxy/src", "crates/keyferry-proxy/tests", "crates/keyferry/tests"]);
    page.push_str(
        "\n## Around the proxy\n\nEach by a test of its own, most of them with processes of the real program, nginx and Redis.\n\n\
         | what happens | what comes of it | what tells so | test |\n| --- | --- | --- | --- |\n",
    );
    for (what, comes, tells, named) in AROUND {
        for name in named {
            assert!(known.contains(*name), "there is no test {name}: {what}");
        }
        let named: Vec<_> = named.iter().map(|name| format!("`{name}`")).collect();
        let _ = writeln!(page, "| {what} | {comes} | {tells} | {} |", named.join(", "));
    }
}
