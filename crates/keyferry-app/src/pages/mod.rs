//! Pages for the person. Fixed text alone: nothing of a request stands in any of them.

mod frame;
mod home;
mod sign_in;

pub(crate) use home::home;
pub use sign_in::SignInPage;
