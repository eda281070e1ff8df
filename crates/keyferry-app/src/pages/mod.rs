//! Pages for the person. Fixed text alone: nothing of a request stands in any of them.

mod sign_in;

pub use sign_in::SignInPage;
