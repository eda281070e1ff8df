//! The fuzz targets that need the proxy's insides. In no build but that of its own tests, and that of `cargo xtask fuzz`.

#[path = "../../../../fuzz/entries/parameters.rs"]
pub mod parameters;
#[path = "../../../../fuzz/entries/request.rs"]
pub mod request;
#[path = "../../../../fuzz/entries/sealed_token.rs"]
pub mod sealed_token;

#[cfg(test)]
#[path = "../../../../fuzz/as_tests.rs"]
mod as_tests;
#[cfg(test)]
#[path = "../../../../fuzz/mutator.rs"]
mod mutator;

#[cfg(test)]
mod tests {
    use super::{
        as_tests::{seeds, try_all},
        *,
    };

    #[test]
    fn no_bytes_of_a_connection_break_the_proxy() {
        try_all(&seeds(&["fuzz/seeds/request"]), 5_000, request::check);
    }

    #[test]
    fn no_body_means_two_things() {
        try_all(&seeds(&["fuzz/seeds/parameters"]), 20_000, parameters::check);
    }

    #[test]
    fn no_text_passes_for_a_sealed_token_of_another() {
        try_all(&seeds(&["fuzz/seeds/sealed_token"]), 10_000, sealed_token::check);
    }
}
